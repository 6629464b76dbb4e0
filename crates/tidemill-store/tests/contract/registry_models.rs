//! Registered models: making, describing, renaming and deleting them.

use tidemill_core::Error;
use tidemill_core::registry::{NewRegisteredModel, Stage};
use tidemill_core::tags::Tag;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::registry_given::{
    given_model, given_tagged_model, given_version, given_versions_in, stages_of,
};

async fn a_new_model_reads_back_as_it_was_answered(store: Store) {
    let tags = vec![Tag::new("b", "1"), Tag::new("a", "2"), Tag::new("b", "3")];
    let new = NewRegisteredModel::new("größe.x".into(), Some("words".into()), tags).unwrap();
    let created = store.create_registered_model(new).await.unwrap();
    let mut read = store.get_registered_model("größe.x".into()).await.unwrap();
    assert_eq!(read.description.as_deref(), Some("words"));
    assert_eq!(read.tags, [Tag::new("a", "2"), Tag::new("b", "3")]);
    assert_eq!(read.creation_time, read.last_updated_time);
    read.tags = created.tags.clone();
    assert_eq!(read, created);
}

async fn names_differ_by_case_and_by_trailing_blanks(store: Store) {
    for name in ["m", "M", "m "] {
        given_model(&store, name).await;
    }
    let read = store.get_registered_model("m ".into()).await.unwrap();
    assert_eq!(read.name, "m ");
}

async fn a_taken_name_is_refused_in_words_that_tell_models_from_prompts(store: Store) {
    let prompt = [("mlflow.prompt.is_prompt", "true")];
    given_model(&store, "m").await;
    given_tagged_model(&store, "p", &prompt).await;
    for (name, tags, words) in [
        ("m", &[][..], "Registered Model (name=m) already exists."),
        ("p", &prompt[..], "Prompt (name=p) already exists."),
        (
            "p",
            &[][..],
            "Tried to create a registered model with name 'p', but the name is already taken by \
             a prompt. MLflow does not allow creating a model and a prompt with the same name.",
        ),
    ] {
        let tags = tags.iter().map(|(key, value)| Tag::new(*key, *value));
        let new = NewRegisteredModel::new(name.into(), None, tags.collect()).unwrap();
        match store.create_registered_model(new).await {
            Err(Error::AlreadyExists(message)) => assert_eq!(message, words),
            other => panic!("{other:?}"),
        }
    }
}

async fn a_missing_model_is_not_found_by_every_operation(store: Store) {
    let name = || "none".to_owned();
    let words = "Registered Model with name=none not found";
    let errors = [
        store.get_registered_model(name()).await.err(),
        store.update_registered_model(name(), None).await.err(),
        store
            .rename_registered_model(name(), "x".into())
            .await
            .err(),
        store.delete_registered_model(name()).await.err(),
        store.latest_versions(name(), None).await.err(),
        store
            .set_registered_model_tag(name(), Tag::new("k", "v"))
            .await
            .err(),
        store
            .delete_registered_model_tag(name(), "k".into())
            .await
            .err(),
        store
            .delete_registered_model_alias(name(), "k".into())
            .await
            .err(),
        store
            .get_model_version_by_alias(name(), "latest".into())
            .await
            .err(),
    ];
    for error in errors {
        match error {
            Some(Error::NotFound(message)) => assert_eq!(message, words),
            other => panic!("{other:?}"),
        }
    }
}

async fn an_update_without_description_clears_it(store: Store) {
    given_model(&store, "m").await;
    let described = store
        .update_registered_model("m".into(), Some("words".into()))
        .await
        .unwrap();
    assert_eq!(described.description.as_deref(), Some("words"));
    let cleared = store
        .update_registered_model("m".into(), None)
        .await
        .unwrap();
    assert_eq!(cleared.description, None);
    assert!(cleared.last_updated_time >= described.last_updated_time);
}

async fn versions_tags_and_aliases_follow_a_renamed_model(store: Store) {
    given_tagged_model(&store, "old", &[("k", "v")]).await;
    let version = given_version(&store, "old").await;
    store
        .set_registered_model_alias("old".into(), "best".into(), 1)
        .await
        .unwrap();
    let renamed = store
        .rename_registered_model("old".into(), "new".into())
        .await
        .unwrap();
    assert_eq!(renamed.name, "new");
    assert_eq!(renamed.tags, [Tag::new("k", "v")]);
    assert_eq!(renamed.aliases[0].alias, "best");
    let followed = &renamed.latest_versions[0];
    assert_eq!((followed.name.as_str(), followed.version), ("new", 1));
    assert!(followed.last_updated_time >= version.last_updated_time);
    assert!(store.get_model_version("old".into(), 1).await.is_err());
}

async fn a_model_is_not_renamed_to_a_taken_or_bad_name(store: Store) {
    given_model(&store, "a").await;
    given_model(&store, "b").await;
    match store.rename_registered_model("a".into(), "b".into()).await {
        Err(Error::AlreadyExists(message)) => {
            assert_eq!(message, "Registered Model (name=b) already exists.");
        }
        other => panic!("{other:?}"),
    }
    let bad = store.rename_registered_model("a".into(), "a/b".into());
    assert!(matches!(bad.await, Err(Error::InvalidParameter(_))));
    let same = store.rename_registered_model("a".into(), "a".into());
    assert_eq!(same.await.unwrap().name, "a");
}

async fn a_deleted_model_is_gone_and_its_name_starts_afresh(store: Store) {
    given_tagged_model(&store, "m", &[("k", "v")]).await;
    given_tagged_model(&store, "other", &[("k", "v")]).await;
    let mut new = super::registry_given::new_version("m");
    new.tags = vec![Tag::new("k", "v")];
    store.create_model_version(new).await.unwrap();
    given_version(&store, "other").await;
    store
        .set_registered_model_alias("m".into(), "best".into(), 1)
        .await
        .unwrap();
    store.delete_registered_model("m".into()).await.unwrap();
    assert!(store.get_registered_model("m".into()).await.is_err());
    given_model(&store, "m").await;
    let fresh = store.get_registered_model("m".into()).await.unwrap();
    assert!(fresh.tags.is_empty() && fresh.aliases.is_empty());
    assert_eq!(given_version(&store, "m").await.version, 1);
    let other = store.get_registered_model("other".into()).await.unwrap();
    assert_eq!(other.tags.len(), 1);
    assert_eq!(other.latest_versions.len(), 1);
}

async fn latest_versions_are_the_newest_in_each_stage_by_when_it_was_first_filled(store: Store) {
    given_model(&store, "m").await;
    given_model(&store, "n").await;
    let (none, staging, archived) = (Stage::None, Stage::Staging, Stage::Archived);
    given_versions_in(&store, "m", &[staging, archived, none, archived, staging]).await;
    given_versions_in(&store, "n", &[staging]).await;
    let model = store.get_registered_model("m".into()).await.unwrap();
    let expected = [(5, staging), (4, archived), (3, none)];
    assert_eq!(stages_of(&model.latest_versions), expected);
    let all = store.latest_versions("m".into(), None).await.unwrap();
    assert_eq!(stages_of(&all), expected);
    let none_given = store.latest_versions("m".into(), Some(vec![])).await;
    assert_eq!(stages_of(&none_given.unwrap()), expected);
    let some = store
        .latest_versions("m".into(), Some(vec![none, Stage::Production, staging]))
        .await
        .unwrap();
    assert_eq!(stages_of(&some), [(5, staging), (3, none)]);
}

async fn latest_versions_carry_their_tags_and_aliases(store: Store) {
    given_model(&store, "m").await;
    given_version(&store, "m").await;
    store
        .set_model_version_tag("m".into(), 1, Tag::new("k", "v"))
        .await
        .unwrap();
    for alias in ["b", "a"] {
        store
            .set_registered_model_alias("m".into(), alias.into(), 1)
            .await
            .unwrap();
    }
    let latest = store.latest_versions("m".into(), None).await.unwrap();
    assert_eq!(latest[0].tags, [Tag::new("k", "v")]);
    assert_eq!(latest[0].aliases, ["a", "b"]);
}

on_every_database!(
    a_new_model_reads_back_as_it_was_answered,
    names_differ_by_case_and_by_trailing_blanks,
    a_taken_name_is_refused_in_words_that_tell_models_from_prompts,
    a_missing_model_is_not_found_by_every_operation,
    an_update_without_description_clears_it,
    versions_tags_and_aliases_follow_a_renamed_model,
    a_model_is_not_renamed_to_a_taken_or_bad_name,
    a_deleted_model_is_gone_and_its_name_starts_afresh,
    latest_versions_are_the_newest_in_each_stage_by_when_it_was_first_filled,
    latest_versions_carry_their_tags_and_aliases,
);
