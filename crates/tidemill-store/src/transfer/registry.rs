//! Registered models in, with their versions.

use diesel::prelude::*;
use tidemill_core::registry::ModelVersion;
use tidemill_core::transfer::CarriedModel;

use super::Writing;
use super::archive::carried_models;
use crate::dialect::{insert_returning_id, set_aliases, set_model_tags, set_version_tags};
use crate::error::DbResult;
use crate::registry::{self, NewVersionRow};
use crate::schema::registered_model;
use crate::unwritten::Unwritten;

impl Writing<'_> {
    /// The registered model of this name.
    pub fn registered_model(&mut self, name: &str) -> Result<Option<CarriedModel>, Unwritten> {
        Ok(self.find_registered_model(name)?)
    }

    fn find_registered_model(&mut self, name: &str) -> DbResult<Option<CarriedModel>> {
        let ids: Vec<i64> = registered_model::table
            .filter(registered_model::name.eq(name))
            .select(registered_model::id)
            .load(self.db)?;
        Ok(carried_models(self.db, &ids)?.pop())
    }

    /// Puts a registered model in, in the place of what has its name. `last_version` does not go
    /// down: a number that was given is not given again.
    pub fn put_registered_model(&mut self, model: &CarriedModel) -> Result<(), Unwritten> {
        Ok(self.replace_model(model)?)
    }

    /// Refuses what this database cannot hold of a registered model.
    pub fn check_registered_model(&self, model: &CarriedModel) -> Result<(), Unwritten> {
        let description = model.description.as_deref().unwrap_or_default();
        self.check([
            ("registered_model.name", &*model.name, "its name"),
            (
                "registered_model.description",
                description,
                "its description",
            ),
        ])?;
        self.check_tags("registered_model_tag", &model.tags)?;
        let aliases = model.aliases.iter().map(|alias| &*alias.alias);
        self.check(aliases.map(|alias| ("registered_model_alias.alias", alias, "an alias")))?;
        let mut versions = model.versions.iter();
        versions.try_for_each(|version| self.check_version(version))
    }

    fn check_version(&self, version: &ModelVersion) -> Result<(), Unwritten> {
        let [description, user, location, run, link, message, model] = [
            &version.description,
            &version.user_id,
            &version.storage_location,
            &version.run_id,
            &version.run_link,
            &version.status_message,
            &version.model_id,
        ]
        .map(|text| text.as_deref().unwrap_or_default());
        self.check([
            ("model_version.description", description, "a description"),
            ("model_version.user_id", user, "a version's user"),
            ("model_version.source", &version.source, "a source"),
            (
                "model_version.storage_location",
                location,
                "a storage location",
            ),
            ("model_version.run_uuid", run, "a run's id"),
            ("model_version.run_link", link, "a run link"),
            ("model_version.status_message", message, "a status message"),
            (
                "model_version.logged_model_uuid",
                model,
                "a logged model's id",
            ),
        ])?;
        self.check_tags("model_version_tag", &version.tags)
    }

    /// Removes a registered model with its versions, if it is there.
    pub fn remove_registered_model(&mut self, name: &str) -> Result<(), Unwritten> {
        Ok(self.remove_model(name)?)
    }

    fn remove_model(&mut self, name: &str) -> DbResult<()> {
        let there: Option<i64> = registered_model::table
            .filter(registered_model::name.eq(name))
            .select(registered_model::id)
            .first(self.db)
            .optional()?;
        match there {
            Some(id) => registry::delete_model(self.db, id),
            None => Ok(()),
        }
    }

    fn replace_model(&mut self, model: &CarriedModel) -> DbResult<()> {
        let last_version: Option<i64> = registered_model::table
            .filter(registered_model::name.eq(&model.name))
            .select(registered_model::last_version)
            .first(self.db)
            .optional()?;
        self.remove_model(&model.name)?;
        let row = (
            registered_model::name.eq(&model.name),
            registered_model::creation_time.eq(model.creation_time),
            registered_model::last_updated_time.eq(model.last_updated_time),
            registered_model::description.eq(&model.description),
            registered_model::last_version.eq(model.last_version.max(last_version.unwrap_or(0))),
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
            run_uuid: version.run_id.as_deref(),
            run_link: version.run_link.as_deref(),
            status: version.status as i16,
            status_message: version.status_message.as_deref(),
            logged_model_uuid: version.model_id.as_deref(),
        };
        let id = insert_returning_id!(self.db, model_version, &row)?;
        let tags = version.tags.iter().map(|tag| (id, &*tag.key, &*tag.value));
        set_version_tags(self.db, &tags.collect::<Vec<_>>())
    }
}
