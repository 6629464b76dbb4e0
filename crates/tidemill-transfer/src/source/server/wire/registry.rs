//! Registered models and versions as servers answer them.

use serde::Deserialize;
use tidemill_core::registry::{self, Alias, Stage, VersionStatus};
use tidemill_core::transfer::CarriedModel;

use super::{Int, KeyValue, Why, filled, first_per_key, time, to_tags, unknown};

#[derive(Deserialize)]
pub(in crate::source::server) struct RegisteredModel {
    name: String,
    creation_timestamp: Option<Int>,
    last_updated_timestamp: Option<Int>,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<KeyValue>,
    #[serde(default)]
    aliases: Vec<WireAlias>,
}

#[derive(Deserialize)]
struct WireAlias {
    alias: String,
    version: Int,
}

#[derive(Deserialize)]
pub(in crate::source::server) struct ModelVersion {
    name: String,
    version: Int,
    creation_timestamp: Option<Int>,
    last_updated_timestamp: Option<Int>,
    user_id: Option<String>,
    current_stage: Option<String>,
    description: Option<String>,
    #[serde(default)]
    source: String,
    run_id: Option<String>,
    run_link: Option<String>,
    status: Option<String>,
    status_message: Option<String>,
    model_id: Option<String>,
    #[serde(default)]
    tags: Vec<KeyValue>,
}

impl RegisteredModel {
    /// The model without its versions.
    pub(in crate::source::server) fn into_core(self) -> Result<CarriedModel, Why> {
        let creation_time = time("creation time", self.creation_timestamp)?.unwrap_or(0);
        let updated = time("update time", self.last_updated_timestamp)?;
        let aliases = self.aliases.into_iter().map(|alias| Alias {
            alias: alias.alias,
            version: alias.version.0,
        });
        Ok(CarriedModel {
            name: filled("name", self.name)?,
            creation_time,
            last_updated_time: updated.unwrap_or(creation_time),
            description: self.description,
            tags: to_tags(self.tags),
            aliases: first_per_key(aliases, |alias| alias.alias.clone()),
            versions: Vec::new(),
            last_version: 0,
        })
    }
}

impl ModelVersion {
    /// The version; where the files of a copy are is told by another answer.
    pub(in crate::source::server) fn into_core(self) -> Result<registry::ModelVersion, Why> {
        if self.version.0 < 1 {
            return Err(format!("its number is not positive: {}", self.version.0));
        }
        let creation_time = time("creation time", self.creation_timestamp)?.unwrap_or(0);
        let updated = time("update time", self.last_updated_timestamp)?;
        Ok(registry::ModelVersion {
            name: filled("name", self.name)?,
            version: self.version.0,
            creation_time,
            last_updated_time: updated.unwrap_or(creation_time),
            description: self.description,
            user_id: self.user_id,
            stage: stage(self.current_stage.as_deref())?,
            source: self.source,
            storage_location: None,
            run_id: self.run_id,
            run_link: self.run_link,
            status: status(self.status.as_deref())?,
            status_message: self.status_message.filter(|message| !message.is_empty()),
            model_id: self.model_id.filter(|id| !id.is_empty()),
            tags: to_tags(self.tags),
            aliases: Vec::new(),
        })
    }
}

fn stage(word: Option<&str>) -> Result<Stage, Why> {
    match word {
        None | Some("") => Ok(Stage::None),
        Some(word) => Stage::parse(word).map_err(|_| unknown("stage", word)),
    }
}

fn status(word: Option<&str>) -> Result<VersionStatus, Why> {
    match word {
        None | Some("" | "READY") => Ok(VersionStatus::Ready),
        Some("PENDING_REGISTRATION") => Ok(VersionStatus::PendingRegistration),
        Some("FAILED_REGISTRATION") => Ok(VersionStatus::FailedRegistration),
        Some(word) => Err(unknown("status", word)),
    }
}
