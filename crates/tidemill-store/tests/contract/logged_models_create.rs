//! Making, reading and deleting logged models.

use tidemill_core::Error;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::logged_models::{LoggedModel, LoggedModelStatus, NewLoggedModel};
use tidemill_core::params::Param;
use tidemill_core::tags::Tag;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::given;

pub(crate) fn param(key: &str, value: &str) -> Param {
    Param {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn new_model(experiment: ExperimentId) -> NewLoggedModel {
    NewLoggedModel::new(
        experiment,
        Some("model".into()),
        String::new(),
        String::new(),
        vec![],
        vec![],
    )
    .unwrap()
}

/// A logged model in an experiment of its own.
pub(crate) async fn given_logged_model(store: &Store) -> LoggedModel {
    let experiment = given::experiment(store, "models").await;
    let created = store.create_logged_model(new_model(experiment)).await;
    created.unwrap()
}

async fn a_new_model_is_pending_and_reads_back_as_it_was_answered(store: Store) {
    let experiment = given::experiment(&store, "e").await;
    let new = NewLoggedModel {
        model_type: "Agent".into(),
        source_run_id: "r1".into(),
        params: vec![param("p", "1"), param("q", "")],
        tags: vec![Tag::new("", "x"), Tag::new("a!/../%", "1")],
        ..new_model(experiment)
    };
    let created = store.create_logged_model(new).await.unwrap();
    assert_eq!(
        (created.status, created.stage),
        (LoggedModelStatus::Pending, LifecycleStage::Active)
    );
    assert_eq!(
        created.artifact_location,
        format!(
            "mlflow-artifacts:/{experiment}/models/{}/artifacts",
            created.id
        )
    );
    let read = store.get_logged_model(created.id.clone()).await.unwrap();
    assert_eq!(read, created);
}

async fn a_model_needs_an_active_experiment(store: Store) {
    let missing = store.create_logged_model(new_model(ExperimentId(999)));
    match missing.await {
        Err(Error::NotFound(message)) => {
            assert_eq!(message, "No Experiment with id=999 exists");
        }
        other => panic!("{other:?}"),
    }
    let experiment = given::experiment(&store, "e").await;
    store.delete_experiment(experiment).await.unwrap();
    match store.create_logged_model(new_model(experiment)).await {
        Err(Error::InvalidParameter(message)) => assert_eq!(
            message,
            format!(
                "The experiment {experiment} must be in the 'active' state. Current state is \
                 deleted."
            )
        ),
        other => panic!("{other:?}"),
    }
}

async fn a_deleted_model_is_only_read_by_who_asks_for_deleted_ones(store: Store) {
    let model = given_logged_model(&store).await;
    for _ in 0..2 {
        store.delete_logged_model(model.id.clone()).await.unwrap();
    }
    assert_eq!(
        given::refusal(store.get_logged_model(model.id.clone()).await),
        format!("NotFound: Logged model with ID '{}' not found.", model.id)
    );
    let deleted = store.get_logged_model_even_deleted(model.id).await.unwrap();
    assert_eq!(deleted.stage, LifecycleStage::Deleted);
    assert!(deleted.last_updated_time >= model.last_updated_time);
}

async fn a_missing_model_is_not_found_by_any_operation(store: Store) {
    let id = || "m-none".to_owned();
    let errors = [
        store.get_logged_model(id()).await.err(),
        store.get_logged_model_even_deleted(id()).await.err(),
        store.delete_logged_model(id()).await.err(),
        store
            .finalize_logged_model(id(), LoggedModelStatus::Ready)
            .await
            .err(),
        store.set_logged_model_tags(id(), vec![]).await.err(),
        store.delete_logged_model_tag(id(), "k".into()).await.err(),
        store.log_logged_model_params(id(), vec![]).await.err(),
        store.record_model_version(id(), "m".into(), 1).await.err(),
    ];
    for error in errors {
        match error {
            Some(Error::NotFound(message)) => {
                assert_eq!(message, "Logged model with ID 'm-none' not found.");
            }
            other => panic!("{other:?}"),
        }
    }
}

on_every_database!(
    a_new_model_is_pending_and_reads_back_as_it_was_answered,
    a_model_needs_an_active_experiment,
    a_deleted_model_is_only_read_by_who_asks_for_deleted_ones,
    a_missing_model_is_not_found_by_any_operation,
);
