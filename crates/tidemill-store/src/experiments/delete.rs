//! Moving experiments to the bin.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::experiments::{ExperimentId, not_found};
use tidemill_core::lifecycle::LifecycleStage;

use crate::Store;
use crate::clock::now;
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::{experiment, run};

impl Store {
    /// Moves an active experiment and all of its runs to the bin. `NotFound` when it is there
    /// already.
    pub async fn delete_experiment(&self, id: ExperimentId) -> Result<()> {
        self.write(move |db| delete(db, id)).await
    }
}

/// Runs that were in the bin before count as deleted now, as in MLflow: the time since then
/// is what a clean-up goes by.
fn delete(db: &mut DbConnection, id: ExperimentId) -> DbResult<()> {
    let now = now();
    move_to(db, id, LifecycleStage::Deleted, now)?;
    let runs = run::table
        .filter(run::experiment_id.eq(id.0))
        .filter(run::stage.ne(LifecycleStage::PURGING));
    diesel::update(runs)
        .set((
            run::stage.eq(LifecycleStage::Deleted as i16),
            run::deleted_time.eq(now),
        ))
        .execute(db)?;
    Ok(())
}

/// Moves an experiment from the other stage to `stage`.
pub(super) fn move_to(
    db: &mut DbConnection,
    id: ExperimentId,
    stage: LifecycleStage,
    now: i64,
) -> DbResult<()> {
    let elsewhere = experiment::table
        .filter(experiment::id.eq(id.0))
        .filter(experiment::stage.ne(stage as i16));
    let moved = diesel::update(elsewhere)
        .set((
            experiment::stage.eq(stage as i16),
            experiment::last_update_time.eq(now),
        ))
        .execute(db)?;
    if moved == 0 {
        return Err(not_found(id).into());
    }
    Ok(())
}
