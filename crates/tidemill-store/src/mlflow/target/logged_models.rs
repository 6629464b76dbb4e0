//! Logged models with params, tags and metrics.

use tidemill_core::logged_models::{LoggedModel, ModelMetric};

use super::MlflowPage;
use super::rows::{
    NewLoggedModel, NewLoggedModelMetric, NewLoggedModelParam, NewLoggedModelTag, kept,
};
use super::runs::hash;
use crate::dialect::MlflowNumber;
use crate::unwritten::Unwritten;

impl MlflowPage<'_> {
    /// Adds a logged model, after the runs that logged its metrics.
    pub fn add_logged_model(&mut self, model: &LoggedModel) -> Result<(), Unwritten> {
        let [message, model_type, source_run] = [
            &model.status_message,
            &model.model_type,
            &model.source_run_id,
        ]
        .map(|text| text.as_deref().unwrap_or_default());
        for (column, text, what) in [
            ("logged_models.model_id", &*model.id, "its id"),
            ("logged_models.name", &*model.name, "its name"),
            (
                "logged_models.artifact_location",
                &*model.artifact_location,
                "its artifact location",
            ),
            ("logged_models.model_type", model_type, "its type"),
            ("logged_models.source_run_id", source_run, "its source run"),
            (
                "logged_models.status_message",
                message,
                "its status message",
            ),
        ] {
            self.limits.check(column, text, what)?;
        }
        let experiment_id = self.number(model.experiment_id.0, "its experiment's number")?;
        self.rows.logged_models.push(NewLoggedModel {
            model_id: model.id.clone(),
            experiment_id,
            name: model.name.clone(),
            artifact_location: model.artifact_location.clone(),
            creation_timestamp_ms: model.creation_time,
            last_updated_timestamp_ms: model.last_updated_time,
            status: i32::from(model.status as i16),
            lifecycle_stage: model.stage.as_str(),
            model_type: model.model_type.clone(),
            source_run_id: model.source_run_id.clone(),
            status_message: model.status_message.clone(),
        });
        self.add_texts_of_model(model, experiment_id)?;
        for metric in &model.metrics {
            self.add_model_metric(&model.id, metric)?;
        }
        Ok(self.rows.flush_if_many(self.db)?)
    }

    fn add_texts_of_model(
        &mut self,
        model: &LoggedModel,
        experiment_id: MlflowNumber,
    ) -> Result<(), Unwritten> {
        for param in &model.params {
            let what = format_args!("its param '{}'", param.key);
            self.limits
                .check("logged_model_params.param_key", &param.key, what)?;
            self.limits
                .check("logged_model_params.param_value", &param.value, what)?;
            self.rows.grew(1, param.value.len());
            self.rows.logged_model_params.push(NewLoggedModelParam {
                model_id: model.id.clone(),
                experiment_id,
                param_key: param.key.clone(),
                param_value: param.value.clone(),
            });
        }
        for tag in &model.tags {
            let what = format_args!("its tag '{}'", tag.key);
            self.limits
                .check("logged_model_tags.tag_key", &tag.key, what)?;
            self.limits
                .check("logged_model_tags.tag_value", &tag.value, what)?;
            self.rows.grew(1, tag.value.len());
            self.rows.logged_model_tags.push(NewLoggedModelTag {
                model_id: model.id.clone(),
                experiment_id,
                tag_key: tag.key.clone(),
                tag_value: tag.value.clone(),
            });
        }
        Ok(())
    }

    /// A metric belongs to the experiment of the run that logged it.
    fn add_model_metric(&mut self, model: &str, metric: &ModelMetric) -> Result<(), Unwritten> {
        let run = hash(&metric.run_id);
        let known = self.before.runs.get(&run).or(self.written.runs.get(&run));
        let Some(&experiment_id) = known else {
            return Err(Unwritten::Refused(format!(
                "its metric '{}' was logged by the run {}, which is not there",
                metric.key, metric.run_id
            )));
        };
        let what = format_args!("its metric '{}'", metric.key);
        let name = metric.dataset_name.as_deref().unwrap_or_default();
        let digest = metric.dataset_digest.as_deref().unwrap_or_default();
        for (column, text) in [
            ("logged_model_metrics.metric_name", &*metric.key),
            ("logged_model_metrics.dataset_name", name),
            ("logged_model_metrics.dataset_digest", digest),
        ] {
            self.limits.check(column, text, what)?;
        }
        self.rows.grew(1, 0);
        self.rows.logged_model_metrics.push(NewLoggedModelMetric {
            model_id: model.to_owned(),
            metric_name: metric.key.clone(),
            metric_timestamp_ms: metric.timestamp,
            metric_step: metric.step,
            metric_value: kept(metric.value),
            experiment_id,
            run_id: metric.run_id.clone(),
            dataset_name: metric.dataset_name.clone(),
            dataset_digest: metric.dataset_digest.clone(),
        });
        Ok(())
    }
}
