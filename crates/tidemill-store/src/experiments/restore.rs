//! Taking experiments out of the bin.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::LifecycleStage;

use super::delete::move_to;
use crate::Store;
use crate::clock::now;
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::run;

impl Store {
    /// Takes a deleted experiment out of the bin, and all of its runs, also those that were
    /// deleted before it. `NotFound` when it is not in the bin.
    pub async fn restore_experiment(&self, id: ExperimentId) -> Result<()> {
        self.write(move |db| restore(db, id)).await
    }
}

fn restore(db: &mut DbConnection, id: ExperimentId) -> DbResult<()> {
    move_to(db, id, LifecycleStage::Active, now())?;
    let deleted = run::table
        .filter(run::experiment_id.eq(id.0))
        .filter(run::stage.eq(LifecycleStage::Deleted as i16));
    diesel::update(deleted)
        .set((
            run::stage.eq(LifecycleStage::Active as i16),
            run::deleted_time.eq(None::<i64>),
        ))
        .execute(db)?;
    Ok(())
}
