//! Logged models in.

use diesel::prelude::*;
use tidemill_core::logged_models::LoggedModel;

use super::Writing;
use crate::dialect::{
    ModelMetricRow, add_logged_model_params, add_model_metrics, insert_returning_id,
    set_logged_model_tags,
};
use crate::error::DbResult;
use crate::gc;
use crate::logged_models::{LoggedModelRow, load};
use crate::schema::logged_model;
use crate::unwritten::Unwritten;

impl Writing<'_> {
    /// The logged model of this id, active or deleted.
    pub fn logged_model(&mut self, id: &str) -> Result<Option<LoggedModel>, Unwritten> {
        Ok(self.find_logged_model(id)?)
    }

    fn find_logged_model(&mut self, id: &str) -> DbResult<Option<LoggedModel>> {
        let rows: Vec<LoggedModelRow> = logged_model::table
            .filter(logged_model::uuid.eq(id))
            .select(LoggedModelRow::as_select())
            .load(self.db)?;
        Ok(load(self.db, rows)?.pop())
    }

    /// Puts a logged model in, in the place of what has its id.
    pub fn put_logged_model(&mut self, model: &LoggedModel) -> Result<(), Unwritten> {
        self.remove_logged_model(&model.id)?;
        Ok(self.add_logged_model(model)?)
    }

    /// Refuses what this database cannot hold of a logged model.
    pub fn check_logged_model(&self, model: &LoggedModel) -> Result<(), Unwritten> {
        let location = &*model.artifact_location;
        let [message, model_type, source_run] = [
            &model.status_message,
            &model.model_type,
            &model.source_run_id,
        ]
        .map(|text| text.as_deref().unwrap_or_default());
        self.check([
            ("logged_model.uuid", &*model.id, "its id"),
            ("logged_model.name", &model.name, "its name"),
            (
                "logged_model.artifact_location",
                location,
                "its artifact location",
            ),
            ("logged_model.model_type", model_type, "its type"),
            ("logged_model.source_run_id", source_run, "its source run"),
            ("logged_model.status_message", message, "its status message"),
        ])?;
        self.check_tags("logged_model_tag", &model.tags)?;
        let params = model.params.iter().map(|param| (&param.key, &param.value));
        self.check_texts("logged_model_param", "param", params)?;
        model.metrics.iter().try_for_each(|metric| {
            let name = metric.dataset_name.as_deref().unwrap_or_default();
            let digest = metric.dataset_digest.as_deref().unwrap_or_default();
            self.check([
                ("logged_model_metric.name", &*metric.key, "a metric's name"),
                ("logged_model_metric.run_uuid", &metric.run_id, "a run's id"),
                ("logged_model_metric.dataset_name", name, "a dataset's name"),
                (
                    "logged_model_metric.dataset_digest",
                    digest,
                    "a dataset's digest",
                ),
            ])
        })
    }

    fn remove_logged_model(&mut self, id: &str) -> DbResult<()> {
        let found: Option<i64> = logged_model::table
            .filter(logged_model::uuid.eq(id))
            .select(logged_model::id)
            .first(self.db)
            .optional()?;
        let Some(id) = found else { return Ok(()) };
        gc::remove_models(self.db, &[id])
    }

    fn add_logged_model(&mut self, model: &LoggedModel) -> DbResult<()> {
        let row = (
            logged_model::uuid.eq(&model.id),
            logged_model::experiment_id.eq(model.experiment_id.0),
            logged_model::name.eq(&model.name),
            logged_model::artifact_location.eq(&model.artifact_location),
            logged_model::creation_time.eq(model.creation_time),
            logged_model::last_updated_time.eq(model.last_updated_time),
            logged_model::status.eq(model.status as i16),
            logged_model::status_message.eq(&model.status_message),
            logged_model::stage.eq(model.stage as i16),
            logged_model::model_type.eq(&model.model_type),
            logged_model::source_run_id.eq(&model.source_run_id),
        );
        let id = insert_returning_id!(self.db, logged_model, row)?;
        let tags = model.tags.iter().map(|tag| (id, &*tag.key, &*tag.value));
        set_logged_model_tags(self.db, &tags.collect::<Vec<_>>())?;
        let params = model
            .params
            .iter()
            .map(|param| (&*param.key, &*param.value));
        add_logged_model_params(self.db, id, &params.collect::<Vec<_>>())?;
        let metrics = model.metrics.iter().map(|metric| ModelMetricRow {
            model_id: id,
            name: &metric.key,
            ts: metric.timestamp,
            step: metric.step,
            run_uuid: &metric.run_id,
            value: Some(metric.value),
            dataset_name: metric.dataset_name.as_deref(),
            dataset_digest: metric.dataset_digest.as_deref(),
        });
        for metrics in metrics.collect::<Vec<_>>().chunks(500) {
            add_model_metrics(self.db, metrics)?;
        }
        Ok(())
    }
}
