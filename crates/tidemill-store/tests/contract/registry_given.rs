//! Registered models and versions to start from.

use tidemill_core::registry::{
    ModelVersion, NewModelVersion, NewRegisteredModel, RegisteredModel, Stage,
};
use tidemill_core::tags::Tag;
use tidemill_store::Store;

pub(crate) async fn given_model(store: &Store, name: &str) -> RegisteredModel {
    given_tagged_model(store, name, &[]).await
}

pub(crate) async fn given_tagged_model(
    store: &Store,
    name: &str,
    tags: &[(&str, &str)],
) -> RegisteredModel {
    let tags = tags.iter().map(|(key, value)| Tag::new(*key, *value));
    let new = NewRegisteredModel::new(name.to_owned(), None, tags.collect()).unwrap();
    store.create_registered_model(new).await.unwrap()
}

pub(crate) fn new_version(name: &str) -> NewModelVersion {
    NewModelVersion {
        name: name.to_owned(),
        source: "s3://bucket/model".to_owned(),
        storage_location: None,
        run_id: "run".to_owned(),
        run_link: String::new(),
        description: Some(String::new()),
        model_id: None,
        tags: Vec::new(),
    }
}

pub(crate) async fn given_version(store: &Store, name: &str) -> ModelVersion {
    store.create_model_version(new_version(name)).await.unwrap()
}

/// Makes one version for each stage and moves it there.
pub(crate) async fn given_versions_in(store: &Store, name: &str, stages: &[Stage]) {
    for stage in stages {
        let version = given_version(store, name).await.version;
        store
            .transition_model_version_stage(name.to_owned(), version, *stage, false)
            .await
            .unwrap();
    }
}

/// The number and stage of each version, in order.
pub(crate) fn stages_of(versions: &[ModelVersion]) -> Vec<(i64, Stage)> {
    versions
        .iter()
        .map(|version| (version.version, version.stage))
        .collect()
}
