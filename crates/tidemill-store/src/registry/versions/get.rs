//! Reading one version.

use tidemill_core::Result;
use tidemill_core::registry::ModelVersion;
use tidemill_core::registry::models::check_name;

use super::super::load::load_version;
use super::find;
use crate::Store;

impl Store {
    /// The version with this number, with its aliases.
    pub async fn get_model_version(&self, name: String, version: i64) -> Result<ModelVersion> {
        check_name(&name)?;
        self.read(move |db| {
            let row = find(db, &name, version)?;
            load_version(db, row)
        })
        .await
    }

    /// Where the version's files are; for a copy, where the original's are.
    pub async fn get_model_version_download_uri(
        &self,
        name: String,
        version: i64,
    ) -> Result<String> {
        check_name(&name)?;
        self.read(move |db| {
            let row = find(db, &name, version)?;
            Ok(row.storage_location.unwrap_or(row.source))
        })
        .await
    }
}
