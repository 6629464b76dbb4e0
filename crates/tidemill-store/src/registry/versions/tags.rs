//! Tags of versions.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::models::check_name;
use tidemill_core::registry::{check_tag_key, check_version_tag};
use tidemill_core::tags::Tag;

use super::find_locked;
use crate::Store;
use crate::dialect;
use crate::schema::model_version_tag;

impl Store {
    /// Sets a tag of a version.
    pub async fn set_model_version_tag(&self, name: String, version: i64, tag: Tag) -> Result<()> {
        check_name(&name)?;
        check_version_tag(&tag)?;
        self.write(move |db| {
            let row = find_locked(db, &name, version)?;
            dialect::set_version_tags(db, &[(row.id, &tag.key, &tag.value)])
        })
        .await
    }

    /// Deletes a tag of a version; one that is not there is fine.
    pub async fn delete_model_version_tag(
        &self,
        name: String,
        version: i64,
        key: String,
    ) -> Result<()> {
        check_name(&name)?;
        check_tag_key(&key)?;
        self.write(move |db| {
            let row = find_locked(db, &name, version)?;
            diesel::delete(model_version_tag::table.find((row.id, &key))).execute(db)?;
            Ok(())
        })
        .await
    }
}
