//! Purging: what was deleted long enough ago goes for good.
//!
//! A run or a logged model goes in three steps, each a short transaction, with the removal of its
//! artifacts between the first two: it is claimed, which checks once more that it may go and
//! keeps anybody from bringing it back; its points are removed, some at a time; and then the rest
//! of it. A claim outlives a process that is stopped half-way, and the next purge goes on with it.
//!
//! Keys stay: servers remember their numbers, and an import may bring the experiment back.

mod claim;
mod experiments;
mod expired;
mod imported;
mod places;
mod remove;
mod versions;

use tidemill_core::experiments::ExperimentId;
use tidemill_core::runs::RunId;

pub use experiments::{ExpiredExperiment, Purged};
pub use expired::Expired;
pub use places::{Place, VersionSource};
pub use remove::Removed;
pub(crate) use remove::{remove_models, remove_runs};

/// How many things share one transaction.
pub const BATCH: usize = 100;

/// What has artifacts and is purged by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Runs.
    Run,
    /// Logged models.
    Model,
}

/// What may be purged.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// What was deleted at this moment or before, in milliseconds since the epoch.
    pub cutoff: i64,
    /// Only these runs, and what is in `experiments`; everything when both are empty.
    pub runs: Vec<RunId>,
    /// Only these experiments with all that is in them.
    pub experiments: Vec<ExperimentId>,
}

impl Scope {
    /// Whether nothing was named, so that everything may go that was deleted long enough ago.
    pub fn is_everything(&self) -> bool {
        self.runs.is_empty() && self.experiments.is_empty()
    }
}
