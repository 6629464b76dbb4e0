//! Runs between the domain's form and the wire's.

use tidemill_core::datasets::{Dataset, DatasetInput};
use tidemill_core::metrics::Metric;
use tidemill_core::runs::{ModelOutput, Run, RunInfo, RunStatus};
use tidemill_core::tags::Tag;
use tidemill_core::{Error, Result};
use tidemill_proto::mlflow;

/// A run as `runs/get` and `runs/search` answer it: inputs and outputs are there even if empty.
pub(super) fn run(run: Run) -> mlflow::Run {
    let outputs = mlflow::RunOutputs {
        model_outputs: run.model_outputs.into_iter().map(model_output).collect(),
    };
    mlflow::Run {
        info: Some(info(run.info)),
        data: Some(mlflow::RunData {
            metrics: run.metrics.into_iter().map(metric).collect(),
            params: run
                .params
                .into_iter()
                .map(|param| mlflow::Param {
                    key: Some(param.key),
                    value: Some(param.value),
                })
                .collect(),
            tags: run.tags.into_iter().map(tag).collect(),
        }),
        inputs: Some(mlflow::RunInputs {
            dataset_inputs: run.dataset_inputs.into_iter().map(dataset_input).collect(),
            model_inputs: run
                .model_inputs
                .into_iter()
                .map(|id| mlflow::ModelInput { model_id: Some(id) })
                .collect(),
        }),
        outputs: Some(outputs),
    }
}

pub(super) fn info(info: RunInfo) -> mlflow::RunInfo {
    mlflow::RunInfo {
        run_id: Some(info.id.0.clone()),
        run_uuid: Some(info.id.0),
        run_name: Some(info.name),
        experiment_id: Some(info.experiment_id.to_string()),
        user_id: Some(info.user_id),
        status: Some(i32::from(info.status as i16)),
        start_time: Some(info.start_time),
        // MLflow takes an end at 0 for none.
        end_time: info.end_time.filter(|time| *time != 0),
        artifact_uri: Some(info.artifact_uri),
        lifecycle_stage: Some(info.stage.as_str().to_owned()),
    }
}

pub(crate) fn metric(metric: Metric) -> mlflow::Metric {
    mlflow::Metric {
        key: Some(metric.key),
        value: Some(metric.value),
        timestamp: Some(metric.timestamp),
        step: Some(metric.step),
        dataset_name: metric.dataset_name,
        dataset_digest: metric.dataset_digest,
        model_id: metric.model_id,
        run_id: None,
    }
}

fn tag(tag: Tag) -> mlflow::RunTag {
    mlflow::RunTag {
        key: Some(tag.key),
        value: Some(tag.value),
    }
}

fn model_output(output: ModelOutput) -> mlflow::ModelOutput {
    mlflow::ModelOutput {
        model_id: Some(output.model_id),
        step: Some(output.step),
    }
}

fn dataset_input(input: DatasetInput) -> mlflow::DatasetInput {
    mlflow::DatasetInput {
        tags: input
            .tags
            .into_iter()
            .map(|tag| mlflow::InputTag {
                key: Some(tag.key),
                value: Some(tag.value),
            })
            .collect(),
        dataset: Some(mlflow::Dataset {
            name: Some(input.dataset.name),
            digest: Some(input.dataset.digest),
            source_type: Some(input.dataset.source_type),
            source: Some(input.dataset.source),
            schema: input.dataset.schema,
            profile: input.dataset.profile,
        }),
    }
}

pub(super) fn tag_from_wire(tag: mlflow::RunTag) -> Tag {
    Tag::new(tag.key.unwrap_or_default(), tag.value.unwrap_or_default())
}

pub(super) fn dataset_input_from_wire(input: mlflow::DatasetInput) -> Result<DatasetInput> {
    let dataset = input.dataset.unwrap_or_default();
    let dataset = Dataset::new(
        dataset.name.unwrap_or_default(),
        dataset.digest.unwrap_or_default(),
        dataset.source_type.unwrap_or_default(),
        dataset.source.unwrap_or_default(),
        dataset.schema,
        dataset.profile,
    )?;
    let tags = input
        .tags
        .into_iter()
        .map(|tag| Tag::new(tag.key.unwrap_or_default(), tag.value.unwrap_or_default()))
        .collect();
    DatasetInput::new(dataset, tags)
}

pub(super) fn model_output_from_wire(output: mlflow::ModelOutput) -> ModelOutput {
    ModelOutput {
        model_id: output.model_id.unwrap_or_default(),
        step: output.step.unwrap_or_default(),
    }
}

pub(super) fn status(number: i32) -> Result<RunStatus> {
    i16::try_from(number)
        .ok()
        .and_then(RunStatus::from_number)
        .ok_or_else(|| {
            Error::invalid_parameter(format!("Invalid value {number} for parameter 'status'."))
        })
}
