//! Tags of logged models.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::logged_models::tag_not_found;
use tidemill_core::tags::{Tag, last_per_key};

use super::lock;
use crate::Store;
use crate::dialect;
use crate::schema::logged_model_tag;

impl Store {
    /// Sets tags of a logged model; of a repeated key the last value counts.
    pub async fn set_logged_model_tags(&self, id: String, tags: Vec<Tag>) -> Result<()> {
        let tags = last_per_key(tags);
        self.write(move |db| {
            let model = lock(db, &id)?;
            let tags: Vec<_> = tags
                .iter()
                .map(|tag| (model, tag.key.as_str(), tag.value.as_str()))
                .collect();
            dialect::set_logged_model_tags(db, &tags)
        })
        .await
    }

    /// Deletes a tag of a logged model, which must be there.
    pub async fn delete_logged_model_tag(&self, id: String, key: String) -> Result<()> {
        self.write(move |db| {
            let model = lock(db, &id)?;
            let deleted =
                diesel::delete(logged_model_tag::table.find((model, &key))).execute(db)?;
            match deleted {
                0 => Err(tag_not_found(&id, &key).into()),
                _ => Ok(()),
            }
        })
        .await
    }
}
