//! The dataset inputs of many runs.

use std::collections::HashMap;

use diesel::prelude::*;
use tidemill_core::datasets::{Dataset, DatasetInput};
use tidemill_core::tags::Tag;

use crate::connection::DbConnection;
use crate::dialect::{Link, Linked, among};
use crate::error::DbResult;
use crate::schema::{dataset, run_dataset_tag};

/// The dataset inputs among these links, each with the number of its run, in the order of the
/// links.
pub(crate) fn inputs(db: &mut DbConnection, links: &[Link]) -> DbResult<Vec<(i64, DatasetInput)>> {
    let pairs: Vec<(i64, i64)> = links
        .iter()
        .filter_map(|link| match link.linked {
            Linked::Dataset { dataset, .. } => Some((link.run, dataset)),
            _ => None,
        })
        .collect();
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let datasets = datasets(db, distinct(pairs.iter().map(|pair| pair.1)))?;
    let mut tags = tags(db, distinct(pairs.iter().map(|pair| pair.0)))?;
    Ok(pairs
        .into_iter()
        .filter_map(|(run, dataset)| {
            let input = DatasetInput {
                dataset: datasets.get(&dataset)?.clone(),
                tags: tags.remove(&(run, dataset)).unwrap_or_default(),
            };
            Some((run, input))
        })
        .collect())
}

fn distinct(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = dataset)]
struct DatasetRow {
    id: i64,
    name: String,
    digest: String,
    source_type: String,
    source: String,
    schema: Option<String>,
    profile: Option<String>,
}

fn datasets(db: &mut DbConnection, ids: Vec<i64>) -> DbResult<HashMap<i64, Dataset>> {
    let rows: Vec<DatasetRow> = dataset::table
        .filter(among(db, "dataset.id", &ids))
        .select(DatasetRow::as_select())
        .load(db)?;
    let dataset = |row: DatasetRow| Dataset {
        name: row.name,
        digest: row.digest,
        source_type: row.source_type,
        source: row.source,
        schema: row.schema,
        profile: row.profile,
    };
    Ok(rows.into_iter().map(|row| (row.id, dataset(row))).collect())
}

/// The tags of these runs' inputs, by run and dataset.
fn tags(db: &mut DbConnection, runs: Vec<i64>) -> DbResult<HashMap<(i64, i64), Vec<Tag>>> {
    let mut tags: HashMap<(i64, i64), Vec<Tag>> = HashMap::new();
    let rows: Vec<(i64, i64, String, String)> = run_dataset_tag::table
        .filter(among(db, "run_dataset_tag.run_id", &runs))
        .order((
            run_dataset_tag::run_id,
            run_dataset_tag::dataset_id,
            run_dataset_tag::name,
        ))
        .load(db)?;
    for (run, dataset, key, value) in rows {
        tags.entry((run, dataset))
            .or_default()
            .push(Tag { key, value });
    }
    Ok(tags)
}
