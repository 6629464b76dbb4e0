//! The newest version in each stage.

use tidemill_core::Result;
use tidemill_core::registry::models::check_name;
use tidemill_core::registry::{Alias, ModelVersion, Stage};

use super::{find, load_one};
use crate::Store;

impl Store {
    /// The newest version in each of these stages, or in each stage there is, with aliases.
    /// An empty list of stages means all, too.
    pub async fn latest_versions(
        &self,
        name: String,
        stages: Option<Vec<Stage>>,
    ) -> Result<Vec<ModelVersion>> {
        check_name(&name)?;
        let stages = stages
            .filter(|stages| !stages.is_empty())
            .unwrap_or_else(|| Stage::ALL.to_vec());
        self.read(move |db| {
            let row = find(db, &name)?;
            let model = load_one(db, row)?;
            let mut versions = model.latest_versions;
            versions.retain(|version| stages.contains(&version.stage));
            for version in &mut versions {
                version.aliases = names_of(version.version, &model.aliases);
            }
            Ok(versions)
        })
        .await
    }
}

fn names_of(version: i64, aliases: &[Alias]) -> Vec<String> {
    aliases
        .iter()
        .filter(|alias| alias.version == version)
        .map(|alias| alias.alias.clone())
        .collect()
}
