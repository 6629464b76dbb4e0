//! Tags of logged models, and the list of versions that one of them holds.

use tidemill_core::Error;
use tidemill_core::tags::Tag;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::logged_models_create::given_logged_model;

async fn tags_are_set_and_changed_and_the_last_value_of_a_key_wins(store: Store) {
    let model = given_logged_model(&store).await;
    for tags in [
        vec![Tag::new("k", "1"), Tag::new("", "any key")],
        vec![],
        vec![Tag::new("k", "2"), Tag::new("k", "3"), Tag::new("a", "1")],
    ] {
        store
            .set_logged_model_tags(model.id.clone(), tags)
            .await
            .unwrap();
    }
    let read = store.get_logged_model(model.id.clone()).await.unwrap();
    assert_eq!(
        read.tags,
        [
            Tag::new("", "any key"),
            Tag::new("a", "1"),
            Tag::new("k", "3")
        ]
    );
    assert_eq!(read.last_updated_time, model.last_updated_time);
}

async fn a_tag_that_is_not_there_cannot_be_deleted(store: Store) {
    let model = given_logged_model(&store).await;
    let tags = vec![Tag::new("it's", "1")];
    store
        .set_logged_model_tags(model.id.clone(), tags)
        .await
        .unwrap();
    let delete = || store.delete_logged_model_tag(model.id.clone(), "it's".into());
    delete().await.unwrap();
    match delete().await {
        Err(Error::NotFound(message)) => assert_eq!(
            message,
            format!(
                "No tag with key \"it's\" found for model with ID '{}'.",
                model.id
            )
        ),
        other => panic!("{other:?}"),
    }
}

async fn a_deleted_model_can_still_be_tagged(store: Store) {
    let model = given_logged_model(&store).await;
    store.delete_logged_model(model.id.clone()).await.unwrap();
    let tags = vec![Tag::new("k", "1")];
    store
        .set_logged_model_tags(model.id.clone(), tags.clone())
        .await
        .unwrap();
    let read = store.get_logged_model_even_deleted(model.id).await.unwrap();
    assert_eq!(read.tags, tags);
}

async fn versions_made_from_a_model_are_listed_in_a_tag(store: Store) {
    let model = given_logged_model(&store).await;
    for (name, version) in [("R", 1), ("R", 2), ("é", 1)] {
        store
            .record_model_version(model.id.clone(), name.into(), version)
            .await
            .unwrap();
    }
    let read = store.get_logged_model(model.id).await.unwrap();
    assert_eq!(
        read.tags,
        [Tag::new(
            "mlflow.modelVersions",
            r#"[{"name": "R", "version": 1}, {"name": "R", "version": 2}, {"name": "\u00e9", "version": 1}]"#,
        )]
    );
}

on_every_database!(
    tags_are_set_and_changed_and_the_last_value_of_a_key_wins,
    a_tag_that_is_not_there_cannot_be_deleted,
    a_deleted_model_can_still_be_tagged,
    versions_made_from_a_model_are_listed_in_a_tag,
);
