//! Experiments with their tags.

use tidemill_core::experiments::Experiment;

use super::rows::{NewExperiment, NewExperimentTag};
use super::{MlflowPage, WORKSPACE};
use crate::unwritten::Unwritten;

impl MlflowPage<'_> {
    /// Adds an experiment.
    pub fn add_experiment(&mut self, experiment: &Experiment) -> Result<(), Unwritten> {
        let check = |column, text: &str, what| self.limits.check(column, text, what);
        let location = &experiment.artifact_location;
        check("experiments.name", &experiment.name, "its name")?;
        check(
            "experiments.artifact_location",
            location,
            "its artifact location",
        )?;
        let experiment_id = self.number(experiment.id.0, "its number")?;
        for tag in &experiment.tags {
            let what = format_args!("its tag '{}'", tag.key);
            self.limits.check("experiment_tags.key", &tag.key, what)?;
            self.limits
                .check("experiment_tags.value", &tag.value, what)?;
            self.rows.experiment_tags.push(NewExperimentTag {
                key: tag.key.clone(),
                value: tag.value.clone(),
                experiment_id,
            });
        }
        self.rows.experiments.push(NewExperiment {
            experiment_id,
            name: experiment.name.clone(),
            artifact_location: location.clone(),
            lifecycle_stage: experiment.stage.as_str(),
            creation_time: experiment.creation_time,
            last_update_time: experiment.last_update_time,
            workspace: WORKSPACE,
        });
        Ok(())
    }
}
