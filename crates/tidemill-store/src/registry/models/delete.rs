//! Deleting a registered model with everything that belongs to it.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::models::check_name;

use super::lock;
use crate::Store;
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::{
    model_version, model_version_tag, registered_model, registered_model_alias,
    registered_model_tag,
};

impl Store {
    /// Deletes a registered model, its versions, tags and aliases for good.
    pub async fn delete_registered_model(&self, name: String) -> Result<()> {
        check_name(&name)?;
        self.write(move |db| {
            let model = lock(db, &name)?;
            delete(db, model)
        })
        .await
    }
}

/// Removes a model with everything that is its own.
pub(crate) fn delete(db: &mut DbConnection, model: i64) -> DbResult<()> {
    let versions = model_version::table.filter(model_version::model_id.eq(model));
    diesel::delete(
        model_version_tag::table
            .filter(model_version_tag::version_id.eq_any(versions.select(model_version::id))),
    )
    .execute(db)?;
    diesel::delete(versions).execute(db)?;
    diesel::delete(
        registered_model_alias::table.filter(registered_model_alias::model_id.eq(model)),
    )
    .execute(db)?;
    diesel::delete(registered_model_tag::table.filter(registered_model_tag::model_id.eq(model)))
        .execute(db)?;
    diesel::delete(registered_model::table.find(model)).execute(db)?;
    Ok(())
}
