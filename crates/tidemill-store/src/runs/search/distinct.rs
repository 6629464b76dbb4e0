//! Patterns on keys with few different values.
//!
//! No index answers `LIKE`. But most params and tags have few different values, which the
//! index on values gives in as many steps as there are, however many runs share them. The
//! pattern is put to each here, and a list of those that pass has an index.

use diesel::prelude::*;
use diesel::sql_types::Text;
use tidemill_search::document::Value;
use tidemill_search::expr::{Comparison, Test, TextOp};
use tidemill_search::runs::RunField;

use super::names::{Names, field_name};
use super::predicate::table;
use crate::connection::DbConnection;
use crate::dialect::{Dialect, INDEXED, indexed_value};
use crate::error::DbResult;
use crate::keys::KeyKind;
use crate::search::sql::Sql;

/// A key with more values than this has many.
const FEW_VALUES: i64 = if cfg!(debug_assertions) { 4 } else { 256 };
/// In more experiments than this, a name is not looked at.
const FEW_KEYS: usize = 16;

/// The same condition as a list of values, if it is a pattern on a key with few values. An
/// empty list: no run passes.
pub(super) fn listed(
    db: &mut DbConnection,
    names: &Names,
    condition: &Comparison<RunField>,
) -> DbResult<Option<Comparison<RunField>>> {
    let Test::Text(TextOp::Like | TextOp::ILike, _) = condition.test else {
        return Ok(None);
    };
    let Some((kind, name)) = field_name(&condition.field) else {
        return Ok(None);
    };
    let keys = names.numbers(kind, &name);
    if keys.clone().count() > FEW_KEYS {
        return Ok(None);
    }
    let mut passing = Vec::new();
    for key in keys {
        let Some(values) = few_values(db, kind, key)? else {
            return Ok(None);
        };
        let values = values.into_iter();
        passing.extend(values.filter(|value| condition.test.passes(&Value::from(value.as_str()))));
    }
    passing.sort_unstable();
    passing.dedup();
    Ok(Some(Comparison {
        field: condition.field.clone(),
        test: Test::In(passing),
    }))
}

/// Every value of a key, if they are few and the index has all of each.
fn few_values(db: &mut DbConnection, kind: KeyKind, key: i64) -> DbResult<Option<Vec<String>>> {
    let Some(indexed) = indexed_value(Dialect::of(db)) else {
        return Ok(None);
    };
    let mut next = Sql::default();
    next.push("SELECT ").push(indexed).push(" AS x FROM ");
    next.push(table(kind)).push(" d WHERE d.key_id = ").int(key);
    let mut after = next.clone();
    after.push(" AND ").push(indexed).push(" > v.x");
    for sql in [&mut next, &mut after] {
        sql.push(" ORDER BY ").push(indexed).push(" LIMIT 1");
    }
    let mut sql = Sql::default();
    sql.push("WITH RECURSIVE v(x, n) AS (SELECT f.x, 0 FROM (")
        .append(next)
        .push(") f UNION ALL SELECT (")
        .append(after)
        .push("), v.n + 1 FROM v WHERE v.x IS NOT NULL AND v.n < ")
        .number(FEW_VALUES)
        .push(") SELECT v.x FROM v WHERE v.x IS NOT NULL");
    let values: Vec<String> = sql.query::<Text>().cached().load(db)?;
    let are_few = values.len() as i64 <= FEW_VALUES;
    let are_whole = values.iter().all(|value| value.chars().count() < INDEXED);
    Ok((are_few && are_whole).then_some(values))
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::*;

    fn database(values: impl Iterator<Item = String>) -> DbConnection {
        let file = diesel::SqliteConnection::establish(":memory:").unwrap();
        let mut db = DbConnection::Sqlite(file);
        let rows: Vec<String> = values
            .enumerate()
            .map(|(run, value)| format!("({run}, 1, '{value}'), ({run}, 2, 'other')"))
            .collect();
        db.batch_execute(&format!(
            "CREATE TABLE param (run_id, key_id, value TEXT); INSERT INTO param VALUES {}",
            rows.join(", ")
        ))
        .unwrap();
        db
    }

    #[test]
    fn values_are_listed_once_while_they_are_few_and_short() {
        let values = |db: &mut DbConnection| few_values(db, KeyKind::Param, 1).unwrap();
        let colours = ["red", "blue", "red", "", "blue"];
        let mut db = database(colours.into_iter().map(str::to_owned));
        assert_eq!(values(&mut db).unwrap(), ["", "blue", "red"]);
        for many in [FEW_VALUES, FEW_VALUES + 1] {
            let mut db = database((0..many).map(|n| n.to_string()));
            assert_eq!(values(&mut db).is_some(), many == FEW_VALUES);
        }
        let mut db = database(std::iter::once("v".repeat(INDEXED)));
        assert_eq!(values(&mut db), None);
    }
}
