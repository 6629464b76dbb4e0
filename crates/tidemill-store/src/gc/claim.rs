//! Claiming what is going to be purged, and giving it back.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use tidemill_core::Result;
use tidemill_core::lifecycle::LifecycleStage;

use super::Kind;
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::{Dialect, write_among};
use crate::error::DbResult;
use crate::search::sql::Sql;

const DELETED: i64 = LifecycleStage::Deleted as i64;
const PURGING: i64 = LifecycleStage::PURGING as i64;

impl Store {
    /// Claims those of these runs or logged models that are still deleted, and were so at the
    /// cut-off: from now on nobody brings them back. Answers their numbers, and those of what a
    /// purge that was stopped had claimed.
    pub async fn claim(&self, kind: Kind, numbers: Vec<i64>, cutoff: i64) -> Result<Vec<i64>> {
        self.write(move |db| claim(db, kind, &numbers, cutoff))
            .await
    }

    /// Gives up a claim: the thing is deleted as before, or in use as before.
    pub async fn release(&self, kind: Kind, number: i64, is_active: bool) -> Result<()> {
        let stage = match is_active {
            true => LifecycleStage::Active,
            false => LifecycleStage::Deleted,
        };
        self.write(move |db| {
            let mut sql = update(kind, stage as i64);
            sql.push(" WHERE id = ").int(number);
            sql.push(" AND stage = ").number(PURGING);
            sql.query::<Bool>().execute(db)?;
            Ok(())
        })
        .await
    }
}

fn claim(db: &mut DbConnection, kind: Kind, numbers: &[i64], cutoff: i64) -> DbResult<Vec<i64>> {
    let mut sql = update(kind, PURGING);
    sql.push(" WHERE ");
    write_among(&mut sql, Dialect::of(db), "id", numbers);
    match kind {
        // Those whose time of deletion is not known were chosen for another reason.
        Kind::Run => {
            sql.push(" AND stage = ").number(DELETED);
            sql.push(" AND (deleted_time IS NULL OR deleted_time <= ");
            sql.int(cutoff).push(")");
        }
        Kind::Model => {
            sql.push(" AND ((stage = ").number(DELETED);
            sql.push(" AND last_updated_time <= ").int(cutoff);
            sql.push(") OR (stage <> ").number(PURGING);
            sql.push(" AND experiment_id IN (SELECT e.id FROM experiment e WHERE e.stage = ");
            sql.number(DELETED).push(" AND e.last_update_time <= ");
            sql.int(cutoff).push(")))");
        }
    }
    sql.query::<Bool>().execute(db)?;
    claimed(db, kind, numbers)
}

/// Which of these are claimed; their rows stay as they are until the transaction ends.
pub(super) fn claimed(db: &mut DbConnection, kind: Kind, numbers: &[i64]) -> DbResult<Vec<i64>> {
    let mut lock = update(kind, PURGING);
    lock.push(" WHERE ");
    write_claimed(&mut lock, db, numbers);
    lock.query::<Bool>().execute(db)?;
    let mut sql = Sql::default();
    sql.push(match kind {
        Kind::Run => "SELECT id FROM run WHERE ",
        Kind::Model => "SELECT id FROM logged_model WHERE ",
    });
    write_claimed(&mut sql, db, numbers);
    Ok(sql.query::<BigInt>().load(db)?)
}

fn write_claimed(sql: &mut Sql, db: &DbConnection, numbers: &[i64]) {
    write_among(sql, Dialect::of(db), "id", numbers);
    sql.push(" AND stage = ").number(PURGING);
}

fn update(kind: Kind, stage: i64) -> Sql {
    let mut sql = Sql::default();
    sql.push(match kind {
        Kind::Run => "UPDATE run SET stage = ",
        Kind::Model => "UPDATE logged_model SET stage = ",
    });
    sql.number(stage);
    sql
}
