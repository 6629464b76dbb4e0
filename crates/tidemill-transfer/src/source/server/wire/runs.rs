//! Runs as servers answer them. Servers before 2.4 know no datasets, those before 3.0 no models
//! that runs read or made.

use serde::Deserialize;
use tidemill_core::datasets::{self, first_per_dataset};
use tidemill_core::runs::{self, RunId, RunStatus};
use tidemill_core::tags::{RUN_NAME, Tag};

use super::experiments::experiment_id;
use super::{Int, KeyValue, Why, filled, first_per_key, stage, time, to_params, to_tags, unknown};

#[derive(Deserialize)]
pub(in crate::source::server) struct Run {
    info: Info,
    #[serde(default)]
    data: Data,
    #[serde(default)]
    inputs: Inputs,
    outputs: Option<Outputs>,
}

#[derive(Deserialize)]
struct Info {
    run_id: Option<String>,
    run_uuid: Option<String>,
    run_name: Option<String>,
    experiment_id: Int,
    #[serde(default)]
    user_id: String,
    status: String,
    start_time: Option<Int>,
    end_time: Option<Int>,
    #[serde(default)]
    artifact_uri: String,
    lifecycle_stage: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Data {
    metrics: Vec<Latest>,
    params: Vec<KeyValue>,
    tags: Vec<KeyValue>,
}

/// The latest point of a metric; its values come with its history.
#[derive(Deserialize)]
struct Latest {
    key: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Inputs {
    dataset_inputs: Vec<DatasetInput>,
    model_inputs: Vec<ModelInput>,
}

#[derive(Deserialize)]
struct DatasetInput {
    dataset: Dataset,
    #[serde(default)]
    tags: Vec<KeyValue>,
}

#[derive(Deserialize)]
struct Dataset {
    name: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    source_type: String,
    #[serde(default)]
    source: String,
    schema: Option<String>,
    profile: Option<String>,
}

#[derive(Deserialize)]
struct ModelInput {
    model_id: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Outputs {
    model_outputs: Vec<ModelOutput>,
}

#[derive(Deserialize)]
struct ModelOutput {
    model_id: String,
    step: Option<Int>,
}

impl Run {
    /// Whether the server knows logged models: then it has the field, if only an empty one.
    pub(in crate::source::server) fn may_have_models(&self) -> bool {
        self.outputs.is_some()
    }

    /// The names of its metrics.
    pub(in crate::source::server) fn metric_keys(&self) -> Vec<String> {
        let keys = self.data.metrics.iter().map(|metric| metric.key.clone());
        first_per_key(keys, Clone::clone)
    }

    /// The logged models it read. `runs/search` leaves them out.
    pub(in crate::source::server) fn into_model_inputs(self) -> Vec<String> {
        let inputs = self.inputs.model_inputs.into_iter();
        first_per_key(inputs.map(|input| input.model_id), Clone::clone)
    }

    /// The run without metrics and without the logged models it read.
    pub(in crate::source::server) fn into_core(self) -> Result<runs::Run, Why> {
        let tags = to_tags(self.data.tags);
        let outputs = self.outputs.unwrap_or_default().model_outputs;
        let inputs = self.inputs.dataset_inputs.into_iter();
        Ok(runs::Run {
            info: self.info.into_core(&tags)?,
            metrics: Vec::new(),
            params: to_params(self.data.params),
            tags,
            dataset_inputs: first_per_dataset(inputs.map(DatasetInput::into_core).collect()),
            model_inputs: Vec::new(),
            model_outputs: first_per_key(outputs.into_iter().map(ModelOutput::into_core), |made| {
                made.model_id.clone()
            }),
        })
    }
}

impl Info {
    /// Early servers keep a run's name in its tag only.
    fn into_core(self, tags: &[Tag]) -> Result<runs::RunInfo, Why> {
        let tagged = || tags.iter().find(|tag| tag.key == RUN_NAME);
        let name = self.run_name.filter(|name| !name.is_empty());
        let id = self.run_id.or(self.run_uuid).unwrap_or_default();
        Ok(runs::RunInfo {
            id: RunId(filled("id", id)?),
            experiment_id: experiment_id(self.experiment_id)?,
            name: name
                .or_else(|| tagged().map(|tag| tag.value.clone()))
                .unwrap_or_default(),
            user_id: self.user_id,
            status: status(&self.status)?,
            start_time: time("start time", self.start_time)?.unwrap_or(0),
            end_time: time("end time", self.end_time)?,
            artifact_uri: self.artifact_uri,
            stage: stage(self.lifecycle_stage.as_deref())?,
        })
    }
}

fn status(word: &str) -> Result<RunStatus, Why> {
    RunStatus::ALL
        .into_iter()
        .find(|status| status.as_str() == word)
        .ok_or_else(|| unknown("status", word))
}

impl DatasetInput {
    fn into_core(self) -> datasets::DatasetInput {
        let dataset = self.dataset;
        datasets::DatasetInput {
            dataset: datasets::Dataset {
                name: dataset.name,
                digest: dataset.digest,
                source_type: dataset.source_type,
                source: dataset.source,
                schema: dataset.schema.filter(|schema| !schema.is_empty()),
                profile: dataset.profile.filter(|profile| !profile.is_empty()),
            },
            tags: to_tags(self.tags),
        }
    }
}

impl ModelOutput {
    fn into_core(self) -> runs::ModelOutput {
        runs::ModelOutput {
            model_id: self.model_id,
            step: self.step.map_or(0, |step| step.0),
        }
    }
}
