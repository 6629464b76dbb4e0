//! Renaming, deleting and restoring experiments.

use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::LifecycleStage::{Active, Deleted};
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given::{self, refusal, stored};

async fn an_experiment_can_be_renamed_also_to_its_own_name(store: Store) {
    let id = given::experiment(&store, "a").await;
    store.rename_experiment(id, "b".into()).await.unwrap();
    store.rename_experiment(id, "b".into()).await.unwrap();
    let experiment = store.get_experiment(id).await.unwrap();
    assert_eq!(experiment.name, "b");
    assert!(experiment.last_update_time >= experiment.creation_time);
    assert!(store.get_experiment_by_name("a".into()).await.is_err());
}

async fn renaming_to_a_taken_name_is_a_bad_request(store: Store) {
    let id = given::experiment(&store, "a").await;
    let deleted = given::experiment(&store, "b").await;
    store.delete_experiment(deleted).await.unwrap();
    let taken = refusal(store.rename_experiment(id, "b".into()).await);
    assert!(taken.starts_with("BadRequest: "), "{taken}");
    assert!(!taken.to_lowercase().contains("sql"), "{taken}");
    assert_eq!(store.get_experiment(id).await.unwrap().name, "a");
}

async fn a_deleted_experiment_cannot_be_renamed(store: Store) {
    let id = given::experiment(&store, "a").await;
    store.delete_experiment(id).await.unwrap();
    assert_eq!(
        refusal(store.rename_experiment(id, "b".into()).await),
        "InvalidState: Cannot rename a non-active experiment."
    );
}

async fn an_unknown_experiment_can_be_neither_renamed_nor_deleted_nor_restored(store: Store) {
    let unknown = ExperimentId(77);
    let words = "NotFound: No Experiment with id=77 exists";
    assert_eq!(
        refusal(store.rename_experiment(unknown, "b".into()).await),
        words
    );
    assert_eq!(refusal(store.delete_experiment(unknown).await), words);
    assert_eq!(refusal(store.restore_experiment(unknown).await), words);
}

async fn deleting_an_experiment_deletes_its_runs_and_restoring_it_revives_all_of_them(
    store: Store,
) {
    let id = given::experiment(&store, "a").await;
    let other = given::run(&store).await;
    let (kept, deleted_before) = (
        given::run_in(&store, id).await,
        given::run_in(&store, id).await,
    );
    store.delete_run(deleted_before.clone()).await.unwrap();

    store.delete_experiment(id).await.unwrap();
    assert_eq!(store.get_experiment(id).await.unwrap().stage, Deleted);
    assert_eq!(stored(&store, &kept).await.info.stage, Deleted);
    assert_eq!(stored(&store, &other).await.info.stage, Active);

    store.restore_experiment(id).await.unwrap();
    assert_eq!(store.get_experiment(id).await.unwrap().stage, Active);
    assert_eq!(stored(&store, &kept).await.info.stage, Active);
    assert_eq!(stored(&store, &deleted_before).await.info.stage, Active);
}

async fn a_deleted_experiment_cannot_be_deleted_nor_an_active_one_restored(store: Store) {
    let id = given::experiment(&store, "a").await;
    let words = format!("NotFound: No Experiment with id={id} exists");
    assert_eq!(refusal(store.restore_experiment(id).await), words);
    store.delete_experiment(id).await.unwrap();
    assert_eq!(refusal(store.delete_experiment(id).await), words);
}

async fn a_run_in_a_deleted_experiment_can_be_restored_alone_and_changed(store: Store) {
    let id = given::experiment(&store, "a").await;
    let run = given::run_in(&store, id).await;
    store.delete_experiment(id).await.unwrap();
    store.restore_run(run.clone()).await.unwrap();
    assert_eq!(stored(&store, &run).await.info.stage, Active);
    assert_eq!(store.get_experiment(id).await.unwrap().stage, Deleted);
    store.update_run(run, Default::default()).await.unwrap();
}

on_every_database!(
    an_experiment_can_be_renamed_also_to_its_own_name,
    renaming_to_a_taken_name_is_a_bad_request,
    a_deleted_experiment_cannot_be_renamed,
    an_unknown_experiment_can_be_neither_renamed_nor_deleted_nor_restored,
    deleting_an_experiment_deletes_its_runs_and_restoring_it_revives_all_of_them,
    a_deleted_experiment_cannot_be_deleted_nor_an_active_one_restored,
    a_run_in_a_deleted_experiment_can_be_restored_alone_and_changed,
);
