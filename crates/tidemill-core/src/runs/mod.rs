//! Runs: one execution each of some training code.

pub mod batch;
pub mod create;
pub mod name;

use crate::datasets::DatasetInput;
use crate::experiments::ExperimentId;
use crate::keys::quoted;
use crate::lifecycle::LifecycleStage;
use crate::location;
use crate::metrics::Metric;
use crate::params::Param;
use crate::tags::Tag;
use crate::{Error, Result};

/// A run's id as clients know it: 32 hexadecimal digits when made here, any text when imported.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub String);

impl RunId {
    /// A fresh random id.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }

    /// Reads an id where MLflow checks its shape: in `runs/log-batch` and `runs/log-inputs`.
    /// Elsewhere a malformed id is simply not found.
    pub fn parse(text: &str) -> Result<Self> {
        let mut rest = text.strip_suffix('\n').unwrap_or(text).chars();
        let starts_well = rest.next().is_some_and(|c| c.is_ascii_alphanumeric());
        let goes_on_well = rest
            .clone()
            .all(|c| c.is_alphanumeric() || "_-".contains(c));
        if starts_well && goes_on_well && rest.count() <= 255 {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid_parameter(format!(
            "Invalid value {} for parameter 'run_id' supplied.",
            quoted(text)
        )))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for RunId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// What a run is doing. The numbers are those of MLflow's `RunStatus` and of our tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum RunStatus {
    /// Has started.
    Running = 1,
    /// Waits to be started.
    Scheduled = 2,
    /// Ended well.
    Finished = 3,
    /// Ended with an error.
    Failed = 4,
    /// Was stopped from outside.
    Killed = 5,
}

impl RunStatus {
    /// All of them, by number.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Scheduled,
        Self::Finished,
        Self::Failed,
        Self::Killed,
    ];

    /// The name on the wire and in filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// The status with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|status| *status as i16 == number)
    }

    /// Whether a run in this status will log no more, as far as it knows.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Killed)
    }
}

/// Everything about a run but what it logged.
#[derive(Debug, Clone, PartialEq)]
pub struct RunInfo {
    /// Its id.
    pub id: RunId,
    /// The experiment it belongs to.
    pub experiment_id: ExperimentId,
    /// Its name; the tag `mlflow.runName` mirrors it.
    pub name: String,
    /// Who ran it; empty unless the client said.
    pub user_id: String,
    /// What it is doing.
    pub status: RunStatus,
    /// Milliseconds since the epoch; 0 when the client did not say.
    pub start_time: i64,
    /// Milliseconds since the epoch.
    pub end_time: Option<i64>,
    /// Root of its artifacts.
    pub artifact_uri: String,
    /// Active or deleted.
    pub stage: LifecycleStage,
}

/// A run with what it logged.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Everything but the data.
    pub info: RunInfo,
    /// The latest point of each metric.
    pub metrics: Vec<Metric>,
    /// One value per key.
    pub params: Vec<Param>,
    /// One value per key.
    pub tags: Vec<Tag>,
    /// Datasets it read.
    pub dataset_inputs: Vec<DatasetInput>,
    /// Ids of logged models it read.
    pub model_inputs: Vec<String>,
    /// Logged models it made.
    pub model_outputs: Vec<ModelOutput>,
}

/// A logged model that a run made, and at which step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelOutput {
    /// The logged model's id.
    pub model_id: String,
    /// The training step at which it was made.
    pub step: i64,
}

/// A change to a run's info; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunUpdate {
    /// New status.
    pub status: Option<RunStatus>,
    /// New end time, milliseconds since the epoch.
    pub end_time: Option<i64>,
    /// New name; also becomes the tag `mlflow.runName`.
    pub name: Option<String>,
}

impl RunUpdate {
    /// A change as `runs/update` asks for it: an empty name is no name. A status may follow
    /// any other, and an end time stands however the run ends.
    pub fn new(status: Option<RunStatus>, end_time: Option<i64>, name: Option<String>) -> Self {
        Self {
            status,
            end_time,
            name: name.filter(|name| !name.is_empty()),
        }
    }
}

/// Where the artifacts of a run go, below those of its experiment.
pub fn artifact_uri(experiment_location: &str, id: &RunId) -> String {
    location::append(experiment_location, &format!("{id}/artifacts"))
}

/// Refuses to write to a run in the bin.
pub fn check_active(id: &RunId, stage: LifecycleStage) -> Result<()> {
    match stage {
        LifecycleStage::Active => Ok(()),
        LifecycleStage::Deleted => Err(Error::invalid_parameter(format!(
            "The run {id} must be in the 'active' state. Current state is {}.",
            stage.as_str()
        ))),
    }
}

/// No run has this id.
pub fn not_found(id: &RunId) -> Error {
    Error::not_found(format!("Run with id={id} not found"))
}

/// A logged model that the run has already made, or that is named twice.
pub fn output_exists(id: &RunId, model_id: &str) -> Error {
    Error::bad_request(format!(
        "Model '{model_id}' is already an output of the run {id}."
    ))
}

/// The run has no such tag.
pub fn tag_not_found(id: &RunId, key: &str) -> Error {
    Error::not_found(format!("No tag with name: {key} in run with id {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_odd_shape_are_refused_where_mlflow_looks() {
        for id in ["a", "0123456789abcdef", "a_b-c", "aé"] {
            assert_eq!(RunId::parse(id).unwrap().as_str(), id);
        }
        assert!(RunId::parse(&"a".repeat(256)).is_ok());
        for id in ["", "_a", "-a", "a.b", "a/b"] {
            assert!(RunId::parse(id).is_err(), "{id}");
        }
        assert!(RunId::parse(&"a".repeat(257)).is_err());
        assert_eq!(
            RunId::parse("../x").unwrap_err().to_string(),
            "Invalid value \"../x\" for parameter 'run_id' supplied."
        );
    }

    #[test]
    fn an_empty_name_changes_nothing() {
        assert_eq!(RunUpdate::new(None, None, Some(String::new())).name, None);
    }
}
