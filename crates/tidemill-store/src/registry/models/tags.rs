//! Tags of registered models.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::models::check_name;
use tidemill_core::registry::{check_model_tag, check_tag_key};
use tidemill_core::tags::Tag;

use super::lock;
use crate::Store;
use crate::dialect;
use crate::schema::registered_model_tag;

impl Store {
    /// Sets a tag of a registered model.
    pub async fn set_registered_model_tag(&self, name: String, tag: Tag) -> Result<()> {
        check_name(&name)?;
        check_model_tag(&tag)?;
        self.write(move |db| {
            let model = lock(db, &name)?;
            dialect::set_model_tags(db, &[(model, &tag.key, &tag.value)])
        })
        .await
    }

    /// Deletes a tag of a registered model; one that is not there is fine.
    pub async fn delete_registered_model_tag(&self, name: String, key: String) -> Result<()> {
        check_name(&name)?;
        check_tag_key(&key)?;
        self.write(move |db| {
            let model = lock(db, &name)?;
            diesel::delete(registered_model_tag::table.find((model, &key))).execute(db)?;
            Ok(())
        })
        .await
    }
}
