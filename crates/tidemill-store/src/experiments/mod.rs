//! Experiments: their rows, and one file for each thing that is done with them.

mod create;
mod delete;
mod get;
mod load;
mod rename;
mod restore;
mod row;
pub(crate) mod search;
mod tags;

use diesel::prelude::*;
use tidemill_core::experiments::{self, ExperimentId};

use crate::connection::DbConnection;
use crate::dialect::{self, Lock};
use crate::error::DbResult;
use crate::schema::experiment;

pub(crate) use load::load;
pub(crate) use row::ExperimentRow;

/// The row of an experiment in any stage.
pub(crate) fn find(db: &mut DbConnection, id: ExperimentId) -> DbResult<ExperimentRow> {
    experiment::table
        .filter(experiment::id.eq(id.0))
        .select(ExperimentRow::as_select())
        .get_result(db)
        .optional()?
        .ok_or_else(|| experiments::not_found(id).into())
}

/// The row of an experiment in any stage, which stays as it is until the transaction ends.
pub(crate) fn lock(db: &mut DbConnection, id: ExperimentId, lock: Lock) -> DbResult<ExperimentRow> {
    dialect::lock_experiment(db, id.0, lock)
        .optional()?
        .ok_or_else(|| experiments::not_found(id).into())
}

/// The row of an experiment that may be written to; it stays so until the transaction ends.
pub(crate) fn writable(
    db: &mut DbConnection,
    id: ExperimentId,
    lock: Lock,
) -> DbResult<ExperimentRow> {
    let row = self::lock(db, id, lock)?;
    experiments::check_active(id, row.stage()?)?;
    Ok(row)
}
