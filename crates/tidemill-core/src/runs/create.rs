//! Runs to be created.

use crate::experiments::ExperimentId;
use crate::tags::Tag;

/// A run to create, already checked: it has a name, and a tag that says the same.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The experiment it belongs to.
    pub experiment_id: ExperimentId,
    /// Who runs it; may be empty.
    pub user_id: String,
    /// Its name.
    pub name: String,
    /// Milliseconds since the epoch.
    pub start_time: i64,
    /// Contains `mlflow.runName`; keys are distinct.
    pub tags: Vec<Tag>,
}
