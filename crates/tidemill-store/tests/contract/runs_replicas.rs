//! Several servers on one PostgreSQL database.

use std::future::Future;

use tidemill_core::experiments::ArtifactLocation;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::tags::Tag;
use tidemill_store::Store;
use tidemill_testkit::TestDatabase;

use crate::given::{self, input, new_experiment, new_run, refusal, stored};

/// Runs a test with two stores on one database, if there is a server for tests.
fn with_two_stores<F: Future<Output = ()>>(test: impl FnOnce(Store, Store) -> F) {
    let Some(database) = TestDatabase::postgres() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(test(database.open(), database.open()));
}

#[test]
fn only_one_of_two_servers_gets_a_name() {
    with_two_stores(|one, two| async move {
        for round in 0..20 {
            let name = format!("n{round}");
            let (a, b) = tokio::join!(
                one.create_experiment(new_experiment(&name)),
                two.create_experiment(new_experiment(&name)),
            );
            let (won, lost) = if a.is_ok() { (a, b) } else { (b, a) };
            assert!(refusal(lost).starts_with("AlreadyExists: "));
            let stored = two.get_experiment_by_name(name).await.unwrap();
            assert_eq!(stored.id, won.unwrap());
        }
    });
}

#[test]
fn two_servers_may_make_the_default_experiment_at_once() {
    with_two_stores(|one, two| async move {
        let root = || ArtifactLocation::Below("mlflow-artifacts:/".into());
        let (a, b) = tokio::join!(
            one.ensure_default_experiment(root()),
            two.ensure_default_experiment(root()),
        );
        a.and(b).unwrap();
    });
}

#[test]
fn new_tag_keys_of_two_servers_get_the_same_numbers() {
    with_two_stores(|one, two| async move {
        let experiment = given::experiment(&one, "a").await;
        for round in 0..20 {
            let (a, b) = (format!("a{round}"), format!("b{round}"));
            let run =
                |first: &str, second: &str| new_run(experiment, &[(first, "1"), (second, "2")]);
            let (x, y) = tokio::join!(one.create_run(run(&a, &b)), two.create_run(run(&b, &a)));
            for (store, run) in [(&two, x.unwrap()), (&one, y.unwrap())] {
                let mut expected = run.tags;
                expected.sort_by(|a, b| a.key.cmp(&b.key));
                assert_eq!(stored(store, &run.info.id).await.tags, expected);
            }
        }
    });
}

#[test]
fn a_run_that_is_created_while_its_experiment_is_deleted_is_deleted_too() {
    with_two_stores(|one, two| async move {
        for round in 0..20 {
            let experiment = given::experiment(&one, &format!("e{round}")).await;
            let (created, deleted) = tokio::join!(
                one.create_run(new_run(experiment, &[])),
                two.delete_experiment(experiment),
            );
            deleted.unwrap();
            if let Ok(run) = created {
                let stage = stored(&one, &run.info.id).await.info.stage;
                assert_eq!(stage, LifecycleStage::Deleted);
            }
        }
    });
}

#[test]
fn two_servers_may_log_the_same_new_datasets_at_once() {
    with_two_stores(|one, two| async move {
        let experiment = given::experiment(&one, "a").await;
        for round in 0..20 {
            let (x, y) = (
                given::run_in(&one, experiment).await,
                given::run_in(&two, experiment).await,
            );
            let inputs = || {
                let names = [format!("a{round}"), format!("b{round}")];
                names.map(|name| input(&name, "1", "s", &[])).to_vec()
            };
            let reversed = inputs().into_iter().rev().collect();
            let (a, b) = tokio::join!(
                one.log_inputs(x.clone(), inputs(), vec![]),
                two.log_inputs(y.clone(), reversed, vec![]),
            );
            a.and(b).unwrap();
            for run in [x, y] {
                assert_eq!(stored(&one, &run).await.dataset_inputs.len(), 2);
            }
        }
        assert_eq!(
            one.search_datasets(vec![experiment]).await.unwrap().len(),
            40
        );
    });
}

#[test]
fn two_servers_cannot_exceed_the_number_of_custom_views() {
    with_two_stores(|one, two| async move {
        let view = |n: usize| Tag::new(format!("mlflow.customView.view.v1.{n}"), "{}");
        let mut new = new_experiment("a");
        new.tags = (0..49).map(view).collect();
        let id = one.create_experiment(new).await.unwrap();
        let (a, b) = tokio::join!(
            one.set_experiment_tag(id, view(100)),
            two.set_experiment_tag(id, view(101)),
        );
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    });
}
