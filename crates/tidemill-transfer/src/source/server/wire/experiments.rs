//! Experiments as servers answer them.

use serde::Deserialize;
use tidemill_core::experiments::{self, ExperimentId};

use super::{Int, KeyValue, Why, filled, stage, time, to_tags};

#[derive(Deserialize)]
pub(in crate::source::server) struct Experiment {
    experiment_id: Int,
    name: String,
    #[serde(default)]
    artifact_location: String,
    lifecycle_stage: Option<String>,
    creation_time: Option<Int>,
    last_update_time: Option<Int>,
    #[serde(default)]
    tags: Vec<KeyValue>,
}

impl Experiment {
    /// Experiments that were made before MLflow kept times have none.
    pub(in crate::source::server) fn into_core(self) -> Result<experiments::Experiment, Why> {
        let creation_time = time("creation time", self.creation_time)?.unwrap_or(0);
        let last_update_time = time("update time", self.last_update_time)?;
        Ok(experiments::Experiment {
            id: experiment_id(self.experiment_id)?,
            name: filled("name", self.name)?,
            artifact_location: self.artifact_location,
            stage: stage(self.lifecycle_stage.as_deref())?,
            creation_time,
            last_update_time: last_update_time.unwrap_or(creation_time),
            tags: to_tags(self.tags),
        })
    }
}

pub(super) fn experiment_id(id: Int) -> Result<ExperimentId, Why> {
    match id.0 < 0 {
        true => Err(format!("its experiment's id is negative: {}", id.0)),
        false => Ok(ExperimentId(id.0)),
    }
}
