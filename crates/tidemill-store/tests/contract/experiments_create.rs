//! Creating and reading experiments.

use tidemill_core::experiments::{ArtifactLocation, ExperimentId};
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::tags::Tag;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given::{self, new_experiment, refusal, tag};

async fn an_experiment_lives_below_the_root_under_its_number(store: Store) {
    let id = given::experiment(&store, "a").await;
    let experiment = store.get_experiment(id).await.unwrap();
    assert_eq!(experiment.name, "a");
    assert_eq!(experiment.stage, LifecycleStage::Active);
    assert_eq!(
        experiment.artifact_location,
        format!("mlflow-artifacts:/{id}")
    );
    assert!(experiment.creation_time > 1_700_000_000_000);
    assert_eq!(experiment.creation_time, experiment.last_update_time);
}

async fn an_experiment_keeps_a_location_of_its_own(store: Store) {
    let mut new = new_experiment("a");
    new.artifact_location = ArtifactLocation::At("s3://bucket/p?k=v".into());
    let id = store.create_experiment(new).await.unwrap();
    let experiment = store.get_experiment(id).await.unwrap();
    assert_eq!(experiment.artifact_location, "s3://bucket/p?k=v");
}

async fn an_experiment_is_created_with_its_tags(store: Store) {
    let mut new = new_experiment("a");
    new.tags = vec![Tag::new("team", "x"), Tag::new("empty", "")];
    let id = store.create_experiment(new).await.unwrap();
    let experiment = store.get_experiment(id).await.unwrap();
    assert_eq!(tag(&experiment.tags, "team"), Some("x"));
    assert_eq!(tag(&experiment.tags, "empty"), Some(""));
}

async fn a_taken_name_is_refused_without_a_trace(store: Store) {
    let first = given::experiment(&store, "a").await;
    let taken = refusal(store.create_experiment(new_experiment("a")).await);
    assert!(
        taken.starts_with("AlreadyExists: Experiment(name=a) already exists. Error: "),
        "{taken}"
    );
    assert!(!taken.to_lowercase().contains("sql"), "{taken}");
    let by_name = store.get_experiment_by_name("a".into()).await.unwrap();
    assert_eq!(by_name.id, first);
}

async fn a_deleted_experiment_keeps_its_name(store: Store) {
    let id = given::experiment(&store, "a").await;
    store.delete_experiment(id).await.unwrap();
    let taken = refusal(store.create_experiment(new_experiment("a")).await);
    assert!(taken.starts_with("AlreadyExists: "), "{taken}");
    let by_name = store.get_experiment_by_name("a".into()).await.unwrap();
    assert_eq!((by_name.id, by_name.stage), (id, LifecycleStage::Deleted));
}

async fn names_differ_by_case_by_accent_and_by_blanks_at_the_end(store: Store) {
    let mut ids = Vec::new();
    for name in ["a", "A", "á", "a ", "größe", "😀"] {
        ids.push(given::experiment(&store, name).await);
        let by_name = store.get_experiment_by_name(name.into()).await.unwrap();
        assert_eq!(by_name.name, name);
        assert_eq!(Some(&by_name.id), ids.last());
    }
}

async fn a_name_may_have_500_wide_characters(store: Store) {
    let name = "😀".repeat(500);
    let id = given::experiment(&store, &name).await;
    assert_eq!(store.get_experiment(id).await.unwrap().name, name);
}

async fn an_unknown_experiment_is_not_found_by_id_nor_by_name(store: Store) {
    assert_eq!(
        refusal(store.get_experiment(ExperimentId(77)).await),
        "NotFound: No Experiment with id=77 exists"
    );
    assert_eq!(
        refusal(store.get_experiment_by_name("x".into()).await),
        "NotFound: Could not find experiment with name 'x'"
    );
}

async fn the_default_experiment_is_made_once_with_number_0(store: Store) {
    let root = || ArtifactLocation::Below("mlflow-artifacts:/".into());
    store.ensure_default_experiment(root()).await.unwrap();
    let made = store.get_experiment(ExperimentId::DEFAULT).await.unwrap();
    assert_eq!(made.name, "Default");
    assert_eq!(made.artifact_location, "mlflow-artifacts:/0");
    store.ensure_default_experiment(root()).await.unwrap();
    let again = store.get_experiment(ExperimentId::DEFAULT).await.unwrap();
    assert_eq!(again, made);
    assert_eq!(given::experiment(&store, "first").await, ExperimentId(1));
}

async fn a_deleted_default_experiment_stays_deleted(store: Store) {
    let root = || ArtifactLocation::Below("mlflow-artifacts:/".into());
    store.ensure_default_experiment(root()).await.unwrap();
    store
        .delete_experiment(ExperimentId::DEFAULT)
        .await
        .unwrap();
    store.ensure_default_experiment(root()).await.unwrap();
    let default = store.get_experiment(ExperimentId::DEFAULT).await.unwrap();
    assert_eq!(default.stage, LifecycleStage::Deleted);
}

on_every_database!(
    an_experiment_lives_below_the_root_under_its_number,
    an_experiment_keeps_a_location_of_its_own,
    an_experiment_is_created_with_its_tags,
    a_taken_name_is_refused_without_a_trace,
    a_deleted_experiment_keeps_its_name,
    names_differ_by_case_by_accent_and_by_blanks_at_the_end,
    a_name_may_have_500_wide_characters,
    an_unknown_experiment_is_not_found_by_id_nor_by_name,
    the_default_experiment_is_made_once_with_number_0,
    a_deleted_default_experiment_stays_deleted,
);
