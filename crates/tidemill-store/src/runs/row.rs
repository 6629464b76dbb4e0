//! A run's row.

use diesel::prelude::*;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::runs::{RunId, RunInfo, RunStatus};

use crate::error::{DbResult, known};
use crate::schema::run;

/// Everything about a run but what it logged.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = run)]
pub(crate) struct RunRow {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) experiment_id: i64,
    pub(crate) stage: i16,
    pub(crate) status: i16,
    pub(crate) start_time: i64,
    pub(crate) end_time: Option<i64>,
    pub(crate) name: String,
    pub(crate) user_id: String,
    pub(crate) artifact_uri: String,
}

impl RunRow {
    /// Active or deleted.
    pub(crate) fn stage(&self) -> DbResult<LifecycleStage> {
        known("run.stage", self.stage, LifecycleStage::from_number)
    }

    /// The row as the domain knows it.
    pub(crate) fn into_info(self) -> DbResult<RunInfo> {
        Ok(RunInfo {
            stage: self.stage()?,
            status: known("run.status", self.status, RunStatus::from_number)?,
            id: RunId(self.uuid),
            experiment_id: ExperimentId(self.experiment_id),
            name: self.name,
            user_id: self.user_id,
            start_time: self.start_time,
            end_time: self.end_time,
            artifact_uri: self.artifact_uri,
        })
    }
}
