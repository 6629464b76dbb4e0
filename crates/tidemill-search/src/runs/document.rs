//! What conditions see of a run.

use tidemill_core::datasets::DatasetInput;
use tidemill_core::runs::{Run, RunInfo};
use tidemill_core::tags::RUN_NAME;

use super::{DatasetAttribute, RunAttribute, RunField};
use crate::document::{Document, Value, tag};

/// The tag of a dataset input that says for what it was used.
const CONTEXT: &str = "mlflow.data.context";

impl Document<RunField> for Run {
    fn values(&self, field: &RunField) -> Vec<Value<'_>> {
        match field {
            RunField::Metric(key) => {
                let metrics = self.metrics.iter().filter(|metric| metric.key == *key);
                metrics.map(|metric| Value::Float(metric.value)).collect()
            }
            RunField::Param(key) => {
                let params = self.params.iter().filter(|param| param.key == *key);
                params
                    .map(|param| Value::from(param.value.as_str()))
                    .collect()
            }
            RunField::Tag(key) => tag(&self.tags, key),
            RunField::Attribute(RunAttribute::RunName) => tag(&self.tags, RUN_NAME),
            RunField::Attribute(attribute) => info(&self.info, *attribute).into_iter().collect(),
            RunField::Dataset(attribute) => self
                .dataset_inputs
                .iter()
                .flat_map(|input| dataset(input, *attribute))
                .collect(),
        }
    }
}

fn info(info: &RunInfo, attribute: RunAttribute) -> Option<Value<'_>> {
    Some(match attribute {
        RunAttribute::RunId => info.id.as_str().into(),
        RunAttribute::RunName => info.name.as_str().into(),
        RunAttribute::Status => info.status.as_str().into(),
        RunAttribute::ArtifactUri => info.artifact_uri.as_str().into(),
        RunAttribute::UserId => info.user_id.as_str().into(),
        RunAttribute::StartTime => Value::Int(info.start_time),
        RunAttribute::EndTime => Value::Int(info.end_time?),
    })
}

fn dataset(input: &DatasetInput, attribute: DatasetAttribute) -> Vec<Value<'_>> {
    match attribute {
        DatasetAttribute::Name => vec![input.dataset.name.as_str().into()],
        DatasetAttribute::Digest => vec![input.dataset.digest.as_str().into()],
        DatasetAttribute::Context => tag(&input.tags, CONTEXT),
    }
}
