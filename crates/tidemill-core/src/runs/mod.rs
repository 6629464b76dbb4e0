//! Runs: one execution each of some training code.

pub mod batch;
pub mod create;
pub mod name;

use crate::datasets::DatasetInput;
use crate::experiments::ExperimentId;
use crate::lifecycle::LifecycleStage;
use crate::metrics::Metric;
use crate::params::Param;
use crate::tags::Tag;

/// A run's id as clients know it: 32 hexadecimal digits when made here, any text when imported.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub String);

impl RunId {
    /// A fresh random id.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
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
        Self::ALL.into_iter().find(|status| *status as i16 == number)
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
