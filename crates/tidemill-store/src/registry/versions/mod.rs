//! Versions of registered models.

mod create;
mod delete;
mod get;
mod tags;
mod transition;
mod update;

use diesel::prelude::*;
use tidemill_core::registry::versions::not_found;

use super::VersionRow;
use crate::connection::DbConnection;
use crate::dialect;
use crate::error::DbResult;
use crate::schema::{model_version, registered_model};

/// The version with this number of the model with this name, unless it was deleted.
pub(super) fn find(db: &mut DbConnection, name: &str, version: i64) -> DbResult<VersionRow> {
    let row = model_version::table
        .inner_join(registered_model::table)
        .filter(registered_model::name.eq(name))
        .filter(model_version::version.eq(version))
        .filter(model_version::stage.is_not_null())
        .select(VersionRow::as_select())
        .first(db)
        .optional()?;
    Ok(row.ok_or_else(|| not_found(name, version))?)
}

/// The same for writing to the version: its model stays locked until the transaction ends.
pub(super) fn find_locked(db: &mut DbConnection, name: &str, version: i64) -> DbResult<VersionRow> {
    dialect::lock_model(db, name)
        .optional()?
        .ok_or_else(|| not_found(name, version))?;
    find(db, name, version)
}
