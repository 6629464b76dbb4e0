//! Registered models in, with their versions.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::ModelVersion;
use tidemill_core::transfer::CarriedModel;

use super::archive::carried_models;
use super::{Writing, done};
use crate::dialect::{insert_returning_id, set_aliases, set_model_tags, set_version_tags};
use crate::error::DbResult;
use crate::registry::{self, NewVersionRow};
use crate::schema::registered_model;

impl Writing<'_> {
    /// The registered model of this name.
    pub fn registered_model(&mut self, name: &str) -> Result<Option<CarriedModel>> {
        done(self.find_registered_model(name))
    }

    fn find_registered_model(&mut self, name: &str) -> DbResult<Option<CarriedModel>> {
        let ids: Vec<i64> = registered_model::table
            .filter(registered_model::name.eq(name))
            .select(registered_model::id)
            .load(self.db)?;
        Ok(carried_models(self.db, &ids)?.pop())
    }

    /// Puts a registered model in, in the place of what has its name.
    pub fn put_registered_model(&mut self, model: &CarriedModel) -> Result<()> {
        done(self.replace_model(model))
    }

    fn replace_model(&mut self, model: &CarriedModel) -> DbResult<()> {
        let there: Option<i64> = registered_model::table
            .filter(registered_model::name.eq(&model.name))
            .select(registered_model::id)
            .first(self.db)
            .optional()?;
        if let Some(id) = there {
            registry::delete_model(self.db, id)?;
        }
        let row = (
            registered_model::name.eq(&model.name),
            registered_model::creation_time.eq(model.creation_time),
            registered_model::last_updated_time.eq(model.last_updated_time),
            registered_model::description.eq(&model.description),
            registered_model::last_version.eq(model.last_version),
        );
        let id = insert_returning_id!(self.db, registered_model, row)?;
        let tags = model.tags.iter().map(|tag| (id, &*tag.key, &*tag.value));
        set_model_tags(self.db, &tags.collect::<Vec<_>>())?;
        let aliases = model
            .aliases
            .iter()
            .map(|alias| (id, &*alias.alias, alias.version));
        set_aliases(self.db, &aliases.collect::<Vec<_>>())?;
        for version in &model.versions {
            self.add_version(id, version)?;
        }
        Ok(())
    }

    fn add_version(&mut self, model: i64, version: &ModelVersion) -> DbResult<()> {
        let row = NewVersionRow {
            model_id: model,
            version: version.version,
            creation_time: version.creation_time,
            last_updated_time: version.last_updated_time,
            description: version.description.as_deref(),
            user_id: version.user_id.as_deref(),
            stage: Some(version.stage as i16),
            source: &version.source,
            storage_location: version.storage_location.as_deref(),
            run_uuid: &version.run_id,
            run_link: &version.run_link,
            status: version.status as i16,
            status_message: version.status_message.as_deref(),
            logged_model_uuid: version.model_id.as_deref(),
        };
        let id = insert_returning_id!(self.db, model_version, &row)?;
        let tags = version.tags.iter().map(|tag| (id, &*tag.key, &*tag.value));
        set_version_tags(self.db, &tags.collect::<Vec<_>>())
    }
}
