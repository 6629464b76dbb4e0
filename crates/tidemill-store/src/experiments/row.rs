//! An experiment's row.

use diesel::prelude::*;
use tidemill_core::experiments::{Experiment, ExperimentId};
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::tags::Tag;

use crate::error::{DbResult, known};
use crate::schema::experiment;

/// Everything about an experiment but its tags.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = experiment)]
pub(crate) struct ExperimentRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) artifact_location: String,
    pub(crate) stage: i16,
    pub(crate) creation_time: i64,
    pub(crate) last_update_time: i64,
}

impl ExperimentRow {
    /// Active or deleted.
    pub(crate) fn stage(&self) -> DbResult<LifecycleStage> {
        known("experiment.stage", self.stage, LifecycleStage::from_number)
    }

    /// The experiment with these tags.
    pub(crate) fn with_tags(self, tags: Vec<Tag>) -> DbResult<Experiment> {
        Ok(Experiment {
            stage: self.stage()?,
            id: ExperimentId(self.id),
            name: self.name,
            artifact_location: self.artifact_location,
            creation_time: self.creation_time,
            last_update_time: self.last_update_time,
            tags,
        })
    }
}
