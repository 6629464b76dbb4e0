//! Resolving `models:/…` sources to the versions they name.

use diesel::dsl::max;
use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::models::check_name;
use tidemill_core::registry::{
    ModelVersion, Original, Reference, Stage, aliases as alias_rules, prompts,
    versions as version_rules,
};
use tidemill_core::storage_uri::VersionSelector;

use super::load::load_version;
use super::{aliases, load_models, models, versions};
use crate::Store;
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::model_version;

impl Store {
    /// The version that a source names. Versions of prompts are refused.
    pub async fn resolve_reference(&self, reference: Reference) -> Result<Original> {
        check_name(&reference.name)?;
        self.read(move |db| resolve(db, &reference)).await
    }
}

fn resolve(db: &mut DbConnection, reference: &Reference) -> DbResult<ModelVersion> {
    let name = &reference.name;
    let row = models::find(db, name)?;
    let model = row.id;
    for loaded in load_models(db, vec![row])? {
        if prompts::is_prompt(&loaded.tags) {
            return Err(reference.is_to_a_prompt().into());
        }
    }
    let number = match &reference.selector {
        VersionSelector::Number(digits) => Some(version_rules::number(name, digits)?),
        VersionSelector::Latest => aliases::highest(db, model)?,
        VersionSelector::Stage(stage) => newest_in(db, model, Stage::parse(stage)?)?,
        VersionSelector::Alias(alias) => {
            alias_rules::check(alias)?;
            return aliases::by_alias(db, name, alias);
        }
    };
    let number = number.ok_or_else(|| reference.matches_nothing())?;
    let row = versions::find(db, name, number)?;
    load_version(db, row)
}

fn newest_in(db: &mut DbConnection, model: i64, stage: Stage) -> DbResult<Option<i64>> {
    Ok(model_version::table
        .filter(model_version::model_id.eq(model))
        .filter(model_version::stage.eq(stage as i16))
        .select(max(model_version::version))
        .first(db)?)
}
