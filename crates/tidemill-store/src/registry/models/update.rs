//! Describing and renaming a registered model.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::RegisteredModel;
use tidemill_core::registry::models::{check_name, check_new_name, new_name_taken, not_found};

use super::{find, load_one};
use crate::Store;
use crate::clock;
use crate::connection::DbConnection;
use crate::dialect;
use crate::error::{DbResult, unique};
use crate::schema::{model_version, registered_model};

impl Store {
    /// Describes a registered model; without a description the old one is cleared.
    pub async fn update_registered_model(
        &self,
        name: String,
        description: Option<String>,
    ) -> Result<RegisteredModel> {
        check_name(&name)?;
        self.write(move |db| describe(db, &name, description.as_deref()))
            .await
    }

    /// Renames a registered model; its versions follow. A taken name is `AlreadyExists`.
    pub async fn rename_registered_model(
        &self,
        name: String,
        new_name: String,
    ) -> Result<RegisteredModel> {
        check_new_name(&new_name)?;
        check_name(&name)?;
        self.write(move |db| rename(db, &name, &new_name)).await
    }
}

fn describe(
    db: &mut DbConnection,
    name: &str,
    description: Option<&str>,
) -> DbResult<RegisteredModel> {
    diesel::update(registered_model::table.filter(registered_model::name.eq(name)))
        .set((
            registered_model::description.eq(description),
            registered_model::last_updated_time.eq(clock::now()),
        ))
        .execute(db)?;
    let row = find(db, name)?;
    load_one(db, row)
}

fn rename(db: &mut DbConnection, name: &str, new_name: &str) -> DbResult<RegisteredModel> {
    let now = clock::now();
    let model = dialect::touch_model(db, name, now)?.ok_or_else(|| not_found(name))?;
    diesel::update(registered_model::table.find(model))
        .set(registered_model::name.eq(new_name))
        .execute(db)
        .map_err(unique(|| new_name_taken(new_name)))?;
    diesel::update(model_version::table.filter(model_version::model_id.eq(model)))
        .set(model_version::last_updated_time.eq(now))
        .execute(db)?;
    let row = find(db, new_name)?;
    load_one(db, row)
}
