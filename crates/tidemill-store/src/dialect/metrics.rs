//! Metric points and the latest one of each metric.
//!
//! SQLite runs one prepared statement for each row; PostgreSQL takes a batch as arrays, so
//! that its text is constant as well; MySQL is sent rows in one statement and parses it.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Double, Nullable};

use crate::connection::DbConnection;
use crate::schema::{logged_model_metric, metric_latest, metric_point};
use crate::statement::statement;

/// A point as it is stored in the tail: NaN is the value 0 with a mark.
#[derive(Debug, Clone, Copy, Insertable, Queryable, Selectable)]
#[diesel(table_name = metric_point)]
pub(crate) struct PointRow {
    pub(crate) run_id: i64,
    pub(crate) key_id: i64,
    pub(crate) step: i64,
    pub(crate) ts: i64,
    pub(crate) value: f64,
    pub(crate) nan: bool,
}

/// The newest of some points, and how many there were.
#[derive(Debug, Clone, Copy, Insertable)]
#[diesel(table_name = metric_latest)]
pub(crate) struct LatestRow {
    pub(crate) run_id: i64,
    pub(crate) key_id: i64,
    pub(crate) step: i64,
    pub(crate) ts: i64,
    /// None is NaN.
    pub(crate) value: Option<f64>,
    pub(crate) tail: i64,
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
    /// Adds a point unless it is there.
    Sqlite AddPoint {
        run: BigInt = i64, key: BigInt = i64, step: BigInt = i64, ts: BigInt = i64,
        value: Double = f64, nan: Bool = bool,
    },
    "INSERT OR IGNORE INTO metric_point (run_id, key_id, step, ts, value, nan) \
     VALUES (?, ?, ?, ?, ?, ?)"
}

/// Adds points to the tail. Repeated ones are dropped now or, on PostgreSQL, when they are
/// read or sealed.
pub(crate) fn add_points(db: &mut DbConnection, points: &[PointRow]) -> QueryResult<()> {
    match db {
        DbConnection::Sqlite(db) => {
            for p in points {
                AddPoint::new(p.run_id, p.key_id, p.step, p.ts, p.value, p.nan).execute(db)?;
            }
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            postgres::AddPoints::new(
                points.iter().map(|p| p.run_id).collect(),
                points.iter().map(|p| p.key_id).collect(),
                points.iter().map(|p| p.step).collect(),
                points.iter().map(|p| p.ts).collect(),
                points.iter().map(|p| p.value).collect(),
                points.iter().map(|p| p.nan).collect(),
            )
            .execute(db)?;
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => {
            for rows in points.chunks(ROWS) {
                diesel::insert_or_ignore_into(metric_point::table)
                    .values(rows)
                    .execute(db)?;
            }
        }
    }
    Ok(())
}

/// Counts the points and keeps what is greater by step, time and value; NaN counts as 0.
macro_rules! keep_newest {
    ($source:literal) => {
        concat!(
            "INSERT INTO metric_latest AS old (run_id, key_id, step, ts, value, tail) ",
            $source,
            " ON CONFLICT (run_id, key_id) DO UPDATE SET tail = old.tail + excluded.tail, ",
            "step = ",
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
        value: Nullable<Double> = Option<f64>, tail: BigInt = i64,
    },
    keep_newest!("VALUES (?, ?, ?, ?, ?, ?)")
}

/// Keeps the newest point of each metric. One row for each run and key, sorted by them, so
/// that servers wait for each other in the same order.
pub(crate) fn keep_newest(db: &mut DbConnection, latest: &[LatestRow]) -> QueryResult<()> {
    match db {
        DbConnection::Sqlite(db) => {
            for l in latest {
                KeepNewest::new(l.run_id, l.key_id, l.step, l.ts, l.value, l.tail).execute(db)?;
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
                latest.iter().map(|l| l.tail).collect(),
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

statement! {
    /// Removes the points of a metric up to one of them.
    Sqlite RemovePoints {
        run: BigInt = i64, key: BigInt = i64, step: BigInt = i64, ts: BigInt = i64,
        value: Double = f64, nan: Bool = bool,
    },
    "DELETE FROM metric_point WHERE run_id = ? AND key_id = ? \
     AND (step, ts, value, nan) <= (?, ?, ?, ?)"
}

/// Removes the points of a metric up to `last`, in their order, from the tail.
pub(crate) fn remove_points(db: &mut DbConnection, last: &PointRow) -> QueryResult<usize> {
    let p = last;
    match db {
        DbConnection::Sqlite(db) => {
            RemovePoints::new(p.run_id, p.key_id, p.step, p.ts, p.value, p.nan).execute(db)
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            postgres::RemovePoints::new(p.run_id, p.key_id, p.step, p.ts, p.value, p.nan)
                .execute(db)
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => mysql::remove_points(db, p),
    }
}

/// The count of the tail of one metric. Until the transaction ends, no other can add points
/// to that metric or seal them.
pub(crate) fn lock_tail(db: &mut DbConnection, run: i64, key: i64) -> QueryResult<i64> {
    let row = metric_latest::table
        .find((run, key))
        .select(metric_latest::tail);
    match db {
        DbConnection::Sqlite(db) => row.get_result(db),
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => row.for_no_key_update().get_result(db),
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => row.for_update().get_result(db),
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::sql_types::{Array, BigInt, Bool, Double, Nullable};

    use crate::statement::statement;

    statement! {
        /// Adds points.
        Pg AddPoints {
            runs: Array<BigInt> = Vec<i64>, keys: Array<BigInt> = Vec<i64>,
            steps: Array<BigInt> = Vec<i64>, times: Array<BigInt> = Vec<i64>,
            values: Array<Double> = Vec<f64>, nans: Array<Bool> = Vec<bool>,
        },
        "INSERT INTO metric_point (run_id, key_id, step, ts, value, nan) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?)"
    }

    statement! {
        /// Keeps the newest points.
        Pg KeepNewest {
            runs: Array<BigInt> = Vec<i64>, keys: Array<BigInt> = Vec<i64>,
            steps: Array<BigInt> = Vec<i64>, times: Array<BigInt> = Vec<i64>,
            values: Array<Nullable<Double>> = Vec<Option<f64>>, tails: Array<BigInt> = Vec<i64>,
        },
        keep_newest!("SELECT * FROM unnest(?, ?, ?, ?, ?, ?)")
    }

    statement! {
        /// Removes the points of a metric up to one of them.
        Pg RemovePoints {
            run: BigInt = i64, key: BigInt = i64, step: BigInt = i64, ts: BigInt = i64,
            value: Double = f64, nan: Bool = bool,
        },
        "DELETE FROM metric_point WHERE run_id = ? AND key_id = ? \
         AND (step, ts, value, nan) <= (?, ?, ?, ?)"
    }
}

#[cfg(feature = "mysql")]
mod mysql {
    use diesel::MysqlConnection;
    use diesel::dsl::{DuplicatedKeys, sql};
    use diesel::prelude::*;
    use diesel::sql_types::{BigInt, Bool, Double, Nullable};

    use super::{LatestRow, PointRow};
    use crate::schema::{metric_latest, metric_point};

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
                metric_latest::tail.eq(sql::<BigInt>("tail + VALUES(tail)")),
                metric_latest::value.eq(sql::<Nullable<Double>>(newer!("value"))),
                metric_latest::ts.eq(sql::<BigInt>(newer!("ts"))),
                metric_latest::step.eq(sql::<BigInt>(newer!("step"))),
            ))
            .execute(db)
    }

    pub(super) fn remove_points(db: &mut MysqlConnection, last: &PointRow) -> QueryResult<usize> {
        let up_to_last = sql::<Bool>("(step, ts, value, nan) <= (")
            .bind::<BigInt, _>(last.step)
            .sql(", ")
            .bind::<BigInt, _>(last.ts)
            .sql(", ")
            .bind::<Double, _>(last.value)
            .sql(", ")
            .bind::<Bool, _>(last.nan)
            .sql(")");
        diesel::delete(metric_point::table)
            .filter(metric_point::run_id.eq(last.run_id))
            .filter(metric_point::key_id.eq(last.key_id))
            .filter(up_to_last)
            .execute(db)
    }
}
