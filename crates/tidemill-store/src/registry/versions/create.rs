//! Making a version.

use tidemill_core::Result;
use tidemill_core::registry::models::not_found;
use tidemill_core::registry::{ModelVersion, NewModelVersion, Stage, VersionStatus};

use super::super::row::NewVersionRow;
use crate::Store;
use crate::clock;
use crate::connection::DbConnection;
use crate::dialect::{self, insert_returning_id};
use crate::error::DbResult;

impl Store {
    /// Makes the next version of a registered model, which must exist. The version is ready at
    /// once, and the model counts as updated.
    pub async fn create_model_version(&self, new: NewModelVersion) -> Result<ModelVersion> {
        self.write(move |db| create(db, &new)).await
    }
}

fn create(db: &mut DbConnection, new: &NewModelVersion) -> DbResult<ModelVersion> {
    let now = clock::now();
    let (model, version) =
        dialect::next_version(db, &new.name, now)?.ok_or_else(|| not_found(&new.name))?;
    let row = NewVersionRow {
        model_id: model,
        version,
        creation_time: now,
        last_updated_time: now,
        description: new.description.as_deref(),
        user_id: None,
        stage: Some(Stage::None as i16),
        source: &new.source,
        storage_location: new.storage_location.as_deref(),
        run_uuid: Some(&new.run_id),
        run_link: Some(&new.run_link),
        status: VersionStatus::Ready as i16,
        status_message: None,
        logged_model_uuid: new.model_id.as_deref(),
    };
    let id = insert_returning_id!(db, model_version, row)?;
    let tags: Vec<_> = new
        .tags
        .iter()
        .map(|tag| (id, tag.key.as_str(), tag.value.as_str()))
        .collect();
    dialect::set_version_tags(db, &tags)?;
    Ok(created(new, version, now))
}

fn created(new: &NewModelVersion, version: i64, now: i64) -> ModelVersion {
    ModelVersion {
        name: new.name.clone(),
        version,
        creation_time: now,
        last_updated_time: now,
        description: new.description.clone(),
        user_id: None,
        stage: Stage::None,
        source: new.source.clone(),
        storage_location: new.storage_location.clone(),
        run_id: Some(new.run_id.clone()),
        run_link: Some(new.run_link.clone()),
        status: VersionStatus::Ready,
        status_message: None,
        model_id: new.model_id.clone(),
        tags: new.tags.clone(),
        aliases: Vec::new(),
    }
}
