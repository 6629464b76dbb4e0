//! Metric points and the latest one of each metric.
//!
//! SQLite runs one prepared statement for each row; PostgreSQL takes a batch as arrays, so
//! that its text is constant as well; MySQL is sent rows in one statement and parses it.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Double, Nullable};

use crate::connection::DbConnection;
use crate::schema::{logged_model_metric, metric_latest, metric_tail};
use crate::statement::statement;

/// Points of one run that were logged together, see `metrics::tail`.
#[derive(Debug, Insertable)]
#[diesel(table_name = metric_tail, treat_none_as_default_value = false)]
pub(crate) struct NewTail {
    pub(crate) run_id: i64,
    /// How many points there are.
    pub(crate) n: i64,
    pub(crate) data: Vec<u8>,
}

/// The newest of some points.
#[derive(Debug, Clone, Copy, Insertable)]
#[diesel(table_name = metric_latest, treat_none_as_default_value = false)]
pub(crate) struct LatestRow {
    pub(crate) run_id: i64,
    pub(crate) key_id: i64,
    pub(crate) step: i64,
    pub(crate) ts: i64,
    /// None is NaN.
    pub(crate) value: Option<f64>,
}

/// A point of a logged model.
#[derive(Debug, Insertable)]
#[diesel(table_name = logged_model_metric)]
pub(crate) struct ModelMetricRow<'a> {
    pub(crate) model_id: i64,
    pub(crate) name: &'a str,
    pub(crate) ts: i64,
    pub(crate) step: i64,
    pub(crate) run_uuid: &'a str,
    pub(crate) value: Option<f64>,
    pub(crate) dataset_name: Option<&'a str>,
    pub(crate) dataset_digest: Option<&'a str>,
}

/// Rows in one statement of MySQL.
#[cfg(feature = "mysql")]
const ROWS: usize = 1000;

statement! {
    /// Adds points of one run to its tail.
    Sqlite AddTail { run: BigInt = i64, n: BigInt = i64, data: Binary = &'a [u8] },
    "INSERT INTO metric_tail (run_id, n, data) VALUES (?, ?, ?)"
}

/// Adds points to the tails of runs. Repeated ones are dropped when they are read or sealed.
pub(crate) fn add_tails(db: &mut DbConnection, tails: &[NewTail]) -> QueryResult<()> {
    match db {
        DbConnection::Sqlite(db) => {
            for tail in tails {
                AddTail::new(tail.run_id, tail.n, &tail.data).execute(db)?;
            }
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            postgres::AddTails::new(
                tails.iter().map(|tail| tail.run_id).collect(),
                tails.iter().map(|tail| tail.n).collect(),
                tails.iter().map(|tail| &*tail.data).collect(),
            )
            .execute(db)?;
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => {
            diesel::insert_into(metric_tail::table)
                .values(tails)
                .execute(db)?;
        }
    }
    Ok(())
}

/// Keeps what is greater by step, time and value; NaN counts as 0.
macro_rules! keep_newest {
    ($source:literal) => {
        concat!(
            "INSERT INTO metric_latest AS old (run_id, key_id, step, ts, value) ",
            $source,
            " ON CONFLICT (run_id, key_id) DO UPDATE SET step = ",
            keep_newest!(column "step"),
            ", ts = ",
            keep_newest!(column "ts"),
            ", value = ",
            keep_newest!(column "value")
        )
    };
    (column $column:literal) => {
        concat!(
            "CASE WHEN (excluded.step, excluded.ts, coalesce(excluded.value, 0)) \
             > (old.step, old.ts, coalesce(old.value, 0)) THEN excluded.",
            $column,
            " ELSE old.",
            $column,
            " END"
        )
    };
}

statement! {
    /// Keeps the newest point of one metric.
    Sqlite KeepNewest {
        run: BigInt = i64, key: BigInt = i64, step: BigInt = i64, ts: BigInt = i64,
        value: Nullable<Double> = Option<f64>,
    },
    keep_newest!("VALUES (?, ?, ?, ?, ?)")
}

/// Keeps the newest point of each metric. One row for each run and key, sorted by them, so
/// that servers wait for each other in the same order.
pub(crate) fn keep_newest(db: &mut DbConnection, latest: &[LatestRow]) -> QueryResult<()> {
    match db {
        DbConnection::Sqlite(db) => {
            for l in latest {
                KeepNewest::new(l.run_id, l.key_id, l.step, l.ts, l.value).execute(db)?;
            }
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            postgres::KeepNewest::new(
                latest.iter().map(|l| l.run_id).collect(),
                latest.iter().map(|l| l.key_id).collect(),
                latest.iter().map(|l| l.step).collect(),
                latest.iter().map(|l| l.ts).collect(),
                latest.iter().map(|l| l.value).collect(),
            )
            .execute(db)?;
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => {
            for rows in latest.chunks(ROWS) {
                mysql::keep_newest(db, rows)?;
            }
        }
    }
    Ok(())
}

/// Adds points of logged models; the first of several for one model, name, time, step and
/// run stays.
pub(crate) fn add_model_metrics(
    db: &mut DbConnection,
    rows: &[ModelMetricRow<'_>],
) -> QueryResult<()> {
    match db {
        DbConnection::Sqlite(db) => {
            for row in rows {
                diesel::insert_or_ignore_into(logged_model_metric::table)
                    .values(row)
                    .execute(db)?;
            }
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            diesel::insert_into(logged_model_metric::table)
                .values(rows)
                .on_conflict_do_nothing()
                .execute(db)?;
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => {
            diesel::insert_or_ignore_into(logged_model_metric::table)
                .values(rows)
                .execute(db)?;
        }
    }
    Ok(())
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::sql_types::{Array, BigInt, Binary, Double, Nullable};

    use crate::statement::statement;

    statement! {
        /// Adds points of runs to their tails.
        Pg AddTails {
            runs: Array<BigInt> = Vec<i64>, counts: Array<BigInt> = Vec<i64>,
            data: Array<Binary> = Vec<&'a [u8]>,
        },
        "INSERT INTO metric_tail (run_id, n, data) SELECT * FROM unnest(?, ?, ?)"
    }

    statement! {
        /// Keeps the newest points.
        Pg KeepNewest {
            runs: Array<BigInt> = Vec<i64>, keys: Array<BigInt> = Vec<i64>,
            steps: Array<BigInt> = Vec<i64>, times: Array<BigInt> = Vec<i64>,
            values: Array<Nullable<Double>> = Vec<Option<f64>>,
        },
        keep_newest!("SELECT * FROM unnest(?, ?, ?, ?, ?)")
    }
}

#[cfg(feature = "mysql")]
mod mysql {
    use diesel::MysqlConnection;
    use diesel::dsl::{DuplicatedKeys, sql};
    use diesel::prelude::*;
    use diesel::sql_types::{BigInt, Double, Nullable};

    use super::LatestRow;
    use crate::schema::metric_latest;

    macro_rules! newer {
        ($column:literal) => {
            concat!(
                "IF((VALUES(step), VALUES(ts), coalesce(VALUES(value), 0)) \
                 > (step, ts, coalesce(value, 0)), VALUES(",
                $column,
                "), ",
                $column,
                ")"
            )
        };
    }

    /// Assignments run from left to right, so what decides most is changed last.
    pub(super) fn keep_newest(db: &mut MysqlConnection, rows: &[LatestRow]) -> QueryResult<usize> {
        diesel::insert_into(metric_latest::table)
            .values(rows)
            .on_conflict(DuplicatedKeys)
            .do_update()
            .set((
                metric_latest::value.eq(sql::<Nullable<Double>>(newer!("value"))),
                metric_latest::ts.eq(sql::<BigInt>(newer!("ts"))),
                metric_latest::step.eq(sql::<BigInt>(newer!("step"))),
            ))
            .execute(db)
    }
}
