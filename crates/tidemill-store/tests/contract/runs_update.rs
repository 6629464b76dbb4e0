//! Changing, deleting and restoring runs.

use tidemill_core::lifecycle::LifecycleStage::{Active, Deleted};
use tidemill_core::runs::{RunId, RunStatus, RunUpdate};
use tidemill_core::tags::RUN_NAME;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given::{self, refusal, stored, tag};

async fn a_new_name_becomes_the_tag_as_well(store: Store) {
    let id = given::run(&store).await;
    let rename = RunUpdate::new(None, None, Some("new".into()));
    let info = store.update_run(id.clone(), rename).await.unwrap();
    assert_eq!(info.name, "new");
    let run = stored(&store, &id).await;
    assert_eq!(run.info, info);
    assert_eq!(tag(&run.tags, RUN_NAME), Some("new"));
}

async fn an_empty_update_changes_nothing(store: Store) {
    let id = given::run(&store).await;
    let before = stored(&store, &id).await;
    let nothing = RunUpdate::new(None, None, Some(String::new()));
    let info = store.update_run(id.clone(), nothing).await.unwrap();
    assert_eq!(info, before.info);
    assert_eq!(stored(&store, &id).await, before);
}

async fn a_status_may_follow_any_other_and_keeps_the_end_time(store: Store) {
    let id = given::run(&store).await;
    let update = |status, end| store.update_run(id.clone(), RunUpdate::new(status, end, None));
    let finished = update(Some(RunStatus::Finished), Some(77)).await.unwrap();
    assert_eq!(finished.status, RunStatus::Finished);
    assert_eq!(finished.end_time, Some(77));
    let again = update(Some(RunStatus::Running), None).await.unwrap();
    assert_eq!(again.status, RunStatus::Running);
    assert_eq!(again.end_time, Some(77));
    let earlier = update(None, Some(-1)).await.unwrap();
    assert_eq!(earlier.end_time, Some(-1));
}

async fn a_deleted_run_cannot_be_changed(store: Store) {
    let id = given::run(&store).await;
    store.delete_run(id.clone()).await.unwrap();
    assert_eq!(
        refusal(store.update_run(id.clone(), RunUpdate::default()).await),
        format!(
            "InvalidParameter: The run {id} must be in the 'active' state. Current state is \
             deleted."
        )
    );
}

async fn a_run_can_be_deleted_twice_and_restored_twice(store: Store) {
    let id = given::run(&store).await;
    for _ in 0..2 {
        store.delete_run(id.clone()).await.unwrap();
        assert_eq!(stored(&store, &id).await.info.stage, Deleted);
    }
    for _ in 0..2 {
        store.restore_run(id.clone()).await.unwrap();
        assert_eq!(stored(&store, &id).await.info.stage, Active);
    }
}

async fn an_unknown_run_can_be_neither_changed_nor_deleted_nor_restored(store: Store) {
    let unknown = || RunId::from("nope");
    let words = "NotFound: Run with id=nope not found";
    let update = store.update_run(unknown(), RunUpdate::default()).await;
    assert_eq!(refusal(update), words);
    assert_eq!(refusal(store.delete_run(unknown()).await), words);
    assert_eq!(refusal(store.restore_run(unknown()).await), words);
}

on_every_database!(
    a_new_name_becomes_the_tag_as_well,
    an_empty_update_changes_nothing,
    a_status_may_follow_any_other_and_keeps_the_end_time,
    a_deleted_run_cannot_be_changed,
    a_run_can_be_deleted_twice_and_restored_twice,
    an_unknown_run_can_be_neither_changed_nor_deleted_nor_restored,
);
