//! Numbers for datasets.

use diesel::prelude::*;
use tidemill_core::datasets::Dataset;

use crate::connection::DbConnection;
use crate::dialect;
use crate::error::DbResult;
use crate::schema::dataset;

#[derive(Insertable)]
#[diesel(table_name = dataset)]
pub(crate) struct NewDataset<'a> {
    experiment_id: i64,
    name: &'a str,
    digest: &'a str,
    source_type: &'a str,
    source: &'a str,
    schema: Option<&'a str>,
    profile: Option<&'a str>,
}

/// The number of the experiment's dataset with this name and digest. The first one stays as
/// it was logged, whatever later ones say about their source.
pub(crate) fn number(db: &mut DbConnection, experiment: i64, new: &Dataset) -> DbResult<i64> {
    if let Some(number) = find(db, experiment, new).optional()? {
        return Ok(number);
    }
    let row = NewDataset {
        experiment_id: experiment,
        name: &new.name,
        digest: &new.digest,
        source_type: &new.source_type,
        source: &new.source,
        schema: new.schema.as_deref(),
        profile: new.profile.as_deref(),
    };
    dialect::add_dataset(db, &row)?;
    Ok(find(db, experiment, new)?)
}

fn find(db: &mut DbConnection, experiment: i64, wanted: &Dataset) -> QueryResult<i64> {
    dataset::table
        .filter(dataset::experiment_id.eq(experiment))
        .filter(dataset::name.eq(&wanted.name))
        .filter(dataset::digest.eq(&wanted.digest))
        .select(dataset::id)
        .get_result(db)
}
