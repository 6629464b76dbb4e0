//! Logged models: models as experiments make them, before anyone registers them.

use crate::experiments::ExperimentId;
use crate::lifecycle::LifecycleStage;
use crate::params::Param;
use crate::tags::Tag;

/// Whether a logged model's files are complete. The numbers are MLflow's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum LoggedModelStatus {
    /// Files may still be uploaded.
    Pending = 1,
    /// Complete.
    Ready = 2,
    /// The upload failed.
    UploadFailed = 3,
}

impl LoggedModelStatus {
    /// The status with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::Pending, Self::Ready, Self::UploadFailed]
            .into_iter()
            .find(|status| *status as i16 == number)
    }
}

/// A logged model as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedModel {
    /// `m-` and 32 hexadecimal digits when made here.
    pub id: String,
    /// The experiment it belongs to.
    pub experiment_id: ExperimentId,
    /// Need not be unique.
    pub name: String,
    /// Root of its files.
    pub artifact_location: String,
    /// Milliseconds since the epoch.
    pub creation_time: i64,
    /// Milliseconds since the epoch.
    pub last_updated_time: i64,
    /// Whether its files are complete.
    pub status: LoggedModelStatus,
    /// More about the status.
    pub status_message: Option<String>,
    /// Such as `Agent` or `Classifier`; free text, may be empty.
    pub model_type: String,
    /// The run that made it; may be empty.
    pub source_run_id: String,
    /// Active or deleted.
    pub stage: LifecycleStage,
    /// One value per key.
    pub tags: Vec<Tag>,
    /// One value per key.
    pub params: Vec<Param>,
    /// Every logged point.
    pub metrics: Vec<ModelMetric>,
}

/// A metric point of a logged model, with the run that logged it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelMetric {
    /// The metric's name.
    pub key: String,
    /// May be NaN.
    pub value: f64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// May be negative.
    pub step: i64,
    /// The run that logged it.
    pub run_id: String,
    /// The dataset it was measured on.
    pub dataset_name: Option<String>,
    /// That dataset's digest.
    pub dataset_digest: Option<String>,
}

/// A logged model to create, already checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLoggedModel {
    /// The experiment it belongs to.
    pub experiment_id: ExperimentId,
    /// Given or made up.
    pub name: String,
    /// May be empty.
    pub model_type: String,
    /// May be empty.
    pub source_run_id: String,
    /// Keys are distinct.
    pub params: Vec<Param>,
    /// Keys are distinct.
    pub tags: Vec<Tag>,
}
