//! Choosing the condition to start from.
//!
//! A search whose filter holds for few runs should look at those only, and one whose filter
//! holds for many should walk the index of its ordering. Statistics of the database may be
//! old or absent, so each condition that has an index is counted, up to a bound.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tidemill_search::expr::{Comparison, Expr, NumberOp, Test, TextOp};
use tidemill_search::runs::{RunAttribute, RunField, RunFilter};

use super::distinct;
use super::names::{Names, field_name};
use super::predicate::table;
use crate::connection::DbConnection;
use crate::dialect::{Dialect, INDEXED, indexed_value, whole_value};
use crate::error::DbResult;
use crate::keys::KeyKind;
use crate::search::sql::Sql;
use crate::search::test;

/// Up to so many runs are looked at one by one.
pub(super) const FEW: i64 = if cfg!(debug_assertions) { 4 } else { 4000 };
/// How many times fewer runs than a walk would look at count as much better.
const MUCH: i64 = 4;
/// Longer lists are not started from: their values would be bound more than once, and the
/// number of binds is limited.
const LIST: usize = 2000;
/// So many conditions are counted at most.
const COUNTED: usize = 8;

/// How a search starts.
pub(super) enum Start {
    /// No run can pass the filter.
    Nowhere,
    /// This statement selects the numbers of all runs that can, and they are few.
    From(Sql),
    /// The filter holds for many runs, or nobody knows.
    Anywhere,
}

/// Chooses how to start. When the ordering is by a metric, `walked` is its name: its index
/// would be walked in order, and no further than the filter's bounds on it, so another start
/// has to be much better than that.
pub(super) fn choose(
    db: &mut DbConnection,
    names: &Names,
    filter: &RunFilter,
    walked: Option<&str>,
) -> DbResult<Start> {
    let conditions = conditions(filter);
    if conditions
        .iter()
        .any(|condition| is_impossible(names, condition))
    {
        return Ok(Start::Nowhere);
    }
    let dialect = Dialect::of(db);
    let (bounds, others): (Vec<_>, Vec<_>) = conditions.into_iter().partition(
        |condition| matches!(&condition.field, RunField::Metric(name) if Some(name.as_str()) == walked),
    );
    let sources = |conditions: &[&Comparison<RunField>]| -> Vec<Sql> {
        let sources = conditions.iter();
        let sources = sources.filter_map(|condition| source(dialect, names, condition));
        sources.take(COUNTED).collect()
    };
    let mut fewest = FEW + 1;
    for bound in sources(&bounds) {
        let walk = count(db, bound, FEW)?;
        if walk < FEW {
            fewest = fewest.min(walk / MUCH + 1);
        }
    }
    let mut start = Start::Anywhere;
    for source in sources(&others) {
        let count = count(db, source.clone(), fewest)?;
        if count < fewest {
            fewest = count;
            start = Start::From(source);
        }
    }
    if matches!(start, Start::Anywhere) {
        for condition in others.into_iter().take(COUNTED) {
            let Some(listed) = distinct::listed(db, names, condition)? else {
                continue;
            };
            if listed.test == Test::In(Vec::new()) {
                return Ok(Start::Nowhere);
            }
            let Some(source) = source(dialect, names, &listed) else {
                continue;
            };
            let count = count(db, source.clone(), fewest)?;
            if count < fewest {
                fewest = count;
                start = Start::From(source);
            }
        }
    }
    Ok(start)
}

/// The conditions that must all hold.
pub(super) fn parts(filter: &RunFilter) -> Vec<&RunFilter> {
    match filter {
        Expr::All(inner) => inner.iter().flat_map(parts).collect(),
        _ => vec![filter],
    }
}

/// The comparisons that must all hold.
pub(super) fn conditions(filter: &RunFilter) -> Vec<&Comparison<RunField>> {
    let parts = parts(filter).into_iter();
    parts
        .filter_map(|part| match part {
            Expr::Compare(comparison) => Some(comparison),
            _ => None,
        })
        .collect()
}

fn is_impossible(names: &Names, condition: &Comparison<RunField>) -> bool {
    condition.test != Test::IsNull
        && field_name(&condition.field).is_some_and(|(kind, name)| !names.knows(kind, &name))
}

fn source(dialect: Dialect, names: &Names, condition: &Comparison<RunField>) -> Option<Sql> {
    if condition.field == RunField::Attribute(RunAttribute::RunId) {
        return run_ids(&condition.test);
    }
    let (kind, name) = field_name(&condition.field)?;
    let mut sql = Sql::default();
    sql.push("SELECT d.run_id FROM ")
        .push(table(kind))
        .push(" d WHERE d.key_id IN (");
    sql.numbers(names.numbers(kind, &name)).push(") AND ");
    match kind {
        KeyKind::Metric => metric_range(&mut sql, &condition.test)?,
        KeyKind::Param | KeyKind::Tag => text_values(&mut sql, dialect, &condition.test)?,
    }
    Some(sql)
}

fn run_ids(test: &Test) -> Option<Sql> {
    let ids = match test {
        Test::Text(TextOp::Eq, id) => std::slice::from_ref(id),
        Test::In(ids) if (1..=LIST).contains(&ids.len()) => ids,
        _ => return None,
    };
    let mut sql = Sql::default();
    sql.push("SELECT d.id AS run_id FROM run d WHERE d.uuid IN (")
        .texts(ids)
        .push(")");
    Some(sql)
}

fn metric_range(sql: &mut Sql, condition: &Test) -> Option<()> {
    match condition {
        Test::Number(NumberOp::Ne, _) => None,
        Test::Number(..) | Test::Between(..) => {
            test::metric(sql, "d.value", condition);
            Some(())
        }
        _ => None,
    }
}

/// The index has the first [`INDEXED`] characters; of a longer value all decide.
fn text_values(sql: &mut Sql, dialect: Dialect, condition: &Test) -> Option<()> {
    let values = match condition {
        Test::Text(TextOp::Eq, value) => std::slice::from_ref(value),
        Test::In(values) if (1..=LIST).contains(&values.len()) => values,
        _ => return None,
    };
    if let Some(indexed) = indexed_value(dialect) {
        let prefix = |value: &String| value.chars().take(INDEXED).collect();
        let prefixes: Vec<String> = values.iter().map(prefix).collect();
        sql.push(indexed).push(" IN (").texts(&prefixes).push(")");
        if prefixes
            .iter()
            .all(|prefix| prefix.chars().count() < INDEXED)
        {
            return Some(());
        }
        sql.push(" AND ");
    }
    sql.push(whole_value(dialect))
        .push(" IN (")
        .texts(values)
        .push(")");
    Some(())
}

fn count(db: &mut DbConnection, source: Sql, most: i64) -> DbResult<i64> {
    let mut sql = Sql::default();
    sql.push("SELECT count(*) FROM (")
        .append(source)
        .push(" LIMIT ")
        .int(most)
        .push(") c");
    Ok(sql.query::<BigInt>().get_result(db)?)
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use diesel::sql_types::{Integer, Text};

    use super::*;

    /// How SQLite finds the params with one of these values.
    fn plan(values: &[&str]) -> String {
        let file = diesel::SqliteConnection::establish(":memory:").unwrap();
        let mut db = DbConnection::Sqlite(file);
        db.batch_execute(include_str!(
            "../../../../../migrations/sqlite/0001_tracking_and_registry/up.sql"
        ))
        .unwrap();
        let mut sql = Sql::default();
        sql.push("EXPLAIN QUERY PLAN SELECT d.run_id FROM param d WHERE d.key_id IN (1) AND ");
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        text_values(&mut sql, Dialect::Sqlite, &Test::In(values)).unwrap();
        let query = sql.query::<(Integer, Integer, Integer, Text)>();
        let steps: Vec<(i32, i32, i32, String)> = query.load(&mut db).unwrap();
        steps.into_iter().map(|step| step.3).collect()
    }

    #[test]
    fn a_value_is_looked_up_in_its_index() {
        let long = "v".repeat(INDEXED);
        for values in [&["0.01"][..], &["0.01", "0.1"], &[&long], &[&long, "0.1"]] {
            let plan = plan(values);
            assert!(plan.contains("(key_id=? AND <expr>=?)"), "{plan}");
        }
    }
}
