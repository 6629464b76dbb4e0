//! Tables that MLflow made: reading them, whatever their columns hold, and writing them.
//!
//! Texts are read as bytes, because SQLite hands out whatever was put there. SQLite also lets any
//! column hold any type: where a number is expected, anything else is read as [`OTHER_TYPE`], and
//! where a double is, as NULL.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Dialect;
use crate::connection::DbConnection;
use crate::search::sql::Sql;

/// Stands for a value that is no integer.
pub(crate) const OTHER_TYPE: i64 = i64::MIN;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Text of any length, read as bytes.
    Text,
    /// An integer.
    Whole,
    /// A boolean, read as an integer.
    Bool,
    /// A double.
    Real,
}

/// Every table of the database with every column.
pub(crate) fn catalogue(db: &mut DbConnection) -> QueryResult<Vec<(String, String)>> {
    let mut sql = Sql::default();
    sql.push(match db {
        DbConnection::Sqlite(_) => {
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
             WHERE t.type = 'table'"
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(_) => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema()"
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(_) => {
            "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR) \
             FROM information_schema.columns WHERE table_schema = database()"
        }
    });
    sql.query::<(Text, Text)>().load(db)
}

/// Appends an expression for a column that is read as `shape`.
pub(crate) fn write_column(
    sql: &mut Sql,
    dialect: Dialect,
    (table, column): (&'static str, &'static str),
    shape: Shape,
) {
    let mut name = Sql::default();
    name.push(table).push(".\"").push(column).push("\"");
    let (before, after) = match (dialect, shape) {
        (Dialect::Sqlite, Shape::Text) => ("CAST(", " AS BLOB)"),
        (Dialect::Sqlite, Shape::Whole | Shape::Bool) => return write_whole(sql, name),
        (Dialect::Sqlite, Shape::Real) => return write_real(sql, name),
        #[cfg(feature = "postgres")]
        (Dialect::Postgres, Shape::Text) => ("convert_to(CAST(", " AS text), 'UTF8')"),
        // A boolean becomes an integer first.
        #[cfg(feature = "postgres")]
        (Dialect::Postgres, Shape::Bool) => ("CAST(CAST(", " AS integer) AS bigint)"),
        #[cfg(feature = "postgres")]
        (Dialect::Postgres, Shape::Whole) => ("CAST(", " AS bigint)"),
        #[cfg(feature = "postgres")]
        (Dialect::Postgres, Shape::Real) => ("CAST(", " AS double precision)"),
        #[cfg(feature = "mysql")]
        (Dialect::Mysql, Shape::Text) => ("CAST(", " AS BINARY)"),
        #[cfg(feature = "mysql")]
        (Dialect::Mysql, Shape::Whole | Shape::Bool) => ("CAST(", " AS SIGNED)"),
        #[cfg(feature = "mysql")]
        (Dialect::Mysql, Shape::Real) => ("CAST(", " AS DOUBLE)"),
    };
    sql.push(before).append(name).push(after);
}

/// An integer of SQLite.
fn write_whole(sql: &mut Sql, column: Sql) {
    sql.push("CASE typeof(")
        .append(column.clone())
        .push(") WHEN 'integer' THEN ");
    sql.append(column.clone())
        .push(" WHEN 'null' THEN NULL ELSE ")
        .int(OTHER_TYPE)
        .push(" END");
}

/// A double of SQLite, which keeps whole ones as integers.
fn write_real(sql: &mut Sql, column: Sql) {
    sql.push("CASE WHEN typeof(")
        .append(column.clone())
        .push(") IN ('real', 'integer') ");
    sql.push("THEN CAST(").append(column).push(" AS REAL) END");
}

/// Appends NULL in the place of a column that is not there.
pub(crate) fn write_missing(sql: &mut Sql, dialect: Dialect, shape: Shape) {
    sql.push(match (dialect, shape) {
        #[cfg(feature = "postgres")]
        (Dialect::Postgres, Shape::Text) => "CAST(NULL AS bytea)",
        #[cfg(feature = "postgres")]
        (Dialect::Postgres, Shape::Whole | Shape::Bool) => "CAST(NULL AS bigint)",
        #[cfg(feature = "postgres")]
        (Dialect::Postgres, Shape::Real) => "CAST(NULL AS double precision)",
        _ => "NULL",
    });
}

/// Prepares for writing everything in one go: what a power cut takes is written again.
pub(crate) fn hurry(db: &mut DbConnection) -> QueryResult<()> {
    match db {
        DbConnection::Sqlite(db) => {
            db.batch_execute("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536")
        }
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        _ => Ok(()),
    }
}

/// Makes the numbers of MLflow's new experiments follow those that were given from outside. The
/// other databases see to that themselves.
pub(crate) fn number_mlflow_experiments(db: &mut DbConnection) -> QueryResult<()> {
    match db {
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => db.batch_execute(
            "SELECT setval(pg_get_serial_sequence('experiments', 'experiment_id'), \
             (SELECT coalesce(max(experiment_id), 0) + 1 FROM experiments), false)",
        ),
        _ => Ok(()),
    }
}

/// Leaves a database of MLflow's as its own programs keep it: a SQLite file by itself, without a
/// write-ahead log beside it. PostgreSQL's planner is told what there is.
pub(crate) fn leave(db: &mut DbConnection) -> QueryResult<()> {
    match db {
        DbConnection::Sqlite(db) => {
            db.batch_execute("PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE")
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            db.batch_execute("ANALYZE experiments, runs, metrics, latest_metrics, params, tags")
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(_) => Ok(()),
    }
}
