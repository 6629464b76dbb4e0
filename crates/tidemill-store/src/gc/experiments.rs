//! Purging experiments.

use diesel::dsl::exists;
use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::transfer;

use super::remove::remove_notes;
use super::{BATCH, Scope};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::{self, Lock};
use crate::error::DbResult;
use crate::schema::{dataset, experiment, experiment_tag, logged_model, run};

const DELETED: i16 = LifecycleStage::Deleted as i16;

/// A deleted experiment that may be purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredExperiment {
    /// Its number.
    pub id: ExperimentId,
    /// Its name.
    pub name: String,
    /// Where its artifacts are.
    pub location: String,
}

/// What became of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purged {
    /// It is gone, with this many datasets that no run had read.
    Gone {
        /// How many.
        datasets: u64,
    },
    /// It is not deleted any more, or somebody has purged it.
    NoLonger,
    /// Something is in it.
    NotEmpty,
}

impl Store {
    /// Up to [`BATCH`] experiments after a number that were deleted long enough ago.
    pub async fn expired_experiments(
        &self,
        scope: Scope,
        after: i64,
    ) -> Result<Vec<ExpiredExperiment>> {
        if !scope.is_everything() && scope.experiments.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |db| {
            let rows: Vec<(i64, String, String)> = experiment::table
                .filter(experiment::id.gt(after))
                .filter(experiment::stage.eq(DELETED))
                .filter(experiment::last_update_time.le(scope.cutoff))
                .order(experiment::id)
                .select((
                    experiment::id,
                    experiment::name,
                    experiment::artifact_location,
                ))
                .load(db)?;
            let wanted =
                |id: i64| scope.is_everything() || scope.experiments.contains(&ExperimentId(id));
            Ok(rows
                .into_iter()
                .filter(|(id, ..)| wanted(*id))
                .take(BATCH)
                .map(|(id, name, location)| ExpiredExperiment {
                    id: ExperimentId(id),
                    name,
                    location,
                })
                .collect())
        })
        .await
    }

    /// How many runs and logged models are in an experiment.
    pub async fn count_contents(&self, id: ExperimentId) -> Result<u64> {
        self.read(move |db| {
            let runs = run::table.filter(run::experiment_id.eq(id.0)).count();
            let runs: i64 = runs.get_result(db)?;
            let models = logged_model::table.filter(logged_model::experiment_id.eq(id.0));
            let models: i64 = models.count().get_result(db)?;
            Ok((runs + models).unsigned_abs())
        })
        .await
    }

    /// Removes a deleted experiment in which nothing is left.
    pub async fn purge_experiment(&self, id: ExperimentId, cutoff: i64) -> Result<Purged> {
        self.write(move |db| purge(db, id, cutoff)).await
    }
}

fn purge(db: &mut DbConnection, id: ExperimentId, cutoff: i64) -> DbResult<Purged> {
    let Some(row) = dialect::lock_experiment(db, id.0, Lock::Exclusive).optional()? else {
        return Ok(Purged::NoLonger);
    };
    if row.stage != DELETED || row.last_update_time > cutoff {
        return Ok(Purged::NoLonger);
    }
    let runs = run::table.filter(run::experiment_id.eq(id.0));
    let models = logged_model::table.filter(logged_model::experiment_id.eq(id.0));
    let has_runs: bool = diesel::select(exists(runs)).get_result(db)?;
    let has_models: bool = diesel::select(exists(models)).get_result(db)?;
    if has_runs || has_models {
        return Ok(Purged::NotEmpty);
    }
    let tags = experiment_tag::table.filter(experiment_tag::experiment_id.eq(id.0));
    diesel::delete(tags).execute(db)?;
    let datasets = dataset::table.filter(dataset::experiment_id.eq(id.0));
    let datasets = diesel::delete(datasets).execute(db)? as u64;
    diesel::delete(experiment::table.find(id.0)).execute(db)?;
    remove_notes(db, transfer::Kind::Experiment, &[id.to_string()])?;
    Ok(Purged::Gone { datasets })
}
