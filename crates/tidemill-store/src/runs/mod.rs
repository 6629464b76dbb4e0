//! Runs: their rows, and one file for each thing that is done with them.

mod create;
mod delete;
mod delete_tag;
mod get;
mod inputs;
mod load;
pub(crate) mod log_batch;
mod log_metric;
mod log_param;
mod outputs;
mod record_logged_model;
mod restore;
mod row;
pub(crate) mod search;
mod set_tag;
pub(crate) mod update;

use diesel::prelude::*;
use tidemill_core::runs::{self, RunId};

use crate::connection::DbConnection;
use crate::dialect::{self, Lock};
use crate::error::DbResult;
use crate::schema::run;

pub(crate) use load::load;
pub(crate) use row::RunRow;

/// The row of a run in any stage.
pub(crate) fn find(db: &mut DbConnection, id: &RunId) -> DbResult<RunRow> {
    run::table
        .filter(run::uuid.eq(id.as_str()))
        .select(RunRow::as_select())
        .get_result(db)
        .optional()?
        .ok_or_else(|| runs::not_found(id).into())
}

/// The row of a run that may be written to; it stays so until the transaction ends.
pub(crate) fn writable(db: &mut DbConnection, id: &RunId, lock: Lock) -> DbResult<RunRow> {
    let row = dialect::lock_run(db, id.as_str(), lock)
        .optional()?
        .ok_or_else(|| runs::not_found(id))?;
    runs::check_active(id, row.stage()?)?;
    Ok(row)
}
