//! What conditions see of a logged model.

use tidemill_core::logged_models::{LoggedModel, ModelMetric};

use super::{DatasetFilter, LoggedModelAttribute, LoggedModelField, LoggedModelFilter};
use crate::document::{Document, Value, tag};

/// A logged model, looked at through the datasets of a search.
struct Seen<'a> {
    model: &'a LoggedModel,
    datasets: &'a [DatasetFilter],
}

/// Whether a search for `filter`, limited to `datasets`, finds `model`. Without datasets there
/// is no limit. With some, metric conditions see only metrics measured on them; and if the
/// filter has no metric conditions, some metric must have been measured on one of them.
pub fn matches(
    filter: &LoggedModelFilter,
    datasets: &[DatasetFilter],
    model: &LoggedModel,
) -> bool {
    let seen = Seen { model, datasets };
    (datasets.is_empty() || mentions_metrics(filter) || seen.metrics().next().is_some())
        && filter.matches(&seen)
}

/// Whether `filter` has a condition on some metric.
pub fn mentions_metrics(filter: &LoggedModelFilter) -> bool {
    filter.mentions(&|field| matches!(field, LoggedModelField::Metric(_)))
}

impl DatasetFilter {
    /// Whether `metric` was measured on this dataset.
    pub fn covers(&self, metric: &ModelMetric) -> bool {
        metric.dataset_name.as_ref() == Some(&self.name) && metric.dataset_digest == self.digest
    }
}

impl Seen<'_> {
    fn metrics(&self) -> impl Iterator<Item = &ModelMetric> {
        self.model.metrics.iter().filter(|metric| {
            self.datasets.is_empty() || self.datasets.iter().any(|dataset| dataset.covers(metric))
        })
    }
}

impl Document<LoggedModelField> for Seen<'_> {
    fn values(&self, field: &LoggedModelField) -> Vec<Value<'_>> {
        match field {
            LoggedModelField::Metric(key) => {
                let metrics = self.metrics().filter(|metric| metric.key == *key);
                metrics.map(|metric| Value::Float(metric.value)).collect()
            }
            LoggedModelField::Param(key) => {
                let params = self.model.params.iter().filter(|param| param.key == *key);
                params
                    .map(|param| Value::from(param.value.as_str()))
                    .collect()
            }
            LoggedModelField::Tag(key) => tag(&self.model.tags, key),
            LoggedModelField::Attribute(attribute) => attribute_value(self.model, *attribute)
                .into_iter()
                .collect(),
        }
    }
}

fn attribute_value(model: &LoggedModel, attribute: LoggedModelAttribute) -> Option<Value<'_>> {
    Some(match attribute {
        LoggedModelAttribute::ModelId => model.id.as_str().into(),
        LoggedModelAttribute::ExperimentId => Value::Text(model.experiment_id.to_string().into()),
        LoggedModelAttribute::Name => model.name.as_str().into(),
        LoggedModelAttribute::ArtifactLocation => model.artifact_location.as_str().into(),
        LoggedModelAttribute::Status => Value::Text((model.status as i16).to_string().into()),
        LoggedModelAttribute::StatusMessage => model.status_message.as_deref()?.into(),
        LoggedModelAttribute::LifecycleStage => model.stage.as_str().into(),
        LoggedModelAttribute::ModelType => model.model_type.as_str().into(),
        LoggedModelAttribute::SourceRunId => model.source_run_id.as_str().into(),
        LoggedModelAttribute::CreationTime => Value::Int(model.creation_time),
        LoggedModelAttribute::LastUpdatedTime => Value::Int(model.last_updated_time),
    })
}
