//! Experiments in.

use diesel::prelude::*;
use tidemill_core::experiments::{Experiment, ExperimentId};

use super::Writing;
use crate::dialect::put_experiment_tag;
use crate::error::DbResult;
use crate::experiments::{ExperimentRow, load};
use crate::schema::{experiment, experiment_tag, logged_model, run};
use crate::unwritten::Unwritten;

impl Writing<'_> {
    /// The experiment of this number, and another one that has this name.
    pub fn experiments_like(
        &mut self,
        id: ExperimentId,
        name: &str,
    ) -> Result<(Option<Experiment>, Option<Experiment>), Unwritten> {
        let rows: Vec<ExperimentRow> = experiment::table
            .filter(experiment::id.eq(id.0).or(experiment::name.eq(name)))
            .select(ExperimentRow::as_select())
            .load(self.db)?;
        let (same, other): (Vec<_>, Vec<_>) = load(self.db, rows)?
            .into_iter()
            .partition(|found| found.id == id);
        Ok((same.into_iter().next(), other.into_iter().next()))
    }

    /// Whether anything is in an experiment.
    pub fn is_in_use(&mut self, id: ExperimentId) -> Result<bool, Unwritten> {
        let runs = run::table.filter(run::experiment_id.eq(id.0));
        let models = logged_model::table.filter(logged_model::experiment_id.eq(id.0));
        let runs: bool = diesel::select(diesel::dsl::exists(runs)).get_result(self.db)?;
        let models: bool = diesel::select(diesel::dsl::exists(models)).get_result(self.db)?;
        Ok(runs || models)
    }

    /// Refuses what this database cannot hold of an experiment.
    pub fn check_experiment(&self, new: &Experiment) -> Result<(), Unwritten> {
        self.check([
            ("experiment.name", &*new.name, "its name"),
            (
                "experiment.artifact_location",
                &new.artifact_location,
                "its artifact location",
            ),
        ])?;
        self.check_tags("experiment_tag", &new.tags)
    }

    /// Puts an experiment in, in the place of what has its number.
    ///
    /// Refused when another one has its name.
    pub fn put_experiment(&mut self, new: &Experiment) -> Result<(), Unwritten> {
        Ok(self.replace(new)?)
    }

    fn replace(&mut self, new: &Experiment) -> DbResult<()> {
        let values = (
            experiment::name.eq(&new.name),
            experiment::artifact_location.eq(&new.artifact_location),
            experiment::stage.eq(new.stage as i16),
            experiment::creation_time.eq(new.creation_time),
            experiment::last_update_time.eq(new.last_update_time),
        );
        let this = experiment::table.filter(experiment::id.eq(new.id.0));
        let known: bool = diesel::select(diesel::dsl::exists(this)).get_result(self.db)?;
        if known {
            diesel::update(this).set(values).execute(self.db)?;
            let tags = experiment_tag::table.filter(experiment_tag::experiment_id.eq(new.id.0));
            diesel::delete(tags).execute(self.db)?;
        } else {
            diesel::insert_into(experiment::table)
                .values((experiment::id.eq(new.id.0), values))
                .execute(self.db)?;
        }
        for tag in &new.tags {
            put_experiment_tag(self.db, new.id.0, &tag.key, &tag.value)?;
        }
        Ok(())
    }
}
