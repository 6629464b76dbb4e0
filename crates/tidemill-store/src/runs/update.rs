//! Changing a run's status, end time and name.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::runs::{RunId, RunInfo, RunStatus, RunUpdate};
use tidemill_core::tags::RUN_NAME;

use super::{RunRow, writable};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::{self, Lock};
use crate::error::DbResult;
use crate::keys::{Key, KeyCache, KeyKind, Keys};
use crate::schema::run;

impl Store {
    /// Changes an active run, and answers what it is now. A new name also becomes the tag
    /// `mlflow.runName`.
    pub async fn update_run(&self, id: RunId, update: RunUpdate) -> Result<RunInfo> {
        let cache = self.keys.clone();
        let ends = update.status.is_some_and(RunStatus::is_final);
        let (info, learned) = self
            .write(move |db| write(db, &cache, &id, &update))
            .await?;
        self.keys.learn(learned);
        if ends {
            self.sealing.run_ended(info.id.clone());
        }
        Ok(info)
    }
}

fn write(
    db: &mut DbConnection,
    cache: &KeyCache,
    id: &RunId,
    update: &RunUpdate,
) -> DbResult<(RunInfo, Vec<Key>)> {
    let mut row = writable(db, id, Lock::Exclusive)?;
    let mut keys = Keys::new(cache, row.experiment_id);
    row.status = update.status.map_or(row.status, |status| status as i16);
    row.end_time = update.end_time.or(row.end_time);
    diesel::update(run::table.filter(run::id.eq(row.id)))
        .set((run::status.eq(row.status), run::end_time.eq(row.end_time)))
        .execute(db)?;
    if let Some(name) = &update.name {
        rename(db, &mut keys, &mut row, name)?;
    }
    Ok((row.into_info()?, keys.learned()))
}

/// Gives a run another name, and the tag that mirrors it. An empty name changes neither, also
/// when it comes as the tag.
pub(crate) fn rename(
    db: &mut DbConnection,
    keys: &mut Keys<'_>,
    row: &mut RunRow,
    name: &str,
) -> DbResult<()> {
    if name.is_empty() {
        return Ok(());
    }
    diesel::update(run::table.filter(run::id.eq(row.id)))
        .set(run::name.eq(name))
        .execute(db)?;
    name.clone_into(&mut row.name);
    for number in keys.numbers(db, KeyKind::Tag, &[RUN_NAME])? {
        dialect::put_tags(db, row.id, &[(number, name)])?;
    }
    Ok(())
}
