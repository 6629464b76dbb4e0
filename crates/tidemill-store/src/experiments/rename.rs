//! Renaming experiments.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::experiments::{ExperimentId, check_name, check_renamable, name_taken};

use crate::Store;
use crate::clock::now;
use crate::connection::DbConnection;
use crate::dialect::Lock;
use crate::error::{DbResult, unique};
use crate::schema::experiment;

impl Store {
    /// Gives an active experiment another name. Its own is fine; one that belongs to another
    /// experiment, active or deleted, is a `BadRequest`. A deleted experiment keeps its name
    /// (`InvalidState`).
    pub async fn rename_experiment(&self, id: ExperimentId, name: String) -> Result<()> {
        check_name(&name)?;
        self.write(move |db| rename(db, id, &name)).await
    }
}

fn rename(db: &mut DbConnection, id: ExperimentId, name: &str) -> DbResult<()> {
    let row = super::lock(db, id, Lock::Exclusive)?;
    check_renamable(row.stage()?)?;
    diesel::update(experiment::table.filter(experiment::id.eq(id.0)))
        .set((
            experiment::name.eq(name),
            experiment::last_update_time.eq(now()),
        ))
        .execute(db)
        .map_err(unique(|| name_taken(name)))?;
    Ok(())
}
