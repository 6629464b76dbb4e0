//! Logged models: what runs make, before anyone registers it.

mod create;
mod delete;
mod finalize;
mod get;
mod load;
mod params;
mod row;
pub(crate) mod search;
mod tags;
mod versions;

use diesel::prelude::*;
use tidemill_core::logged_models::not_found;

use crate::connection::DbConnection;
use crate::dialect;
use crate::error::DbResult;

pub(crate) use get::find_active;
pub(crate) use load::load;
pub(crate) use row::LoggedModelRow;

/// The row's id of the model with this id, which stays locked until the transaction ends.
fn lock(db: &mut DbConnection, id: &str) -> DbResult<i64> {
    let row = dialect::lock_logged_model(db, id).optional()?;
    Ok(row.ok_or_else(|| not_found(id))?)
}
