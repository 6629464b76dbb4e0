//! Logged models between the domain's form and the wire's.

use tidemill_core::logged_models::{LoggedModel, ModelMetric};
use tidemill_core::params::Param;
use tidemill_core::tags::Tag;
use tidemill_proto::mlflow;

pub(super) fn model(model: LoggedModel) -> mlflow::LoggedModel {
    let id = model.id.clone();
    let data = mlflow::LoggedModelData {
        params: model
            .params
            .into_iter()
            .map(|param| mlflow::LoggedModelParameter {
                key: Some(param.key),
                value: Some(param.value),
            })
            .collect(),
        metrics: model
            .metrics
            .into_iter()
            .map(|point| metric(point, &id))
            .collect(),
    };
    mlflow::LoggedModel {
        info: Some(mlflow::LoggedModelInfo {
            model_id: Some(model.id),
            experiment_id: Some(model.experiment_id.to_string()),
            name: Some(model.name),
            creation_timestamp_ms: Some(model.creation_time),
            last_updated_timestamp_ms: Some(model.last_updated_time),
            artifact_uri: Some(model.artifact_location),
            status: Some(i32::from(model.status as i16)),
            model_type: model.model_type,
            source_run_id: model.source_run_id,
            status_message: model.status_message,
            tags: model
                .tags
                .into_iter()
                .map(|tag| mlflow::LoggedModelTag {
                    key: Some(tag.key),
                    value: Some(tag.value),
                })
                .collect(),
            ..Default::default()
        }),
        data: Some(data),
    }
}

fn metric(metric: ModelMetric, model_id: &str) -> mlflow::Metric {
    mlflow::Metric {
        key: Some(metric.key),
        value: Some(metric.value),
        timestamp: Some(metric.timestamp),
        step: Some(metric.step),
        dataset_name: metric.dataset_name,
        dataset_digest: metric.dataset_digest,
        model_id: Some(model_id.to_owned()),
        run_id: Some(metric.run_id),
    }
}

pub(super) fn tag_from_wire(tag: mlflow::LoggedModelTag) -> Tag {
    Tag::new(tag.key.unwrap_or_default(), tag.value.unwrap_or_default())
}

pub(super) fn param_from_wire(param: mlflow::LoggedModelParameter) -> Param {
    Param {
        key: param.key.unwrap_or_default(),
        value: param.value.unwrap_or_default(),
    }
}
