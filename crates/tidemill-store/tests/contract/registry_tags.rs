//! Tags of registered models and of versions.

use tidemill_core::Error;
use tidemill_core::registry::NewRegisteredModel;
use tidemill_core::tags::Tag;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::registry_given::{given_model, given_version};

async fn a_model_s_tag_is_set_changed_and_deleted(store: Store) {
    let created = given_model(&store, "m").await;
    for value in ["1", "2"] {
        store
            .set_registered_model_tag("m".into(), Tag::new("k", value))
            .await
            .unwrap();
    }
    let model = store.get_registered_model("m".into()).await.unwrap();
    assert_eq!(model.tags, [Tag::new("k", "2")]);
    assert_eq!(model.last_updated_time, created.last_updated_time);
    for _ in 0..2 {
        store
            .delete_registered_model_tag("m".into(), "k".into())
            .await
            .unwrap();
    }
    let model = store.get_registered_model("m".into()).await.unwrap();
    assert!(model.tags.is_empty());
}

async fn a_version_s_tag_is_set_changed_and_deleted(store: Store) {
    given_model(&store, "m").await;
    given_version(&store, "m").await;
    given_version(&store, "m").await;
    for value in ["1", ""] {
        store
            .set_model_version_tag("m".into(), 1, Tag::new("k", value))
            .await
            .unwrap();
    }
    let version = store.get_model_version("m".into(), 1).await.unwrap();
    assert_eq!(version.tags, [Tag::new("k", "")]);
    let other = store.get_model_version("m".into(), 2).await.unwrap();
    assert!(other.tags.is_empty());
    for _ in 0..2 {
        store
            .delete_model_version_tag("m".into(), 1, "k".into())
            .await
            .unwrap();
    }
    let version = store.get_model_version("m".into(), 1).await.unwrap();
    assert!(version.tags.is_empty());
}

async fn bad_tags_are_refused_before_anything_is_written(store: Store) {
    given_model(&store, "m").await;
    given_version(&store, "m").await;
    for tag in [
        Tag::new("", "v"),
        Tag::new("a!", "v"),
        Tag::new("k".repeat(251), "v"),
    ] {
        let model = store.set_registered_model_tag("m".into(), tag.clone());
        assert!(matches!(model.await, Err(Error::InvalidParameter(_))));
        let version = store.set_model_version_tag("m".into(), 1, tag);
        assert!(matches!(version.await, Err(Error::InvalidParameter(_))));
    }
}

async fn a_thousand_long_tags_go_in_at_once(store: Store) {
    let tags: Vec<Tag> = (1000..2000)
        .map(|number| Tag::new(format!("k{number}"), "é".repeat(900)))
        .collect();
    let new = NewRegisteredModel::new("m".into(), None, tags.clone()).unwrap();
    store.create_registered_model(new).await.unwrap();
    let model = store.get_registered_model("m".into()).await.unwrap();
    assert_eq!(model.tags, tags);
}

async fn a_tag_value_may_have_100000_characters(store: Store) {
    given_model(&store, "m").await;
    given_version(&store, "m").await;
    let tag = Tag::new("k", "é".repeat(100_000));
    store
        .set_registered_model_tag("m".into(), tag.clone())
        .await
        .unwrap();
    store
        .set_model_version_tag("m".into(), 1, tag.clone())
        .await
        .unwrap();
    let version = store.get_model_version("m".into(), 1).await.unwrap();
    assert_eq!(version.tags, [tag]);
}

on_every_database!(
    a_model_s_tag_is_set_changed_and_deleted,
    a_version_s_tag_is_set_changed_and_deleted,
    bad_tags_are_refused_before_anything_is_written,
    a_thousand_long_tags_go_in_at_once,
    a_tag_value_may_have_100000_characters,
);
