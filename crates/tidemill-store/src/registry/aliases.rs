//! Aliases of versions.

use diesel::dsl::max;
use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::ModelVersion;
use tidemill_core::registry::aliases::{self, check, check_settable, is_latest};
use tidemill_core::registry::models::check_name;

use super::load::load_version;
use super::{models, versions};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect;
use crate::error::DbResult;
use crate::schema::{model_version, registered_model_alias};

impl Store {
    /// Gives a version a name within its model; a name in use moves.
    pub async fn set_registered_model_alias(
        &self,
        name: String,
        alias: String,
        version: i64,
    ) -> Result<()> {
        check_name(&name)?;
        check_settable(&alias)?;
        self.write(move |db| {
            let model = versions::find_locked(db, &name, version)?.model_id;
            dialect::set_aliases(db, &[(model, &alias, version)])
        })
        .await
    }

    /// Takes a name away; one that is not there is fine.
    pub async fn delete_registered_model_alias(&self, name: String, alias: String) -> Result<()> {
        check_name(&name)?;
        check(&alias)?;
        self.write(move |db| {
            let model = models::lock(db, &name)?;
            diesel::delete(registered_model_alias::table.find((model, &alias))).execute(db)?;
            Ok(())
        })
        .await
    }

    /// The version with this name; `latest`, in any case, is the one with the highest number.
    /// An unknown alias is `InvalidParameter`, as MLflow has it.
    pub async fn get_model_version_by_alias(
        &self,
        name: String,
        alias: String,
    ) -> Result<ModelVersion> {
        check_name(&name)?;
        check(&alias)?;
        self.read(move |db| by_alias(db, &name, &alias)).await
    }
}

/// The version of a model with this alias.
pub(super) fn by_alias(db: &mut DbConnection, name: &str, alias: &str) -> DbResult<ModelVersion> {
    let model = models::find(db, name)?.id;
    let version = if is_latest(alias) {
        highest(db, model)?.ok_or_else(|| aliases::no_latest_version(name))?
    } else {
        named(db, model, alias)?.ok_or_else(|| aliases::not_found(alias))?
    };
    let row = versions::find(db, name, version)?;
    load_version(db, row)
}

/// The highest number of a model's versions.
pub(super) fn highest(db: &mut DbConnection, model: i64) -> DbResult<Option<i64>> {
    Ok(model_version::table
        .filter(model_version::model_id.eq(model))
        .filter(model_version::stage.is_not_null())
        .select(max(model_version::version))
        .first(db)?)
}

fn named(db: &mut DbConnection, model: i64, alias: &str) -> DbResult<Option<i64>> {
    Ok(registered_model_alias::table
        .find((model, alias))
        .select(registered_model_alias::version)
        .first(db)
        .optional()?)
}
