//! Reading one logged model.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::logged_models::{LoggedModel, not_found};

use super::{LoggedModelRow, load};
use crate::Store;
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::logged_model;

impl Store {
    /// The logged model with this id, unless it is deleted.
    pub async fn get_logged_model(&self, id: String) -> Result<LoggedModel> {
        self.read(move |db| Ok(find_active(db, &id)?.ok_or_else(|| not_found(&id))?))
            .await
    }

    /// The logged model with this id, deleted or not.
    pub async fn get_logged_model_even_deleted(&self, id: String) -> Result<LoggedModel> {
        self.read(move |db| Ok(find(db, &id)?.ok_or_else(|| not_found(&id))?))
            .await
    }
}

/// The logged model with this id, if there is one that is not deleted.
pub(crate) fn find_active(db: &mut DbConnection, id: &str) -> DbResult<Option<LoggedModel>> {
    let row = find_row(db, id)?.filter(|row| row.stage == LifecycleStage::Active as i16);
    load_optional(db, row)
}

/// The logged model with this id, deleted or not.
pub(super) fn find(db: &mut DbConnection, id: &str) -> DbResult<Option<LoggedModel>> {
    let row = find_row(db, id)?;
    load_optional(db, row)
}

fn load_optional(
    db: &mut DbConnection,
    row: Option<LoggedModelRow>,
) -> DbResult<Option<LoggedModel>> {
    Ok(load(db, row.into_iter().collect())?.pop())
}

fn find_row(db: &mut DbConnection, id: &str) -> DbResult<Option<LoggedModelRow>> {
    Ok(logged_model::table
        .filter(logged_model::uuid.eq(id))
        .select(LoggedModelRow::as_select())
        .first(db)
        .optional()?)
}
