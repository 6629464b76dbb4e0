//! Whether a database is one that may be written: with MLflow's tables, and nothing in them.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use tidemill_core::Error;

use super::{REVISION, UNFINISHED};
use crate::connection::DbConnection;
use crate::dialect::catalogue;
use crate::error::DbResult;
use crate::mlflow::tables::Tables;
use crate::search::sql::Sql;

/// A table of ours that no other program makes.
const OURS: &str = "tidemill_schema";

/// Whether there are no tables; what a failed upgrade leaves behind is none.
pub(super) fn is_bare(db: &mut DbConnection) -> DbResult<bool> {
    let columns = catalogue(db)?;
    Ok(columns
        .iter()
        .all(|(table, _)| table.starts_with("alembic_")))
}

/// Refuses, with `InvalidState`, every database but one that MLflow has just made.
pub(super) fn check(db: &mut DbConnection) -> DbResult<()> {
    let columns = catalogue(db)?;
    if columns.iter().any(|(table, _)| table == OURS) {
        return refuse("It is a database of Tidemill's; name another one.");
    }
    let Some(tables) = Tables::of(db)? else {
        return refuse("It holds tables that are not MLflow's; name an empty database.");
    };
    check_revision(db, &tables)?;
    for table in tables.names() {
        if has_content(db, table)? {
            return refuse(format!(
                "Its table {table} holds something already, and nothing is merged; name an empty \
                 database."
            ));
        }
    }
    Ok(())
}

fn check_revision(db: &mut DbConnection, tables: &Tables) -> DbResult<()> {
    let mut revisions: Vec<String> = Vec::new();
    if tables.has("alembic_version", "version_num") {
        let mut sql = Sql::default();
        sql.push("SELECT version_num FROM alembic_version");
        revisions = sql.query::<Text>().load(db)?;
    }
    match &revisions[..] {
        [one] if one == REVISION => Ok(()),
        [one] if one == UNFINISHED => refuse(
            "An export into it is under way, or was broken off. Drop the database, or delete the \
             file, and export again.",
        ),
        found => refuse(format!(
            "Its schema has the revision {}, and {REVISION} is written, that of MLflow 3.17.2. \
             Name an empty database; the tables that MLflow 3.17.2 makes in it can be brought up \
             to date with `mlflow db upgrade` of a newer one afterwards.",
            match found {
                [] => String::from("of no version"),
                found => found.join(", "),
            }
        )),
    }
}

/// Whether a table has rows that MLflow does not make by itself.
fn has_content(db: &mut DbConnection, table: &str) -> DbResult<bool> {
    let made_by_mlflow = match table {
        "alembic_version" => return Ok(false),
        // What SQLite notes for itself.
        table if table.starts_with("sqlite_") => return Ok(false),
        "workspaces" => " WHERE name <> 'default'",
        "experiments" => {
            " WHERE experiment_id <> 0 OR name <> 'Default' OR lifecycle_stage <> 'active'"
        }
        _ => "",
    };
    let mut sql = Sql::default();
    sql.push("SELECT COUNT(*) FROM (SELECT 1 FROM ")
        .identifier(table);
    sql.push(made_by_mlflow).push(" LIMIT 1) found");
    let found: i64 = sql.query::<BigInt>().get_result(db)?;
    Ok(found > 0)
}

fn refuse<T>(why: impl Into<String>) -> DbResult<T> {
    Err(Error::invalid_state(why).into())
}
