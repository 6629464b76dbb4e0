//! What runs logged, for many runs at once.
//!
//! The readers have a constant text however many runs they are asked for, so that each
//! connection prepares them once: SQLite is given spans of ids, PostgreSQL an array of them.
//! MySQL's lists are parsed every time.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Nullable, SmallInt, Text};

use super::among::{in_span, spans};
use crate::connection::DbConnection;
use crate::statement::statement;

/// The latest point of one metric of one run.
#[derive(Debug, Queryable)]
pub(crate) struct LatestMetric {
    pub(crate) run: i64,
    pub(crate) key: i64,
    pub(crate) step: i64,
    pub(crate) timestamp: i64,
    /// None is NaN.
    pub(crate) value: Option<f64>,
}

statement! {
    /// The latest points of the runs in these spans.
    Sqlite LatestMetrics { runs: Text = &'a str } -> (BigInt, BigInt, BigInt, BigInt, Nullable<Double>),
    concat!("SELECT v.run_id, v.key_id, v.step, v.ts, v.value \
     FROM json_each(?) s CROSS JOIN metric_latest v ON v.run_id ", in_span!())
}

/// The latest point of every metric of these runs.
pub(crate) fn latest_metrics(
    db: &mut DbConnection,
    runs: &[i64],
) -> QueryResult<Vec<LatestMetric>> {
    match db {
        DbConnection::Sqlite(db) => LatestMetrics::new(&spans(runs)).load(db),
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => postgres::LatestMetrics::new(runs).load(db),
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => mysql::latest_metrics(db, runs),
    }
}

/// A param or a tag of one run.
#[derive(Debug, Queryable)]
pub(crate) struct LoggedText {
    pub(crate) run: i64,
    pub(crate) key: i64,
    pub(crate) value: String,
    pub(crate) is_tag: bool,
}

statement! {
    /// Params and tags of the runs in these spans.
    Sqlite ParamsAndTags { runs: Text = &'a str, again: Text = &'a str } -> (BigInt, BigInt, Text, diesel::sql_types::Bool),
    concat!("SELECT v.run_id, v.key_id, v.value, 0 \
     FROM json_each(?) s CROSS JOIN param v ON v.run_id ", in_span!(), " \
     UNION ALL SELECT v.run_id, v.key_id, v.value, 1 \
     FROM json_each(?) s CROSS JOIN run_tag v ON v.run_id ", in_span!())
}

/// Every param and tag of these runs.
pub(crate) fn params_and_tags(db: &mut DbConnection, runs: &[i64]) -> QueryResult<Vec<LoggedText>> {
    match db {
        DbConnection::Sqlite(db) => {
            let runs = spans(runs);
            ParamsAndTags::new(&runs, &runs).load(db)
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => postgres::ParamsAndTags::new(runs).load(db),
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => mysql::params_and_tags(db, runs),
    }
}

/// What one run read or made. The order is that of answers.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    pub(crate) run: i64,
    pub(crate) linked: Linked,
}

/// Something that a run read or made.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Linked {
    /// A dataset that it read.
    Dataset { position: i64, dataset: i64 },
    /// A logged model that it read.
    ModelInput { model_id: String },
    /// A logged model that it made.
    ModelOutput { model_id: String, step: i64 },
}

type LinkColumns = (BigInt, SmallInt, BigInt, Text, BigInt);

statement! {
    /// What the runs in these spans read and made.
    Sqlite Links { datasets: Text = &'a str, inputs: Text = &'a str, outputs: Text = &'a str } -> LinkColumns,
    concat!("SELECT v.run_id, 1, v.dataset_id, '', v.position \
     FROM json_each(?) s CROSS JOIN run_dataset v ON v.run_id ", in_span!(), " \
     UNION ALL SELECT v.run_id, 2, 0, v.model_id, 0 \
     FROM json_each(?) s CROSS JOIN run_model_input v ON v.run_id ", in_span!(), " \
     UNION ALL SELECT v.run_id, 3, 0, v.model_id, v.step \
     FROM json_each(?) s CROSS JOIN run_model_output v ON v.run_id ", in_span!())
}

/// What these runs read and made, in no particular order.
pub(crate) fn links(db: &mut DbConnection, runs: &[i64]) -> QueryResult<Vec<Link>> {
    let rows = match db {
        DbConnection::Sqlite(db) => {
            let runs = spans(runs);
            Links::new(&runs, &runs, &runs).load(db)
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => postgres::Links::new(runs).load(db),
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => return mysql::links(db, runs),
    }?;
    Ok(rows.into_iter().map(link).collect())
}

/// One row of the statements called `Links`, whose second column says what the others are.
fn link((run, kind, dataset, model_id, number): (i64, i16, i64, String, i64)) -> Link {
    let linked = match kind {
        1 => Linked::Dataset {
            position: number,
            dataset,
        },
        2 => Linked::ModelInput { model_id },
        _ => Linked::ModelOutput {
            model_id,
            step: number,
        },
    };
    Link { run, linked }
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::sql_types::{Array, BigInt, Bool, Double, Nullable, Text};

    use super::LinkColumns;
    use crate::statement::statement;

    statement! {
        /// The latest points of the runs in an array.
        Pg LatestMetrics { runs: Array<BigInt> = &'a [i64] } -> (BigInt, BigInt, BigInt, BigInt, Nullable<Double>),
        "SELECT run_id, key_id, step, ts, value FROM metric_latest WHERE run_id = ANY(?)"
    }

    statement! {
        /// Params and tags of the runs in an array.
        Pg ParamsAndTags { runs: Array<BigInt> = &'a [i64] } -> (BigInt, BigInt, Text, Bool),
        "SELECT run_id, key_id, value, false FROM param WHERE run_id = ANY(?) \
         UNION ALL SELECT run_id, key_id, value, true FROM run_tag WHERE run_id = ANY($1)"
    }

    statement! {
        /// What the runs in an array read and made.
        Pg Links { runs: Array<BigInt> = &'a [i64] } -> LinkColumns,
        "SELECT run_id, 1::smallint, dataset_id, '', position FROM run_dataset \
         WHERE run_id = ANY(?) \
         UNION ALL SELECT run_id, 2::smallint, 0, model_id, 0 FROM run_model_input \
         WHERE run_id = ANY($1) \
         UNION ALL SELECT run_id, 3::smallint, 0, model_id, step FROM run_model_output \
         WHERE run_id = ANY($1)"
    }
}

#[cfg(feature = "mysql")]
mod mysql {
    use diesel::MysqlConnection;
    use diesel::prelude::*;

    use super::{LatestMetric, Link, Linked, LoggedText};
    use crate::schema::{
        metric_latest, param, run_dataset, run_model_input, run_model_output, run_tag,
    };

    pub(super) fn latest_metrics(
        db: &mut MysqlConnection,
        runs: &[i64],
    ) -> QueryResult<Vec<LatestMetric>> {
        use metric_latest::*;
        table
            .filter(run_id.eq_any(runs))
            .select((run_id, key_id, step, ts, value))
            .load(db)
    }

    pub(super) fn params_and_tags(
        db: &mut MysqlConnection,
        runs: &[i64],
    ) -> QueryResult<Vec<LoggedText>> {
        let text = |is_tag| {
            move |(run, key, value)| LoggedText {
                run,
                key,
                value,
                is_tag,
            }
        };
        let params: Vec<(i64, i64, String)> =
            param::table.filter(param::run_id.eq_any(runs)).load(db)?;
        let tags: Vec<(i64, i64, String)> = run_tag::table
            .filter(run_tag::run_id.eq_any(runs))
            .load(db)?;
        Ok(params
            .into_iter()
            .map(text(false))
            .chain(tags.into_iter().map(text(true)))
            .collect())
    }

    pub(super) fn links(db: &mut MysqlConnection, runs: &[i64]) -> QueryResult<Vec<Link>> {
        let datasets: Vec<(i64, i64, i64)> = run_dataset::table
            .filter(run_dataset::run_id.eq_any(runs))
            .load(db)?;
        let inputs: Vec<(i64, String)> = run_model_input::table
            .filter(run_model_input::run_id.eq_any(runs))
            .load(db)?;
        let outputs: Vec<(i64, String, i64)> = run_model_output::table
            .filter(run_model_output::run_id.eq_any(runs))
            .load(db)?;
        let datasets = datasets.into_iter().map(|(run, dataset, position)| Link {
            run,
            linked: Linked::Dataset { position, dataset },
        });
        let inputs = inputs.into_iter().map(|(run, model_id)| Link {
            run,
            linked: Linked::ModelInput { model_id },
        });
        let outputs = outputs.into_iter().map(|(run, model_id, step)| Link {
            run,
            linked: Linked::ModelOutput { model_id, step },
        });
        Ok(datasets.chain(inputs).chain(outputs).collect())
    }
}
