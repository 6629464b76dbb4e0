//! Moving runs to the bin.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::runs::{self, RunId};

use crate::Store;
use crate::clock::now;
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::run;

impl Store {
    /// Moves a run to the bin; one that is there already stays (`NotFound` for an unknown id).
    pub async fn delete_run(&self, id: RunId) -> Result<()> {
        self.write(move |db| move_to(db, &id, LifecycleStage::Deleted, Some(now())))
            .await
    }
}

/// Moves a run to `stage`, wherever it is; for one that is being purged it is too late.
pub(super) fn move_to(
    db: &mut DbConnection,
    id: &RunId,
    stage: LifecycleStage,
    deleted_time: Option<i64>,
) -> DbResult<()> {
    let this = run::table
        .filter(run::uuid.eq(id.as_str()))
        .filter(run::stage.ne(LifecycleStage::PURGING));
    let moved = diesel::update(this)
        .set((
            run::stage.eq(stage as i16),
            run::deleted_time.eq(deleted_time),
        ))
        .execute(db)?;
    if moved == 0 {
        return Err(runs::not_found(id).into());
    }
    Ok(())
}
