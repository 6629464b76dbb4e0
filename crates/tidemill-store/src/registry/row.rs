//! Rows of the registry's tables.

use diesel::prelude::*;
use tidemill_core::registry::{ModelVersion, Stage, VersionStatus};
use tidemill_core::tags::Tag;

use crate::error::{DbResult, known};
use crate::schema::{model_version, registered_model};

/// A registered model without tags, aliases and versions.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = registered_model)]
pub(crate) struct ModelRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) creation_time: i64,
    pub(crate) last_updated_time: i64,
    pub(crate) description: Option<String>,
}

/// A version without tags and aliases, with its model's name: select it from `model_version`
/// joined with `registered_model`, and leave out rows without a stage, which are deleted.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = model_version)]
pub(crate) struct VersionRow {
    pub(crate) id: i64,
    pub(crate) model_id: i64,
    #[diesel(select_expression = registered_model::name)]
    #[diesel(select_expression_type = registered_model::name)]
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) creation_time: i64,
    pub(crate) last_updated_time: i64,
    pub(crate) description: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) stage: Option<i16>,
    pub(crate) source: String,
    pub(crate) storage_location: Option<String>,
    pub(crate) run_uuid: Option<String>,
    pub(crate) run_link: Option<String>,
    pub(crate) status: i16,
    pub(crate) status_message: Option<String>,
    pub(crate) logged_model_uuid: Option<String>,
}

impl VersionRow {
    /// Its stage. A deleted version has none.
    pub(crate) fn stage(&self) -> DbResult<Stage> {
        known(
            "model_version.stage",
            self.stage.unwrap_or(-1),
            Stage::from_number,
        )
    }

    /// The version with these tags and aliases.
    pub(crate) fn into_version(
        self,
        tags: Vec<Tag>,
        aliases: Vec<String>,
    ) -> DbResult<ModelVersion> {
        let stage = self.stage()?;
        let status = known(
            "model_version.status",
            self.status,
            VersionStatus::from_number,
        )?;
        Ok(ModelVersion {
            name: self.name,
            version: self.version,
            creation_time: self.creation_time,
            last_updated_time: self.last_updated_time,
            description: self.description,
            user_id: self.user_id,
            stage,
            source: self.source,
            storage_location: self.storage_location,
            run_id: self.run_uuid,
            run_link: self.run_link,
            status,
            status_message: self.status_message,
            model_id: self.logged_model_uuid,
            tags,
            aliases,
        })
    }
}

/// A version to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = model_version, treat_none_as_default_value = false)]
pub(crate) struct NewVersionRow<'a> {
    pub(crate) model_id: i64,
    pub(crate) version: i64,
    pub(crate) creation_time: i64,
    pub(crate) last_updated_time: i64,
    pub(crate) description: Option<&'a str>,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) stage: Option<i16>,
    pub(crate) source: &'a str,
    pub(crate) storage_location: Option<&'a str>,
    pub(crate) run_uuid: Option<&'a str>,
    pub(crate) run_link: Option<&'a str>,
    pub(crate) status: i16,
    pub(crate) status_message: Option<&'a str>,
    pub(crate) logged_model_uuid: Option<&'a str>,
}
