//! Registered models, prompts among them, with versions, tags and aliases.

use tidemill_core::registry::{ModelVersion, VersionStatus};
use tidemill_core::transfer::CarriedModel;

use super::rows::{NewAlias, NewRegisteredModel, NewRegisteredModelTag, NewVersion, NewVersionTag};
use super::{MlflowPage, WORKSPACE};
use crate::dialect::MlflowNumber;
use crate::mlflow::registry::DELETED;
use crate::unwritten::Unwritten;

impl MlflowPage<'_> {
    /// Adds a registered model. What a version says of a logged model beside its source has no
    /// column there.
    pub fn add_registered_model(&mut self, model: &CarriedModel) -> Result<(), Unwritten> {
        let description = model.description.as_deref().unwrap_or_default();
        self.limits
            .check("registered_models.name", &model.name, "its name")?;
        self.limits.check(
            "registered_models.description",
            description,
            "its description",
        )?;
        self.rows.registered_models.push(NewRegisteredModel {
            name: model.name.clone(),
            creation_time: model.creation_time,
            last_updated_time: model.last_updated_time,
            description: model.description.clone(),
            workspace: WORKSPACE,
        });
        for tag in &model.tags {
            let what = format_args!("its tag '{}'", tag.key);
            self.limits
                .check("registered_model_tags.key", &tag.key, what)?;
            self.limits
                .check("registered_model_tags.value", &tag.value, what)?;
            self.rows.grew(1, tag.value.len());
            self.rows.registered_model_tags.push(NewRegisteredModelTag {
                key: tag.key.clone(),
                value: tag.value.clone(),
                name: model.name.clone(),
                workspace: WORKSPACE,
            });
        }
        for alias in &model.aliases {
            let what = format_args!("its alias '{}'", alias.alias);
            self.limits
                .check("registered_model_aliases.alias", &alias.alias, what)?;
            self.rows.aliases.push(NewAlias {
                alias: alias.alias.clone(),
                version: self.number(alias.version, "its alias's version")?,
                name: model.name.clone(),
                workspace: WORKSPACE,
            });
        }
        for version in &model.versions {
            self.add_version(version)?;
        }
        self.add_last_version(model)?;
        Ok(self.rows.flush_if_many(self.db)?)
    }

    fn add_version(&mut self, version: &ModelVersion) -> Result<(), Unwritten> {
        let number = version.version;
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        for (column, text, what) in [
            ("description", &or_none(&version.description), "description"),
            ("user_id", &or_none(&version.user_id), "user"),
            ("source", &version.source, "source"),
            (
                "storage_location",
                &or_none(&version.storage_location),
                "storage location",
            ),
            ("run_id", &or_none(&version.run_id), "run"),
            ("run_link", &or_none(&version.run_link), "run link"),
            (
                "status_message",
                &or_none(&version.status_message),
                "status message",
            ),
        ] {
            let column = format!("model_versions.{column}");
            let what = format_args!("the {what} of version {number}");
            self.limits.check(&column, text, what)?;
        }
        let number = self.number(number, "the number of its version")?;
        self.add_version_tags(version, number)?;
        self.rows.grew(1, version.source.len());
        self.rows.versions.push(NewVersion {
            name: version.name.clone(),
            version: number,
            creation_time: version.creation_time,
            last_updated_time: version.last_updated_time,
            description: version.description.clone(),
            user_id: version.user_id.clone(),
            current_stage: version.stage.as_str(),
            source: Some(version.source.clone()),
            storage_location: version.storage_location.clone(),
            run_id: version.run_id.clone(),
            run_link: version.run_link.clone(),
            status: version.status.as_str(),
            status_message: version.status_message.clone(),
            workspace: WORKSPACE,
        });
        Ok(())
    }

    fn add_version_tags(
        &mut self,
        version: &ModelVersion,
        number: MlflowNumber,
    ) -> Result<(), Unwritten> {
        for tag in &version.tags {
            let what = format_args!("the tag '{}' of version {}", tag.key, version.version);
            self.limits
                .check("model_version_tags.key", &tag.key, what)?;
            self.limits
                .check("model_version_tags.value", &tag.value, what)?;
            self.rows.grew(1, tag.value.len());
            self.rows.version_tags.push(NewVersionTag {
                key: tag.key.clone(),
                value: tag.value.clone(),
                name: version.name.clone(),
                version: number,
                workspace: WORKSPACE,
            });
        }
        Ok(())
    }

    /// MLflow numbers a version after the highest row there is, so the last one that was deleted
    /// keeps a row, as MLflow leaves one behind itself.
    fn add_last_version(&mut self, model: &CarriedModel) -> Result<(), Unwritten> {
        let kept = model.versions.iter().map(|version| version.version).max();
        if model.last_version <= kept.unwrap_or(0) {
            return Ok(());
        }
        self.rows.versions.push(NewVersion {
            name: model.name.clone(),
            version: self.number(model.last_version, "the number of its last version")?,
            creation_time: model.last_updated_time,
            last_updated_time: model.last_updated_time,
            description: None,
            user_id: None,
            current_stage: DELETED,
            source: None,
            storage_location: None,
            run_id: None,
            run_link: None,
            status: VersionStatus::Ready.as_str(),
            status_message: None,
            workspace: WORKSPACE,
        });
        Ok(())
    }
}
