//! Making a logged model.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::logged_models::{
    LoggedModel, LoggedModelStatus, NewLoggedModel, artifact_location, random_id,
};

use crate::Store;
use crate::clock;
use crate::connection::DbConnection;
use crate::dialect::{self, Lock, insert_returning_id};
use crate::error::DbResult;
use crate::experiments;
use crate::schema::logged_model;

impl Store {
    /// Makes a logged model in an experiment, which must exist and be active. It is pending
    /// until it is finalized.
    pub async fn create_logged_model(&self, new: NewLoggedModel) -> Result<LoggedModel> {
        self.write(move |db| create(db, &new)).await
    }
}

fn create(db: &mut DbConnection, new: &NewLoggedModel) -> DbResult<LoggedModel> {
    let experiment = experiments::writable(db, new.experiment_id, Lock::Shared)?;
    let id = random_id();
    let model = created(
        new,
        artifact_location(&experiment.artifact_location, &id),
        id,
    );
    let row = (
        logged_model::uuid.eq(&model.id),
        logged_model::experiment_id.eq(model.experiment_id.0),
        logged_model::name.eq(&model.name),
        logged_model::artifact_location.eq(&model.artifact_location),
        logged_model::creation_time.eq(model.creation_time),
        logged_model::last_updated_time.eq(model.last_updated_time),
        logged_model::status.eq(model.status as i16),
        logged_model::stage.eq(model.stage as i16),
        logged_model::model_type.eq(&model.model_type),
        logged_model::source_run_id.eq(&model.source_run_id),
    );
    let row = insert_returning_id!(db, logged_model, row)?;
    add_tags_and_params(db, row, &model)?;
    Ok(model)
}

fn add_tags_and_params(db: &mut DbConnection, row: i64, model: &LoggedModel) -> DbResult<()> {
    let tags: Vec<_> = model
        .tags
        .iter()
        .map(|tag| (row, tag.key.as_str(), tag.value.as_str()))
        .collect();
    dialect::set_logged_model_tags(db, &tags)?;
    let params: Vec<_> = model
        .params
        .iter()
        .map(|param| (param.key.as_str(), param.value.as_str()))
        .collect();
    Ok(dialect::add_logged_model_params(db, row, &params)?)
}

fn created(new: &NewLoggedModel, artifact_location: String, id: String) -> LoggedModel {
    let now = clock::now();
    LoggedModel {
        id,
        experiment_id: new.experiment_id,
        name: new.name.clone(),
        artifact_location,
        creation_time: now,
        last_updated_time: now,
        status: LoggedModelStatus::Pending,
        status_message: None,
        model_type: Some(new.model_type.clone()),
        source_run_id: Some(new.source_run_id.clone()),
        stage: LifecycleStage::Active,
        tags: new.tags.clone(),
        params: new.params.clone(),
        metrics: Vec::new(),
    }
}
