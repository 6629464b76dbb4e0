//! Experiments with their tags.

use std::collections::HashMap;

use diesel::prelude::*;
use tidemill_core::experiments::Experiment;
use tidemill_core::tags::Tag;

use super::row::ExperimentRow;
use crate::connection::DbConnection;
use crate::dialect::among;
use crate::error::DbResult;
use crate::schema::experiment_tag;

/// The experiments of these rows, in the same order; a few statements whatever their number.
pub(crate) fn load(db: &mut DbConnection, rows: Vec<ExperimentRow>) -> DbResult<Vec<Experiment>> {
    let mut tags: HashMap<i64, Vec<Tag>> = HashMap::new();
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let found: Vec<(i64, String, String)> = experiment_tag::table
        .filter(among(db, "experiment_tag.experiment_id", &ids))
        .order((experiment_tag::experiment_id, experiment_tag::name))
        .load(db)?;
    for (id, key, value) in found {
        tags.entry(id).or_default().push(Tag { key, value });
    }
    rows.into_iter()
        .map(|row| {
            let tags = tags.remove(&row.id).unwrap_or_default();
            row.with_tags(tags)
        })
        .collect()
}

/// The tags of one experiment.
pub(crate) fn tags(db: &mut DbConnection, experiment: i64) -> DbResult<Vec<Tag>> {
    let found: Vec<(String, String)> = experiment_tag::table
        .filter(experiment_tag::experiment_id.eq(experiment))
        .order(experiment_tag::name)
        .select((experiment_tag::name, experiment_tag::value))
        .load(db)?;
    Ok(found
        .into_iter()
        .map(|(key, value)| Tag { key, value })
        .collect())
}
