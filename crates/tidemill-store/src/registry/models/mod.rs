//! Registered models.

mod create;
mod delete;
mod get;
mod latest;
mod tags;
mod update;

use diesel::prelude::*;
use tidemill_core::registry::models::not_found;

use super::ModelRow;
use crate::connection::DbConnection;
use crate::dialect;
use crate::error::DbResult;
use crate::schema::registered_model;

pub(crate) use delete::delete;
pub(super) use get::load_one;

/// The model with this name.
pub(super) fn find(db: &mut DbConnection, name: &str) -> DbResult<ModelRow> {
    let row = registered_model::table
        .filter(registered_model::name.eq(name))
        .select(ModelRow::as_select())
        .first(db)
        .optional()?;
    Ok(row.ok_or_else(|| not_found(name))?)
}

/// The id of the model with this name, which stays locked until the transaction ends.
pub(super) fn lock(db: &mut DbConnection, name: &str) -> DbResult<i64> {
    let id = dialect::lock_model(db, name).optional()?;
    Ok(id.ok_or_else(|| not_found(name))?)
}
