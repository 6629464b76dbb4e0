//! Creating and reading runs.

use tidemill_core::experiments::{ArtifactLocation, ExperimentId};
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::runs::create::NewRun;
use tidemill_core::runs::{RunId, RunStatus};
use tidemill_core::tags::{RUN_NAME, Tag};
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given::{self, new_experiment, new_run, refusal, stored, tag};

async fn a_run_is_read_back_as_it_was_created(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    let tags = vec![Tag::new("empty", ""), Tag::new("k", "v")];
    let new = NewRun::new(experiment, "me".into(), Some("name".into()), -5, tags).unwrap();
    let created = store.create_run(new).await.unwrap();
    assert_eq!(stored(&store, &created.info.id).await, created);
    assert_eq!(created.info.status, RunStatus::Running);
    assert_eq!(created.info.stage, LifecycleStage::Active);
    assert_eq!(created.info.user_id, "me");
    assert_eq!(created.info.start_time, -5);
    assert_eq!(created.info.end_time, None);
    assert_eq!(tag(&created.tags, RUN_NAME), Some("name"));
    let info = store.get_run_info(created.info.id.clone()).await.unwrap();
    assert_eq!(info, created.info);
}

async fn a_run_id_is_32_hexadecimal_digits(store: Store) {
    let id = given::run(&store).await;
    assert_eq!(id.as_str().len(), 32);
    assert!(id.as_str().bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
}

async fn artifacts_go_below_the_location_of_the_experiment(store: Store) {
    let mut new = new_experiment("a");
    new.artifact_location = ArtifactLocation::At("s3://b/p?k=v".into());
    let experiment = store.create_experiment(new).await.unwrap();
    let id = given::run_in(&store, experiment).await;
    assert_eq!(
        stored(&store, &id).await.info.artifact_uri,
        format!("s3://b/p/{id}/artifacts?k=v")
    );
}

async fn odd_tags_are_kept_because_creating_does_not_check_them(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    let long = "x".repeat(20_000);
    let new = new_run(
        experiment,
        &[("", "no key"), ("../%", "odd"), ("long", &long)],
    );
    let id = store.create_run(new).await.unwrap().info.id;
    let tags = stored(&store, &id).await.tags;
    assert_eq!(tag(&tags, ""), Some("no key"));
    assert_eq!(tag(&tags, "../%"), Some("odd"));
    assert_eq!(tag(&tags, "long"), Some(&*long));
}

async fn an_unknown_experiment_gets_no_run(store: Store) {
    let run = store.create_run(new_run(ExperimentId(77), &[])).await;
    assert_eq!(refusal(run), "NotFound: No Experiment with id=77 exists");
}

async fn a_deleted_experiment_gets_no_run(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    store.delete_experiment(experiment).await.unwrap();
    assert_eq!(
        refusal(store.create_run(new_run(experiment, &[])).await),
        format!(
            "InvalidParameter: The experiment {experiment} must be in the 'active' state. Current \
             state is deleted."
        )
    );
}

async fn an_unknown_run_is_not_found(store: Store) {
    let words = "NotFound: Run with id=nope not found";
    assert_eq!(refusal(store.get_run(RunId::from("nope")).await), words);
    assert_eq!(
        refusal(store.get_run_info(RunId::from("nope")).await),
        words
    );
}

async fn the_same_tag_key_in_two_experiments_stays_apart(store: Store) {
    for value in ["1", "2"] {
        let experiment = given::experiment(&store, value).await;
        let new = new_run(experiment, &[("k", value)]);
        let id = store.create_run(new).await.unwrap().info.id;
        assert_eq!(tag(&stored(&store, &id).await.tags, "k"), Some(value));
    }
}

on_every_database!(
    a_run_is_read_back_as_it_was_created,
    a_run_id_is_32_hexadecimal_digits,
    artifacts_go_below_the_location_of_the_experiment,
    odd_tags_are_kept_because_creating_does_not_check_them,
    an_unknown_experiment_gets_no_run,
    a_deleted_experiment_gets_no_run,
    an_unknown_run_is_not_found,
    the_same_tag_key_in_two_experiments_stays_apart,
);
