//! "Is one of these ids", in a text that does not depend on how many there are.
//!
//! A list of marks is another text for every length, which connections therefore do not keep
//! prepared. SQLite is given the ids as a JSON list, PostgreSQL as an array, each one bind.
//! MySQL's lists are parsed every time.

use std::fmt::Write;

use diesel::sql_types::Bool;

use super::Dialect;
use crate::connection::DbConnection;
use crate::search::sql::{Sql, Written};

/// The condition that `column` is one of `ids`.
pub(crate) fn among(db: &DbConnection, column: &'static str, ids: &[i64]) -> Written<Bool> {
    let mut sql = Sql::default();
    write_among(&mut sql, Dialect::of(db), column, ids);
    sql.expression().cached()
}

/// Appends the condition that `column` is one of `ids`.
pub(crate) fn write_among(sql: &mut Sql, dialect: Dialect, column: &'static str, ids: &[i64]) {
    sql.push(column);
    match dialect {
        Dialect::Sqlite => sql
            .push(" IN (SELECT value FROM json_each(")
            .text(json(ids))
            .push("))"),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => sql
            .push(" = ANY(CAST(")
            .text(list(ids, "{", "}"))
            .push(" AS bigint[]))"),
        #[cfg(feature = "mysql")]
        // An empty list is a syntax error, and no id is NULL.
        Dialect::Mysql if ids.is_empty() => sql.push(" IN (NULL)"),
        #[cfg(feature = "mysql")]
        Dialect::Mysql => sql.push(" IN ").passing(list(ids, "(", ")")),
    };
}

/// The ids as SQLite's `json_each` takes them.
pub(super) fn json(ids: &[i64]) -> String {
    list(ids, "[", "]")
}

fn list(ids: &[i64], open: &str, close: &str) -> String {
    let mut list = String::with_capacity(2 + ids.len() * 8);
    list.push_str(open);
    for (position, id) in ids.iter().enumerate() {
        // Writing to a text cannot fail.
        let _ = write!(list, "{}{id}", if position == 0 { "" } else { "," });
    }
    list.push_str(close);
    list
}
