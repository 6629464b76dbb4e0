//! Datasets and models that runs read: rows that are added unless they are there.

use diesel::prelude::*;

use crate::connection::DbConnection;
use crate::datasets::NewDataset;
use crate::schema::{dataset, run_dataset, run_model_input};

/// Inserts unless a row with the same key is there; gives how many rows went in.
macro_rules! insert_unless_there {
    ($db:expr, $table:ident, $row:expr) => {
        match $db {
            DbConnection::Sqlite(db) => diesel::insert_or_ignore_into($table::table)
                .values($row)
                .execute(db),
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(db) => diesel::insert_into($table::table)
                .values($row)
                .on_conflict_do_nothing()
                .execute(db),
            #[cfg(feature = "mysql")]
            DbConnection::Mysql(db) => diesel::insert_into($table::table)
                .values($row)
                .on_conflict_do_nothing()
                .execute(db),
        }
    };
}

/// Adds a dataset unless the experiment has one of the same name and digest.
pub(crate) fn add_dataset(db: &mut DbConnection, new: &NewDataset<'_>) -> QueryResult<()> {
    insert_unless_there!(db, dataset, new).map(drop)
}

/// Records that a run read a dataset; false when that is known.
pub(crate) fn link_dataset(
    db: &mut DbConnection,
    run: i64,
    dataset: i64,
    position: i64,
) -> QueryResult<bool> {
    let row = (
        run_dataset::run_id.eq(run),
        run_dataset::dataset_id.eq(dataset),
        run_dataset::position.eq(position),
    );
    insert_unless_there!(db, run_dataset, row).map(|rows| rows > 0)
}

/// Records that a run read a logged model, unless that is known.
pub(crate) fn add_model_input(db: &mut DbConnection, run: i64, model_id: &str) -> QueryResult<()> {
    let row = (
        run_model_input::run_id.eq(run),
        run_model_input::model_id.eq(model_id),
    );
    insert_unless_there!(db, run_model_input, row).map(drop)
}
