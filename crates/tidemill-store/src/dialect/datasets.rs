//! Adding to the datasets of an experiment.

use diesel::prelude::*;

use crate::connection::DbConnection;
use crate::datasets::NewDataset;
use crate::schema::dataset;

/// Adds a dataset unless the experiment has one of the same name and digest; others may be
/// adding the same one.
pub(crate) fn add_dataset(db: &mut DbConnection, new: &NewDataset<'_>) -> QueryResult<()> {
    match db {
        DbConnection::Sqlite(db) => diesel::insert_or_ignore_into(dataset::table)
            .values(new)
            .execute(db),
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => diesel::insert_into(dataset::table)
            .values(new)
            .on_conflict_do_nothing()
            .execute(db),
        // Not INSERT IGNORE, which would also cut texts that are too long.
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => diesel::insert_into(dataset::table)
            .values(new)
            .on_conflict_do_nothing()
            .execute(db),
    }
    .map(drop)
}
