//! Which datasets the runs of some experiments read.

use tidemill_core::datasets::CONTEXT;
use tidemill_core::experiments::ExperimentId;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given::{self, input};

async fn found(store: &Store, experiments: &[ExperimentId]) -> Vec<(String, Option<String>)> {
    let summaries = store.search_datasets(experiments.to_vec()).await.unwrap();
    summaries
        .into_iter()
        .map(|summary| {
            let (id, name, digest) = (summary.experiment_id, summary.name, summary.digest);
            (format!("{id} {name} {digest}"), summary.context)
        })
        .collect()
}

async fn a_dataset_is_found_once_in_each_context(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    for context in ["train", "eval", "train"] {
        let run = given::run_in(&store, experiment).await;
        let read = input("d", "1", "s", &[(CONTEXT, context), ("other", context)]);
        store.log_inputs(run, vec![read], vec![]).await.unwrap();
    }
    let dataset = format!("{experiment} d 1");
    assert_eq!(
        found(&store, &[experiment, experiment]).await,
        [
            (dataset.clone(), Some("eval".into())),
            (dataset, Some("train".into()))
        ]
    );
}

async fn a_dataset_without_context_is_found_without_one(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    let run = given::run_in(&store, experiment).await;
    let read = input("d", "", "s", &[("other", "x")]);
    store.log_inputs(run, vec![read], vec![]).await.unwrap();
    assert_eq!(
        found(&store, &[experiment]).await,
        [(format!("{experiment} d "), None)]
    );
}

async fn other_and_unknown_experiments_have_other_datasets_or_none(store: Store) {
    let (one, two) = (
        given::experiment(&store, "one").await,
        given::experiment(&store, "two").await,
    );
    let run = given::run_in(&store, one).await;
    let read = input("d", "1", "s", &[]);
    store.log_inputs(run, vec![read], vec![]).await.unwrap();
    assert_eq!(found(&store, &[two, ExperimentId(77)]).await, []);
    store.delete_experiment(one).await.unwrap();
    assert_eq!(found(&store, &[one, two]).await.len(), 1);
}

on_every_database!(
    a_dataset_is_found_once_in_each_context,
    a_dataset_without_context_is_found_without_one,
    other_and_unknown_experiments_have_other_datasets_or_none,
);
