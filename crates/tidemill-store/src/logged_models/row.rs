//! Rows of the table of logged models.

use diesel::prelude::*;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::logged_models::{LoggedModel, LoggedModelStatus};

use crate::error::{DbResult, known};
use crate::schema::logged_model;

/// A logged model without tags, params and metrics.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = logged_model)]
pub(crate) struct LoggedModelRow {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) experiment_id: i64,
    pub(crate) name: String,
    pub(crate) artifact_location: String,
    pub(crate) creation_time: i64,
    pub(crate) last_updated_time: i64,
    pub(crate) status: i16,
    pub(crate) status_message: Option<String>,
    pub(crate) stage: i16,
    pub(crate) model_type: Option<String>,
    pub(crate) source_run_id: Option<String>,
}

impl LoggedModelRow {
    /// The model without tags, params and metrics.
    pub(super) fn into_bare_model(self) -> DbResult<LoggedModel> {
        let status = known(
            "logged_model.status",
            self.status,
            LoggedModelStatus::from_number,
        )?;
        let stage = known(
            "logged_model.stage",
            self.stage,
            LifecycleStage::from_number,
        )?;
        Ok(LoggedModel {
            id: self.uuid,
            experiment_id: ExperimentId(self.experiment_id),
            name: self.name,
            artifact_location: self.artifact_location,
            creation_time: self.creation_time,
            last_updated_time: self.last_updated_time,
            status,
            status_message: self.status_message,
            model_type: self.model_type,
            source_run_id: self.source_run_id,
            stage,
            tags: Vec::new(),
            params: Vec::new(),
            metrics: Vec::new(),
        })
    }
}
