//! Many new rows at once.

/// Adds rows to a table, none of which is there. PostgreSQL takes them as a `COPY`, MySQL some
/// hundred in one statement, SQLite each by one that is prepared once.
macro_rules! add_all {
    ($db:expr, $table:path, $rows:expr) => {{
        use diesel::prelude::*;

        use crate::connection::DbConnection;
        let rows = $rows;
        if !rows.is_empty() {
            match $db {
                DbConnection::Sqlite(db) => {
                    for row in rows {
                        diesel::insert_into($table).values(row).execute(db)?;
                    }
                }
                #[cfg(feature = "postgres")]
                DbConnection::Postgres(db) => {
                    diesel::copy_from($table)
                        .from_insertable(rows)
                        .execute(db)?;
                }
                #[cfg(feature = "mysql")]
                DbConnection::Mysql(db) => {
                    for rows in rows.chunks(crate::dialect::bulk::LIST) {
                        diesel::insert_into($table).values(rows).execute(db)?;
                    }
                }
            }
        }
    }};
}

pub(crate) use add_all;

/// How many rows go into one statement of MySQL.
#[cfg(feature = "mysql")]
pub(crate) const LIST: usize = 500;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::connection::DbConnection;

/// Makes the numbers of new rows follow those that were given from outside. The other databases
/// see to that themselves.
#[cfg_attr(
    not(feature = "postgres"),
    expect(unused_variables, reason = "only PostgreSQL has to be told")
)]
pub(crate) fn number_after_the_last(db: &mut DbConnection) -> QueryResult<()> {
    match db {
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => db.batch_execute(
            "BEGIN; LOCK TABLE experiment IN SHARE ROW EXCLUSIVE MODE; SELECT setval(pg_get_serial_sequence('experiment', 'id'), \
             GREATEST((SELECT coalesce(max(id), 0) FROM experiment) + 1, \
             nextval(pg_get_serial_sequence('experiment', 'id'))), false); COMMIT",
        ),
        _ => Ok(()),
    }
}

/// Tells PostgreSQL's planner how much there is, which it learns by itself only after a minute or
/// later: until then it may go through a whole table for each row. The other databases see to that
/// themselves.
#[cfg_attr(
    not(feature = "postgres"),
    expect(unused_variables, reason = "only PostgreSQL has to be told")
)]
pub(crate) fn tell_planner(db: &mut DbConnection) {
    #[cfg(feature = "postgres")]
    if let DbConnection::Postgres(db) = db
        && let Err(error) = db.batch_execute(
            "ANALYZE experiment, run, key, param, run_tag, run_dataset, metric_latest, \
             metric_tail, metric_chunk, logged_model, registered_model, model_version, carried",
        )
    {
        // Somebody else may be busy with a table; it goes on without.
        tracing::info!(%error, "the planner was not told");
    }
}

/// Begins a transaction that is going to write.
pub(crate) fn begin(db: &mut DbConnection) -> QueryResult<()> {
    db.batch_execute(match db {
        // Taking the lock at once, because one that only reads so far cannot always wait for it.
        DbConnection::Sqlite(_) => "BEGIN IMMEDIATE",
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        _ => "BEGIN",
    })
}

/// Begins a transaction in which everything is read as it is now.
pub(crate) fn begin_snapshot(db: &mut DbConnection) -> QueryResult<()> {
    db.batch_execute(match db {
        // The first read decides what is seen.
        DbConnection::Sqlite(_) => "BEGIN; SELECT count(*) FROM sqlite_schema",
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(_) => {
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
             START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
        }
    })?;
    // PostgreSQL, too, decides with the first read.
    diesel::sql_query("SELECT 1").execute(db).map(drop)
}
