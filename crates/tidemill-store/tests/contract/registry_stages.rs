//! Moving versions between stages.

use tidemill_core::Error;
use tidemill_core::registry::Stage;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::registry_given::{given_model, given_version, given_versions_in};

async fn stage_of(store: &Store, version: i64) -> Stage {
    let read = store.get_model_version("m".into(), version).await;
    read.unwrap().stage
}

async fn a_move_changes_the_version_and_makes_its_model_newer(store: Store) {
    given_model(&store, "m").await;
    let created = given_version(&store, "m").await;
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    let moved = store
        .transition_model_version_stage("m".into(), 1, Stage::Production, false)
        .await
        .unwrap();
    assert_eq!(moved.stage, Stage::Production);
    assert!(moved.last_updated_time > created.last_updated_time);
    assert_eq!(store.get_model_version("m".into(), 1).await.unwrap(), moved);
    let model = store.get_registered_model("m".into()).await.unwrap();
    assert_eq!(model.last_updated_time, moved.last_updated_time);
}

async fn others_stay_unless_they_are_to_be_archived(store: Store) {
    let (staging, production) = (Stage::Staging, Stage::Production);
    given_model(&store, "m").await;
    given_model(&store, "n").await;
    given_versions_in(&store, "m", &[staging, production, staging, Stage::None]).await;
    given_versions_in(&store, "n", &[staging]).await;
    let to_staging =
        |archive| store.transition_model_version_stage("m".into(), 4, staging, archive);
    to_staging(false).await.unwrap();
    assert_eq!(stage_of(&store, 1).await, staging);
    to_staging(true).await.unwrap();
    let archived = Stage::Archived;
    for (version, stage) in [(1, archived), (2, production), (3, archived), (4, staging)] {
        assert_eq!(stage_of(&store, version).await, stage, "version {version}");
    }
    let other = store.get_model_version("n".into(), 1).await.unwrap();
    assert_eq!(other.stage, staging);
}

async fn a_failed_move_archives_nothing(store: Store) {
    given_model(&store, "m").await;
    given_versions_in(&store, "m", &[Stage::Staging]).await;
    let missing = store.transition_model_version_stage("m".into(), 9, Stage::Staging, true);
    assert!(matches!(missing.await, Err(Error::NotFound(_))));
    assert_eq!(stage_of(&store, 1).await, Stage::Staging);
}

async fn moving_to_none_or_archived_cannot_archive_others(store: Store) {
    given_model(&store, "m").await;
    given_version(&store, "m").await;
    for stage in [Stage::None, Stage::Archived] {
        let refused = store.transition_model_version_stage("m".into(), 1, stage, true);
        assert!(matches!(refused.await, Err(Error::InvalidParameter(_))));
        let moved = store.transition_model_version_stage("m".into(), 1, stage, false);
        assert_eq!(moved.await.unwrap().stage, stage);
    }
}

async fn a_moved_version_keeps_its_aliases(store: Store) {
    given_model(&store, "m").await;
    given_version(&store, "m").await;
    store
        .set_registered_model_alias("m".into(), "best".into(), 1)
        .await
        .unwrap();
    let moved = store.transition_model_version_stage("m".into(), 1, Stage::Staging, false);
    assert_eq!(moved.await.unwrap().aliases, ["best"]);
}

on_every_database!(
    a_move_changes_the_version_and_makes_its_model_newer,
    others_stay_unless_they_are_to_be_archived,
    a_failed_move_archives_nothing,
    moving_to_none_or_archived_cannot_archive_others,
    a_moved_version_keeps_its_aliases,
);
