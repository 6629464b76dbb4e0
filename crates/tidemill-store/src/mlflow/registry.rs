//! Registered models with versions, tags and aliases, a page at a time. Prompts are registered
//! models too.

use std::collections::HashMap;

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::{Alias, ModelVersion, Stage, VersionStatus};
use tidemill_core::tags::Tag;
use tidemill_core::transfer::{CarriedModel, Fault};

use super::experiments::tag;
use super::tables::{Bytes, Pairs, Text, Whole, required, required_whole, span, text, whole_or_0};
use super::{MlflowDatabase, fault};
use crate::search::sql::Sql;

/// What MLflow calls the stage of a version that was deleted; the row stays, so that its number is
/// not used again.
pub(super) const DELETED: &str = "Deleted_Internal";

#[derive(Queryable)]
struct Row {
    name: Bytes,
    creation_time: Option<i64>,
    last_updated_time: Option<i64>,
    description: Bytes,
}

#[derive(Queryable)]
struct VersionRow {
    name: Bytes,
    version: Option<i64>,
    creation_time: Option<i64>,
    last_updated_time: Option<i64>,
    description: Bytes,
    user_id: Bytes,
    stage: Bytes,
    source: Bytes,
    storage_location: Bytes,
    run_id: Bytes,
    run_link: Bytes,
    status: Bytes,
    status_message: Bytes,
}

type VersionType = (
    Text,
    Whole,
    Whole,
    Whole,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
);
/// A name, and the number of the version that has it.
type AliasRow = (Bytes, Option<i64>);
type TagRow = (Bytes, Bytes, Bytes);
type VersionTagRow = (Bytes, Option<i64>, Bytes, Bytes);

impl MlflowDatabase {
    /// At most `limit` registered models from the one after `after` on, in the order in which the
    /// database sorts their names.
    pub fn registered_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<CarriedModel>> {
        let mut after = after.map(str::to_owned);
        loop {
            let rows = self.registered_rows(after.as_deref(), limit)?;
            let names = rows.iter().map(|row| &row.name);
            let what = "registered models";
            let Some((first, last)) = span(what, names, after.as_deref(), faults) else {
                return Ok(Vec::new());
            };
            let models = self.complete_models((&first, &last), rows, faults)?;
            if !models.is_empty() {
                return Ok(models);
            }
            after = Some(last);
        }
    }

    fn registered_rows(&mut self, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        let mut select = self.tables.select(self.dialect(), "registered_models");
        select.text("name").whole("creation_time");
        select.whole("last_updated_time").text("description");
        let mut sql = select.here();
        if let Some(after) = after {
            sql.push(" AND name > ").text(after);
        }
        sql.push(" ORDER BY name LIMIT ");
        sql.number(i64::try_from(limit).unwrap_or(i64::MAX));
        sql.query::<(Text, Whole, Whole, Text)>()
            .load(&mut self.db)
            .map_err(fault)
    }

    fn complete_models(
        &mut self,
        span: (&str, &str),
        rows: Vec<Row>,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<CarriedModel>> {
        let mut tags = self.registered_tags(span)?;
        let mut aliases = self.aliases(span)?;
        let mut versions = self.versions(span, faults)?;
        let mut models = Vec::with_capacity(rows.len());
        for row in rows {
            let name = row.name.clone().unwrap_or_default();
            let model = row.model().and_then(|mut model| {
                for (key, value) in tags.remove(&name).unwrap_or_default() {
                    model.tags.push(tag(key, value)?);
                }
                for (alias, version) in aliases.remove(&name).unwrap_or_default() {
                    model.aliases.push(Alias {
                        alias: required(alias, "alias")?,
                        version: required_whole(version, "alias's version")?,
                    });
                }
                let versions = versions.remove(&name).unwrap_or_default();
                model.last_version = versions.last_version;
                model.versions = versions.kept;
                Ok(model)
            });
            match model {
                Ok(model) => models.push(model),
                Err(why) => {
                    let name = String::from_utf8_lossy(&name);
                    faults.push(Fault::new(format!("registered model {name}"), why));
                }
            }
        }
        Ok(models)
    }

    fn registered_tags(&mut self, span: (&str, &str)) -> Result<HashMap<Vec<u8>, Pairs>> {
        let mut select = self.tables.select(self.dialect(), "registered_model_tags");
        select.text("name").text("key").text("value");
        let mut sql = select.here();
        between(&mut sql, span);
        let rows: Vec<TagRow> = sql
            .query::<(Text, Text, Text)>()
            .load(&mut self.db)
            .map_err(fault)?;
        let mut tags: HashMap<_, Vec<_>> = HashMap::new();
        for (name, key, value) in rows {
            tags.entry(name.unwrap_or_default())
                .or_default()
                .push((key, value));
        }
        Ok(tags)
    }

    fn aliases(&mut self, span: (&str, &str)) -> Result<HashMap<Vec<u8>, Vec<AliasRow>>> {
        let mut aliases: HashMap<_, Vec<_>> = HashMap::new();
        if self.tables.named("registered_model_aliases").is_none() {
            return Ok(aliases);
        }
        let mut select = self
            .tables
            .select(self.dialect(), "registered_model_aliases");
        select.text("name").text("alias").whole("version");
        let mut sql = select.here();
        between(&mut sql, span);
        let rows: Vec<(Bytes, Bytes, Option<i64>)> = sql
            .query::<(Text, Text, Whole)>()
            .load(&mut self.db)
            .map_err(fault)?;
        for (name, alias, version) in rows {
            aliases
                .entry(name.unwrap_or_default())
                .or_default()
                .push((alias, version));
        }
        Ok(aliases)
    }

    fn versions(
        &mut self,
        span: (&str, &str),
        faults: &mut Vec<Fault>,
    ) -> Result<HashMap<Vec<u8>, Versions>> {
        let mut tags = self.version_tags(span)?;
        let mut select = self.tables.select(self.dialect(), "model_versions");
        select.text("name").whole("version").whole("creation_time");
        select
            .whole("last_updated_time")
            .text("description")
            .text("user_id");
        select
            .text("current_stage")
            .text("source")
            .text("storage_location");
        select
            .text("run_id")
            .text("run_link")
            .text("status")
            .text("status_message");
        let mut sql = select.here();
        between(&mut sql, span);
        sql.push(" ORDER BY name, version");
        let rows: Vec<VersionRow> = sql
            .query::<VersionType>()
            .load(&mut self.db)
            .map_err(fault)?;
        let mut versions: HashMap<Vec<u8>, Versions> = HashMap::new();
        for row in rows {
            let name = row.name.clone().unwrap_or_default();
            let number = row.version.unwrap_or_default();
            let of_model = versions.entry(name.clone()).or_default();
            of_model.last_version = of_model.last_version.max(number);
            let tags = tags.remove(&(name.clone(), number)).unwrap_or_default();
            match row.version(tags) {
                Ok(Some(version)) => of_model.kept.push(version),
                Ok(None) => {}
                Err(why) => {
                    let name = String::from_utf8_lossy(&name);
                    faults.push(Fault::new(format!("version {number} of {name}"), why));
                }
            }
        }
        Ok(versions)
    }

    fn version_tags(&mut self, span: (&str, &str)) -> Result<HashMap<(Vec<u8>, i64), Pairs>> {
        let mut tags: HashMap<_, Vec<_>> = HashMap::new();
        if self.tables.named("model_version_tags").is_none() {
            return Ok(tags);
        }
        let mut select = self.tables.select(self.dialect(), "model_version_tags");
        select
            .text("name")
            .whole("version")
            .text("key")
            .text("value");
        let mut sql = select.here();
        between(&mut sql, span);
        let rows: Vec<VersionTagRow> = sql
            .query::<(Text, Whole, Text, Text)>()
            .load(&mut self.db)
            .map_err(fault)?;
        for (name, version, key, value) in rows {
            let version = (name.unwrap_or_default(), version.unwrap_or_default());
            tags.entry(version).or_default().push((key, value));
        }
        Ok(tags)
    }
}

/// The versions of one model.
#[derive(Default)]
struct Versions {
    kept: Vec<ModelVersion>,
    last_version: i64,
}

fn between(sql: &mut Sql, (first, last): (&str, &str)) {
    sql.push(" AND name >= ").text(first);
    sql.push(" AND name <= ").text(last);
}

impl Row {
    fn model(self) -> Result<CarriedModel, String> {
        Ok(CarriedModel {
            name: required(self.name, "name")?,
            creation_time: whole_or_0(self.creation_time)?,
            last_updated_time: whole_or_0(self.last_updated_time)?,
            description: text(self.description)?,
            tags: Vec::new(),
            aliases: Vec::new(),
            versions: Vec::new(),
            last_version: 0,
        })
    }
}

impl VersionRow {
    /// The version, unless it was deleted.
    fn version(self, tags: Pairs) -> Result<Option<ModelVersion>, String> {
        let stage = text(self.stage)?;
        if stage.as_deref() == Some(DELETED) {
            return Ok(None);
        }
        let tags: Result<Vec<Tag>, String> = tags
            .into_iter()
            .map(|(key, value)| tag(key, value))
            .collect();
        Ok(Some(ModelVersion {
            name: required(self.name, "name")?,
            version: required_whole(self.version, "number")?,
            creation_time: whole_or_0(self.creation_time)?,
            last_updated_time: whole_or_0(self.last_updated_time)?,
            description: text(self.description)?,
            user_id: text(self.user_id)?,
            stage: match stage {
                None => Stage::None,
                Some(stage) => {
                    Stage::parse(&stage).map_err(|_| format!("its stage is '{stage}'"))?
                }
            },
            source: text(self.source)?.unwrap_or_default(),
            storage_location: text(self.storage_location)?,
            run_id: text(self.run_id)?,
            run_link: text(self.run_link)?,
            status: status(text(self.status)?)?,
            status_message: text(self.status_message)?,
            model_id: None,
            tags: tags?,
            aliases: Vec::new(),
        }))
    }
}

fn status(status: Option<String>) -> Result<VersionStatus, String> {
    let Some(status) = status else {
        return Ok(VersionStatus::Ready);
    };
    VersionStatus::ALL
        .into_iter()
        .find(|known| known.as_str() == status)
        .ok_or_else(|| format!("its status is '{status}'"))
}
