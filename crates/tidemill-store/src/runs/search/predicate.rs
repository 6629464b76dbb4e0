//! The filter as a predicate on the run `r`.
//!
//! What a run logged is probed with `EXISTS`, so that a run comes out once however many of
//! its rows match. Datasets are many per run; each comparison may be met by another one.

use tidemill_core::runs::RunStatus;
use tidemill_search::document::Value;
use tidemill_search::expr::{Comparison, Test};
use tidemill_search::runs::{DatasetAttribute, RunAttribute, RunField, RunFilter};

use super::names::{Names, field_name};
use crate::dialect::Dialect;
use crate::keys::KeyKind;
use crate::search::sql::Sql;
use crate::search::{test, tree};

/// The tag of a dataset's use that says for what it was used.
const CONTEXT: &str = "mlflow.data.context";

/// For which database, and where in a statement, a predicate is written.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) dialect: Dialect,
    pub(super) names: &'a Names,
    /// The column with the run's number: `r.id`, or another that is known sooner.
    pub(super) run: &'static str,
}

impl<'a> At<'a> {
    /// Where the run itself is at hand.
    pub(super) fn run(dialect: Dialect, names: &'a Names) -> Self {
        Self {
            dialect,
            names,
            run: "r.id",
        }
    }
}

/// Whether a condition is about nothing but what the run logged, so that it can be looked at
/// before the run itself is.
pub(super) fn is_probe(filter: &RunFilter) -> bool {
    !filter.mentions(&|field| field_name(field).is_none())
}

/// Writes the filter for the run `r`.
pub(super) fn write(sql: &mut Sql, at: At<'_>, filter: &RunFilter) {
    tree::write(sql, filter, &mut |sql, comparison| {
        compare(sql, at, comparison)
    });
}

/// Writes one comparison for the run `r`.
fn compare(sql: &mut Sql, at: At<'_>, comparison: &Comparison<RunField>) {
    if comparison.test == Test::IsNull {
        sql.push("NOT (");
        holds(sql, at, &comparison.field, &Test::IsNotNull);
        sql.push(")");
    } else {
        holds(sql, at, &comparison.field, &comparison.test);
    }
}

fn holds(sql: &mut Sql, at: At<'_>, field: &RunField, test: &Test) {
    if let Some((kind, name)) = field_name(field) {
        return logged(sql, at, kind, &name, test);
    }
    match field {
        RunField::Attribute(attribute) => property(sql, at.dialect, *attribute, test),
        RunField::Dataset(attribute) => dataset(sql, at.dialect, *attribute, test),
        RunField::Metric(_) | RunField::Param(_) | RunField::Tag(_) => drop(sql.push("1 = 0")),
    }
}

fn logged(sql: &mut Sql, at: At<'_>, kind: KeyKind, name: &str, test: &Test) {
    if !at.names.knows(kind, name) {
        sql.push("1 = 0");
        return;
    }
    sql.push("EXISTS (SELECT 1 FROM ")
        .push(table(kind))
        .push(" v WHERE v.run_id = ")
        .push(at.run)
        .push(" AND ");
    at.names.write_is(sql, "v.key_id", kind, name);
    sql.push(" AND ");
    match kind {
        KeyKind::Metric => test::metric(sql, "v.value", test),
        KeyKind::Param | KeyKind::Tag => test::text(sql, at.dialect, "v.value", test),
    }
    sql.push(")");
}

/// The table that holds what is logged under keys of this kind.
pub(super) fn table(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Metric => "metric_latest",
        KeyKind::Param => "param",
        KeyKind::Tag => "run_tag",
    }
}

fn property(sql: &mut Sql, dialect: Dialect, attribute: RunAttribute, test: &Test) {
    match attribute {
        RunAttribute::RunId => test::text(sql, dialect, "r.uuid", test),
        RunAttribute::ArtifactUri => test::text(sql, dialect, "r.artifact_uri", test),
        RunAttribute::UserId => test::text(sql, dialect, "r.user_id", test),
        RunAttribute::RunName => test::text(sql, dialect, "r.name", test),
        RunAttribute::StartTime => test::integer(sql, "r.start_time", test),
        RunAttribute::EndTime => {
            sql.push("(r.end_time IS NOT NULL AND ");
            test::integer(sql, "r.end_time", test);
            sql.push(")");
        }
        RunAttribute::Status => status(sql, test),
    }
}

/// Statuses are few, so the test is put to each of their names here.
fn status(sql: &mut Sql, test: &Test) {
    let passing: Vec<i64> = RunStatus::ALL
        .into_iter()
        .filter(|status| test.passes(&Value::from(status.as_str())))
        .map(|status| status as i64)
        .collect();
    match passing[..] {
        [] => drop(sql.push("1 = 0")),
        _ => drop(sql.push("r.status IN (").numbers(passing).push(")")),
    }
}

fn dataset(sql: &mut Sql, dialect: Dialect, attribute: DatasetAttribute, test: &Test) {
    let column = match attribute {
        DatasetAttribute::Name => "d.name",
        DatasetAttribute::Digest => "d.digest",
        DatasetAttribute::Context => "d.value",
    };
    sql.push("EXISTS (SELECT 1 FROM ");
    match attribute {
        DatasetAttribute::Context => {
            sql.push("run_dataset_tag d WHERE d.run_id = r.id AND d.name = ")
                .text(CONTEXT);
        }
        DatasetAttribute::Name | DatasetAttribute::Digest => {
            sql.push("run_dataset u JOIN dataset d ON d.id = u.dataset_id WHERE u.run_id = r.id");
        }
    }
    sql.push(" AND ");
    test::text(sql, dialect, column, test);
    sql.push(")");
}
