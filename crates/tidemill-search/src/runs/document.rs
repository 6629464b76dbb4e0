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

#[cfg(test)]
mod tests {
    use tidemill_core::datasets::Dataset;
    use tidemill_core::experiments::ExperimentId;
    use tidemill_core::lifecycle::LifecycleStage;
    use tidemill_core::metrics::Metric;
    use tidemill_core::runs::{RunId, RunStatus};
    use tidemill_core::tags::Tag;

    use super::*;
    use crate::runs::parse_filter;

    fn dataset(name: &str, context: &str) -> DatasetInput {
        DatasetInput {
            dataset: Dataset {
                name: name.to_owned(),
                digest: "d".to_owned(),
                source_type: "local".to_owned(),
                source: "{}".to_owned(),
                schema: None,
                profile: None,
            },
            tags: vec![Tag::new(CONTEXT, context)],
        }
    }

    /// A run that has not ended, with a tag, a NaN metric and two datasets.
    fn run() -> Run {
        Run {
            info: RunInfo {
                id: RunId::from("r"),
                experiment_id: ExperimentId(1),
                name: "column".to_owned(),
                user_id: String::new(),
                status: RunStatus::Running,
                start_time: 100,
                end_time: None,
                artifact_uri: "a".to_owned(),
                stage: LifecycleStage::Active,
            },
            metrics: vec![Metric {
                key: "nan".to_owned(),
                value: f64::NAN,
                timestamp: 0,
                step: 0,
                model_id: None,
                dataset_name: None,
                dataset_digest: None,
            }],
            params: Vec::new(),
            tags: vec![Tag::new("t", "Value"), Tag::new(RUN_NAME, "tag")],
            dataset_inputs: vec![dataset("one", "train"), dataset("two", "test")],
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        }
    }

    fn found(filter: &str) -> bool {
        parse_filter(filter).unwrap().matches(&run())
    }

    #[test]
    fn not_equal_needs_the_key_but_not_does_not() {
        assert!(found("tags.t != 'x'"));
        assert!(!found("tags.missing != 'x'"));
        assert!(found("NOT tags.missing = 'x'"));
        assert!(found("tags.missing IS NULL AND tags.t IS NOT NULL"));
    }

    #[test]
    fn like_minds_case_and_ilike_does_not() {
        assert!(found("tags.t LIKE 'V%' AND tags.t ILIKE '_alue'"));
        assert!(!found("tags.t LIKE 'v%'"));
        assert!(found("tags.t ILIKE 'vAL%'"));
    }

    #[test]
    fn nan_only_differs() {
        assert!(found("metrics.nan != 1"));
        assert!(!found(
            "metrics.nan = 0 OR metrics.nan < 1 OR metrics.nan >= 0"
        ));
        assert!(found("metrics.nan IS NOT NULL"));
        assert!(!found("metrics.missing != 1"));
    }

    #[test]
    fn the_name_is_that_of_the_tag() {
        assert!(found("run_name = 'tag' AND `Run Name` != 'column'"));
    }

    #[test]
    fn each_condition_on_datasets_may_be_met_by_another_one() {
        assert!(found("datasets.name = 'one' AND datasets.context = 'test'"));
        assert!(found(
            "datasets.name NOT IN ('one') AND datasets.name != 'two'"
        ));
        assert!(!found("datasets.name NOT IN ('one', 'two')"));
    }

    #[test]
    fn a_run_that_has_not_ended_has_no_end_time() {
        assert!(found("end_time IS NULL AND NOT end_time != 5"));
        assert!(found(
            "start_time BETWEEN 100 AND 100.5 AND created < 1e400"
        ));
    }
}
