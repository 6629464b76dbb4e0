//! Models and versions between the domain's form and the wire's.

use tidemill_core::registry::{Alias, ModelVersion, RegisteredModel};
use tidemill_core::tags::Tag;
use tidemill_proto::mlflow;

pub(super) fn model(model: RegisteredModel) -> mlflow::RegisteredModel {
    mlflow::RegisteredModel {
        name: Some(model.name),
        creation_timestamp: Some(model.creation_time),
        last_updated_timestamp: Some(model.last_updated_time),
        // MLflow takes an empty description for none; of versions it prints it.
        description: model.description.filter(|text| !text.is_empty()),
        latest_versions: model.latest_versions.into_iter().map(version).collect(),
        tags: model
            .tags
            .into_iter()
            .map(|tag| mlflow::RegisteredModelTag {
                key: Some(tag.key),
                value: Some(tag.value),
            })
            .collect(),
        aliases: model.aliases.into_iter().map(alias).collect(),
        ..Default::default()
    }
}

fn alias(alias: Alias) -> mlflow::RegisteredModelAlias {
    mlflow::RegisteredModelAlias {
        alias: Some(alias.alias),
        version: Some(alias.version.to_string()),
    }
}

/// A version as answers print it; `model_id` never appears in them.
pub(super) fn version(version: ModelVersion) -> mlflow::ModelVersion {
    mlflow::ModelVersion {
        name: Some(version.name),
        version: Some(version.version.to_string()),
        creation_timestamp: Some(version.creation_time),
        last_updated_timestamp: Some(version.last_updated_time),
        user_id: version.user_id,
        current_stage: Some(version.stage.as_str().to_owned()),
        description: version.description,
        source: Some(version.source),
        run_id: version.run_id,
        status: Some(i32::from(version.status as i16)),
        status_message: version.status_message,
        tags: version
            .tags
            .into_iter()
            .map(|tag| mlflow::ModelVersionTag {
                key: Some(tag.key),
                value: Some(tag.value),
            })
            .collect(),
        run_link: version.run_link,
        aliases: version.aliases,
        ..Default::default()
    }
}

pub(super) fn model_tag_from_wire(tag: mlflow::RegisteredModelTag) -> Tag {
    Tag::new(tag.key.unwrap_or_default(), tag.value.unwrap_or_default())
}

pub(super) fn version_tag_from_wire(tag: mlflow::ModelVersionTag) -> Tag {
    Tag::new(tag.key.unwrap_or_default(), tag.value.unwrap_or_default())
}
