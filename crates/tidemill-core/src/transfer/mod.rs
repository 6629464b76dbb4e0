//! Whole things with their ids and times, as they go from one store to another.
//!
//! Where the ordinary types say everything, they are used: an [`Experiment`](crate::experiments::Experiment)
//! and a [`LoggedModel`](crate::logged_models::LoggedModel) are whole. A run's histories may not fit into memory, so they
//! come after it in pieces.

pub mod digest;

use crate::experiments::ExperimentId;
use crate::metrics::Point;
use crate::registry::{Alias, ModelVersion};
use crate::runs::{Run, RunId};
use crate::tags::Tag;

/// A run as it is carried: everything but its metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct CarriedRun {
    /// The run, without metrics.
    pub run: Run,
    /// When it was deleted, milliseconds since the epoch.
    pub deleted_time: Option<i64>,
}

/// One piece of a run on its way.
#[derive(Debug, Clone, PartialEq)]
pub enum RunPiece {
    /// The run itself. It comes first.
    Run(Box<CarriedRun>),
    /// Points of one metric of the run before. A metric may come in several pieces, one after the
    /// other, in any order and with points repeated.
    Points {
        /// The metric's name.
        key: String,
        /// Not empty.
        points: Vec<Point>,
    },
    /// The end of the run. A run that does not end was not read to its end.
    End {
        /// Whether nothing of it was left out as a fault.
        whole: bool,
    },
}

/// Up to how many points a metric is put in order as a whole; of one with more, points that were
/// logged again far apart are told from each other.
pub const IN_ORDER: usize = 1_000_000;

/// A registered model with its versions.
#[derive(Debug, Clone, PartialEq)]
pub struct CarriedModel {
    /// Its name.
    pub name: String,
    /// Milliseconds since the epoch.
    pub creation_time: i64,
    /// Milliseconds since the epoch.
    pub last_updated_time: i64,
    /// Free text.
    pub description: Option<String>,
    /// One value per key.
    pub tags: Vec<Tag>,
    /// Names of versions.
    pub aliases: Vec<Alias>,
    /// Its versions by number, without aliases and without those that were deleted.
    pub versions: Vec<ModelVersion>,
    /// The highest number that any version ever had, deleted ones included.
    pub last_version: i64,
}

impl CarriedModel {
    /// The description, if it says anything: MLflow's servers do not tell an empty one from none,
    /// so neither does what compares models.
    pub fn told_description(&self) -> Option<&str> {
        self.description.as_deref().filter(|text| !text.is_empty())
    }
}

/// A run in the list of what a source has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunHead {
    /// Its id.
    pub id: RunId,
    /// The experiment it belongs to.
    pub experiment_id: ExperimentId,
    /// Milliseconds since the epoch.
    pub start_time: i64,
    /// Where its artifacts are, if that is cheap to say.
    pub artifact_uri: Option<String>,
    /// Changes whenever the run does. Made by the source from what is cheap to read, so it says
    /// nothing to any other source.
    pub signature: u128,
}

/// Something in a source that cannot be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it is, such as `run 0123abc`.
    pub what: String,
    /// What is wrong with it, and what that means for the rest.
    pub why: String,
}

impl Fault {
    /// What is wrong with what.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
        }
    }
}

/// A kind of thing that is carried. The numbers are those of our tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i16)]
pub enum Kind {
    /// Experiments with their tags.
    Experiment = 1,
    /// Runs with what they logged.
    Run = 2,
    /// Logged models with params, tags and metrics.
    LoggedModel = 3,
    /// Registered models with versions, tags and aliases.
    RegisteredModel = 4,
    /// The artifacts of one run or model, which are noted by where they were copied to.
    Artifacts = 5,
}

impl Kind {
    /// What a database holds, in the order in which it is carried.
    pub const ALL: [Self; 4] = [
        Self::Experiment,
        Self::Run,
        Self::LoggedModel,
        Self::RegisteredModel,
    ];

    /// One of them, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Experiment => "experiment",
            Self::Run => "run",
            Self::LoggedModel => "logged model",
            Self::RegisteredModel => "registered model",
            Self::Artifacts => "artifacts",
        }
    }
}

/// What was carried before: what a source said of a thing, and what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// The source's signature of it.
    pub signature: u128,
    /// The digest of its content as it was written; [`Carried::KEPT`] when it was not.
    pub digest: u128,
}

impl Carried {
    /// In the place of a digest: what the source has was seen, and what was here was kept.
    pub const KEPT: u128 = 0;
}
