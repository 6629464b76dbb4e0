//! Deleting a version.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::models::check_name;
use tidemill_core::registry::versions::not_found;

use super::find;
use crate::Store;
use crate::clock;
use crate::connection::DbConnection;
use crate::dialect;
use crate::error::DbResult;
use crate::schema::{model_version, registered_model_alias};

impl Store {
    /// Deletes a version and its aliases. What stays is a row without a stage and without
    /// anything that tells where the version came from.
    pub async fn delete_model_version(&self, name: String, version: i64) -> Result<()> {
        check_name(&name)?;
        self.write(move |db| delete(db, &name, version)).await
    }
}

fn delete(db: &mut DbConnection, name: &str, version: i64) -> DbResult<()> {
    let now = clock::now();
    let model = dialect::touch_model(db, name, now)?.ok_or_else(|| not_found(name, version))?;
    let row = find(db, name, version)?;
    diesel::delete(
        registered_model_alias::table
            .filter(registered_model_alias::model_id.eq(model))
            .filter(registered_model_alias::version.eq(version)),
    )
    .execute(db)?;
    redact(db, row.id, now)
}

fn redact(db: &mut DbConnection, version: i64, now: i64) -> DbResult<()> {
    diesel::update(model_version::table.find(version))
        .set((
            model_version::stage.eq(None::<i16>),
            model_version::last_updated_time.eq(now),
            model_version::description.eq(None::<&str>),
            model_version::user_id.eq(None::<&str>),
            model_version::source.eq(""),
            model_version::storage_location.eq(None::<&str>),
            model_version::run_uuid.eq(None::<&str>),
            model_version::run_link.eq(None::<&str>),
            model_version::status_message.eq(None::<&str>),
            model_version::logged_model_uuid.eq(None::<&str>),
        ))
        .execute(db)?;
    Ok(())
}
