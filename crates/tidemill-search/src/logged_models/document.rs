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
        LoggedModelAttribute::ModelType => model.model_type.as_deref()?.into(),
        LoggedModelAttribute::SourceRunId => model.source_run_id.as_deref()?.into(),
        LoggedModelAttribute::CreationTime => Value::Int(model.creation_time),
        LoggedModelAttribute::LastUpdatedTime => Value::Int(model.last_updated_time),
    })
}

#[cfg(test)]
mod tests {
    use tidemill_core::experiments::ExperimentId;
    use tidemill_core::lifecycle::LifecycleStage;
    use tidemill_core::logged_models::LoggedModelStatus;

    use super::*;
    use crate::logged_models::parse_filter;

    fn metric(value: f64, dataset_name: Option<&str>) -> ModelMetric {
        ModelMetric {
            key: "m".to_owned(),
            value,
            timestamp: 0,
            step: 0,
            run_id: "r".to_owned(),
            dataset_name: dataset_name.map(str::to_owned),
            dataset_digest: None,
        }
    }

    fn model(metrics: Vec<ModelMetric>) -> LoggedModel {
        LoggedModel {
            id: "m-1".to_owned(),
            experiment_id: ExperimentId(7),
            name: "model".to_owned(),
            artifact_location: "a".to_owned(),
            creation_time: 5,
            last_updated_time: 6,
            status: LoggedModelStatus::Ready,
            status_message: None,
            model_type: Some(String::new()),
            source_run_id: Some(String::new()),
            stage: LifecycleStage::Active,
            tags: Vec::new(),
            params: Vec::new(),
            metrics,
        }
    }

    fn finds(filter: &str, datasets: &[&str], metrics: Vec<ModelMetric>) -> bool {
        let dataset = |name: &&str| DatasetFilter {
            name: (*name).to_owned(),
            digest: None,
        };
        let datasets: Vec<_> = datasets.iter().map(dataset).collect();
        matches(&parse_filter(filter).unwrap(), &datasets, &model(metrics))
    }

    #[test]
    fn different_rows_of_a_metric_may_meet_two_conditions() {
        let rows = vec![metric(1.0, None), metric(9.0, None)];
        assert!(finds("metrics.m < 2 AND metrics.m > 8", &[], rows.clone()));
        assert!(!finds("metrics.m BETWEEN 2 AND 8", &[], rows));
    }

    #[test]
    fn datasets_limit_the_metrics_that_conditions_see() {
        let rows = vec![metric(1.0, Some("train")), metric(9.0, Some("test"))];
        assert!(finds("metrics.m > 8", &["test"], rows.clone()));
        assert!(!finds("metrics.m > 8", &["train"], rows.clone()));
        assert!(finds("", &["train"], rows.clone()));
        assert!(!finds("", &["other"], rows));
    }

    #[test]
    fn status_and_experiment_are_compared_as_numbers_in_text() {
        assert!(finds("status = 2 AND experiment_id = '7'", &[], vec![]));
        assert!(!finds("status = 'READY'", &[], vec![]));
    }
}
