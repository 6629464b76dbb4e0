//! Experiments: named groups of runs with one artifact location.

use crate::lifecycle::LifecycleStage;
use crate::tags::Tag;


/// An experiment's number. Experiment 0, "Default", exists from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExperimentId(pub i64);

impl ExperimentId {
    /// The experiment that exists from the start.
    pub const DEFAULT: Self = Self(0);
    /// Its name.
    pub const DEFAULT_NAME: &'static str = "Default";
}

impl std::fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// An experiment as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Its number.
    pub id: ExperimentId,
    /// Unique among all experiments, also deleted ones.
    pub name: String,
    /// Root of its runs' artifacts.
    pub artifact_location: String,
    /// Active or deleted.
    pub stage: LifecycleStage,
    /// Milliseconds since the epoch.
    pub creation_time: i64,
    /// Milliseconds since the epoch; renaming, deleting and restoring count as updates.
    pub last_update_time: i64,
    /// In no particular order.
    pub tags: Vec<Tag>,
}

/// Where a new experiment's artifacts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactLocation {
    /// Exactly here, as the request says; already checked.
    At(String),
    /// In a folder named after the experiment's number below this root.
    Below(String),
}

impl ArtifactLocation {
    /// The location for the experiment with number `id`.
    pub fn resolve(self, id: ExperimentId) -> String {
        match self {
            Self::At(location) => location,
            Self::Below(root) => crate::location::append(&root, &id.to_string()),
        }
    }
}

/// An experiment to create, already checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewExperiment {
    /// Checked by [`check_name`].
    pub name: String,
    /// Where its artifacts go.
    pub artifact_location: ArtifactLocation,
    /// The last value of a repeated key wins.
    pub tags: Vec<Tag>,
}
