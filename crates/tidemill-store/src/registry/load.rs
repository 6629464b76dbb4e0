//! Completing rows: tags, aliases and latest versions for a page in a handful of statements.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use tidemill_core::registry::{Alias, ModelVersion, RegisteredModel};
use tidemill_core::tags::Tag;

use super::{ModelRow, VersionRow};
use crate::connection::DbConnection;
use crate::dialect::{Dialect, among, write_among};
use crate::error::DbResult;
use crate::schema::{
    model_version, model_version_tag, registered_model, registered_model_alias,
    registered_model_tag,
};
use crate::search::sql::Sql;

/// The models of these rows, in their order. Latest versions come in the order of their
/// stages' names, as in `registered-models/search`.
pub(crate) fn load_models(
    db: &mut DbConnection,
    rows: Vec<ModelRow>,
) -> DbResult<Vec<RegisteredModel>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut tags = model_tags(db, &ids)?;
    let mut aliases = model_aliases(db, &ids)?;
    let mut versions = latest_versions(db, &ids)?;
    Ok(rows
        .into_iter()
        .map(|row| RegisteredModel {
            name: row.name,
            creation_time: row.creation_time,
            last_updated_time: row.last_updated_time,
            description: row.description,
            latest_versions: versions.remove(&row.id).unwrap_or_default(),
            tags: tags.remove(&row.id).unwrap_or_default(),
            aliases: aliases.remove(&row.id).unwrap_or_default(),
        })
        .collect())
}

/// The versions of these rows, in their order, without aliases.
pub(crate) fn load_versions(
    db: &mut DbConnection,
    rows: Vec<VersionRow>,
) -> DbResult<Vec<ModelVersion>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut tags = version_tags(db, &ids)?;
    rows.into_iter()
        .map(|row| {
            let tags = tags.remove(&row.id).unwrap_or_default();
            row.into_version(tags, Vec::new())
        })
        .collect()
}

/// The version of this row, with its aliases.
pub(super) fn load_version(db: &mut DbConnection, row: VersionRow) -> DbResult<ModelVersion> {
    let tags: Vec<(String, String)> = model_version_tag::table
        .filter(model_version_tag::version_id.eq(row.id))
        .order(model_version_tag::name)
        .select((model_version_tag::name, model_version_tag::value))
        .load(db)?;
    let aliases = registered_model_alias::table
        .filter(registered_model_alias::model_id.eq(row.model_id))
        .filter(registered_model_alias::version.eq(row.version))
        .order(registered_model_alias::alias)
        .select(registered_model_alias::alias)
        .load(db)?;
    let tags = tags
        .into_iter()
        .map(|(key, value)| Tag { key, value })
        .collect();
    row.into_version(tags, aliases)
}

fn latest_versions(
    db: &mut DbConnection,
    models: &[i64],
) -> DbResult<HashMap<i64, Vec<ModelVersion>>> {
    let rows = newest_in_each_stage(db, models)?;
    let models: Vec<i64> = rows.iter().map(|row| row.model_id).collect();
    let mut latest: HashMap<i64, Vec<ModelVersion>> = HashMap::new();
    for (model, version) in models.into_iter().zip(load_versions(db, rows)?) {
        latest.entry(model).or_default().push(version);
    }
    for versions in latest.values_mut() {
        versions.sort_unstable_by_key(|version| version.stage.as_str());
    }
    Ok(latest)
}

/// One scan of the index by stage finds the numbers, which then lead to the rows.
fn newest_in_each_stage(db: &mut DbConnection, models: &[i64]) -> DbResult<Vec<VersionRow>> {
    let mut is_newest = Sql::default();
    is_newest.push(
        "(model_version.model_id, model_version.version) IN \
         (SELECT model_id, MAX(version) FROM model_version WHERE stage IS NOT NULL AND ",
    );
    write_among(&mut is_newest, Dialect::of(db), "model_id", models);
    is_newest.push(" GROUP BY model_id, stage)");
    Ok(model_version::table
        .inner_join(registered_model::table)
        .filter(is_newest.expression::<Bool>().cached())
        .select(VersionRow::as_select())
        .load(db)?)
}

/// The tags of these models.
pub(crate) fn model_tags(
    db: &mut DbConnection,
    models: &[i64],
) -> DbResult<HashMap<i64, Vec<Tag>>> {
    let rows: Vec<(i64, String, String)> = registered_model_tag::table
        .filter(among(db, "registered_model_tag.model_id", models))
        .order((registered_model_tag::model_id, registered_model_tag::name))
        .load(db)?;
    Ok(grouped(rows))
}

/// The aliases of these models.
pub(crate) fn model_aliases(
    db: &mut DbConnection,
    models: &[i64],
) -> DbResult<HashMap<i64, Vec<Alias>>> {
    let rows: Vec<(i64, String, i64)> = registered_model_alias::table
        .filter(among(db, "registered_model_alias.model_id", models))
        .order((
            registered_model_alias::model_id,
            registered_model_alias::alias,
        ))
        .load(db)?;
    let mut aliases: HashMap<i64, Vec<Alias>> = HashMap::new();
    for (model, alias, version) in rows {
        aliases
            .entry(model)
            .or_default()
            .push(Alias { alias, version });
    }
    Ok(aliases)
}

fn version_tags(db: &mut DbConnection, versions: &[i64]) -> DbResult<HashMap<i64, Vec<Tag>>> {
    let rows: Vec<(i64, String, String)> = model_version_tag::table
        .filter(among(db, "model_version_tag.version_id", versions))
        .order((model_version_tag::version_id, model_version_tag::name))
        .load(db)?;
    Ok(grouped(rows))
}

/// Rows of owner, key and value, by owner.
fn grouped(rows: Vec<(i64, String, String)>) -> HashMap<i64, Vec<Tag>> {
    let mut tags: HashMap<i64, Vec<Tag>> = HashMap::new();
    for (owner, key, value) in rows {
        tags.entry(owner).or_default().push(Tag { key, value });
    }
    tags
}
