//! Making a registered model.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::models::name_taken;
use tidemill_core::registry::{NewRegisteredModel, RegisteredModel};
use tidemill_core::tags::Tag;

use crate::Store;
use crate::clock;
use crate::connection::DbConnection;
use crate::dialect::{self, insert_returning_id};
use crate::error::{DbResult, unique};
use crate::schema::{registered_model, registered_model_tag};

impl Store {
    /// Makes a registered model. A taken name is `AlreadyExists`, in words that tell models
    /// from prompts.
    pub async fn create_registered_model(
        &self,
        new: NewRegisteredModel,
    ) -> Result<RegisteredModel> {
        self.write(move |db| create(db, &new)).await
    }
}

fn create(db: &mut DbConnection, new: &NewRegisteredModel) -> DbResult<RegisteredModel> {
    if let Some(id) = find_id(db, &new.name)? {
        return Err(name_taken(new, &tags(db, id)?).into());
    }
    let now = clock::now();
    let row = (
        registered_model::name.eq(&new.name),
        registered_model::creation_time.eq(now),
        registered_model::last_updated_time.eq(now),
        registered_model::description.eq(new.description.as_deref()),
        registered_model::last_version.eq(0),
    );
    let id = insert_returning_id!(db, registered_model, row)
        .map_err(unique(|| name_taken(new, &new.tags)))?;
    let tags: Vec<_> = new
        .tags
        .iter()
        .map(|tag| (id, tag.key.as_str(), tag.value.as_str()))
        .collect();
    dialect::set_model_tags(db, &tags)?;
    Ok(created(new, now))
}

fn created(new: &NewRegisteredModel, now: i64) -> RegisteredModel {
    RegisteredModel {
        name: new.name.clone(),
        creation_time: now,
        last_updated_time: now,
        description: new.description.clone(),
        latest_versions: Vec::new(),
        tags: new.tags.clone(),
        aliases: Vec::new(),
    }
}

fn find_id(db: &mut DbConnection, name: &str) -> DbResult<Option<i64>> {
    Ok(registered_model::table
        .filter(registered_model::name.eq(name))
        .select(registered_model::id)
        .first(db)
        .optional()?)
}

fn tags(db: &mut DbConnection, model: i64) -> DbResult<Vec<Tag>> {
    let rows: Vec<(String, String)> = registered_model_tag::table
        .filter(registered_model_tag::model_id.eq(model))
        .select((registered_model_tag::name, registered_model_tag::value))
        .load(db)?;
    Ok(rows
        .into_iter()
        .map(|(key, value)| Tag { key, value })
        .collect())
}
