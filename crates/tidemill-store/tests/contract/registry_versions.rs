//! Versions: making, describing and deleting them.

use tidemill_core::Error;
use tidemill_core::registry::{Stage, VersionStatus};
use tidemill_core::tags::Tag;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::registry_given::{given_model, given_version, new_version};

async fn a_new_version_is_ready_in_no_stage_and_reads_back_as_it_was_answered(store: Store) {
    given_model(&store, "m").await;
    let mut new = new_version("m");
    new.storage_location = Some("s3://bucket/elsewhere".into());
    new.run_link = "link".into();
    new.model_id = Some("m-1".into());
    new.tags = vec![Tag::new("a", "1"), Tag::new("b", "2")];
    let created = store.create_model_version(new).await.unwrap();
    assert_eq!(
        (created.version, created.stage, created.status),
        (1, Stage::None, VersionStatus::Ready)
    );
    assert_eq!(
        (created.user_id.as_deref(), created.run_id.as_deref()),
        (None, Some("run"))
    );
    let read = store.get_model_version("m".into(), 1).await.unwrap();
    assert_eq!(read, created);
}

async fn a_new_version_makes_its_model_newer(store: Store) {
    let before = given_model(&store, "m").await.last_updated_time;
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    let version = given_version(&store, "m").await;
    let model = store.get_registered_model("m".into()).await.unwrap();
    assert_eq!(model.last_updated_time, version.creation_time);
    assert!(model.last_updated_time > before);
}

async fn a_version_needs_its_model(store: Store) {
    match store.create_model_version(new_version("none")).await {
        Err(Error::NotFound(message)) => {
            assert_eq!(message, "Registered Model with name=none not found");
        }
        other => panic!("{other:?}"),
    }
}

async fn a_number_is_never_used_again(store: Store) {
    given_model(&store, "m").await;
    given_version(&store, "m").await;
    given_version(&store, "m").await;
    store.delete_model_version("m".into(), 2).await.unwrap();
    assert_eq!(given_version(&store, "m").await.version, 3);
}

async fn a_deleted_version_is_found_by_nothing(store: Store) {
    given_model(&store, "m").await;
    given_version(&store, "m").await;
    given_version(&store, "m").await;
    let name = || "m".to_owned();
    store
        .set_registered_model_alias(name(), "best".into(), 2)
        .await
        .unwrap();
    store.delete_model_version(name(), 2).await.unwrap();
    let model = store.get_registered_model(name()).await.unwrap();
    assert!(model.aliases.is_empty());
    assert_eq!(model.latest_versions[0].version, 1);
    let latest = store.get_model_version_by_alias(name(), "latest".into());
    assert_eq!(latest.await.unwrap().version, 1);
    let errors = [
        store.get_model_version(name(), 2).await.err(),
        store.get_model_version_download_uri(name(), 2).await.err(),
        store.update_model_version(name(), 2, None).await.err(),
        store.delete_model_version(name(), 2).await.err(),
        store
            .transition_model_version_stage(name(), 2, Stage::Staging, false)
            .await
            .err(),
        store
            .set_model_version_tag(name(), 2, Tag::new("k", "v"))
            .await
            .err(),
        store
            .delete_model_version_tag(name(), 2, "k".into())
            .await
            .err(),
        store
            .set_registered_model_alias(name(), "best".into(), 2)
            .await
            .err(),
    ];
    for error in errors {
        match error {
            Some(Error::NotFound(message)) => {
                assert_eq!(message, "Model Version (name=m, version=2) not found");
            }
            other => panic!("{other:?}"),
        }
    }
}

async fn a_version_of_a_missing_model_is_a_missing_version(store: Store) {
    match store.get_model_version("none".into(), -7).await {
        Err(Error::NotFound(message)) => {
            assert_eq!(message, "Model Version (name=none, version=-7) not found");
        }
        other => panic!("{other:?}"),
    }
}

async fn an_update_without_description_clears_the_version_s(store: Store) {
    given_model(&store, "m").await;
    let created = given_version(&store, "m").await;
    let described = store
        .update_model_version("m".into(), 1, Some("words".into()))
        .await
        .unwrap();
    assert_eq!(described.description.as_deref(), Some("words"));
    assert!(described.last_updated_time >= created.last_updated_time);
    let cleared = store.update_model_version("m".into(), 1, None).await;
    assert_eq!(cleared.unwrap().description, None);
    let model = store.get_registered_model("m".into()).await.unwrap();
    assert_eq!(model.last_updated_time, created.creation_time);
}

async fn files_are_at_the_storage_location_or_else_at_the_source(store: Store) {
    given_model(&store, "m").await;
    given_version(&store, "m").await;
    let mut copy = new_version("m");
    copy.source = "models:/m/1".into();
    copy.storage_location = Some("s3://bucket/model".into());
    store.create_model_version(copy).await.unwrap();
    for version in [1, 2] {
        let uri = store.get_model_version_download_uri("m".into(), version);
        assert_eq!(uri.await.unwrap(), "s3://bucket/model");
    }
}

on_every_database!(
    a_new_version_is_ready_in_no_stage_and_reads_back_as_it_was_answered,
    a_new_version_makes_its_model_newer,
    a_version_needs_its_model,
    a_number_is_never_used_again,
    a_deleted_version_is_found_by_nothing,
    a_version_of_a_missing_model_is_a_missing_version,
    an_update_without_description_clears_the_version_s,
    files_are_at_the_storage_location_or_else_at_the_source,
);
