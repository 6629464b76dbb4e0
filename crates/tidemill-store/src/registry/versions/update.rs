//! Describing a version.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::ModelVersion;
use tidemill_core::registry::models::check_name;

use super::super::load::load_version;
use super::find_locked;
use crate::Store;
use crate::clock;
use crate::schema::model_version;

impl Store {
    /// Describes a version; without a description the old one is cleared.
    pub async fn update_model_version(
        &self,
        name: String,
        version: i64,
        description: Option<String>,
    ) -> Result<ModelVersion> {
        check_name(&name)?;
        self.write(move |db| {
            let mut row = find_locked(db, &name, version)?;
            row.description = description.clone();
            row.last_updated_time = clock::now();
            diesel::update(model_version::table.find(row.id))
                .set((
                    model_version::description.eq(row.description.as_deref()),
                    model_version::last_updated_time.eq(row.last_updated_time),
                ))
                .execute(db)?;
            load_version(db, row)
        })
        .await
    }
}
