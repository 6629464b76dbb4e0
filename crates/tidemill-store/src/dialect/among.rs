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
            .text(list(ids, "[", "]"))
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

/// Bits for the length of a span; row ids leave them free.
const LENGTH_BITS: u32 = 16;

/// The condition that an id is in the span `s` of [`spans`], after the id's column.
macro_rules! in_span {
    () => {
        "BETWEEN s.value >> 16 AND (s.value >> 16) + (s.value & 65535)"
    };
}

pub(super) use in_span;

/// The ids as spans for SQLite's `json_each`: the first id of each, and how many follow. Rows
/// of runs that were made one after the other lie side by side, and one look into an index
/// finds them all.
pub(super) fn spans(ids: &[i64]) -> String {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let neighbours = ids.chunk_by(|a, b| a + 1 == *b);
    let spans = neighbours.flat_map(|span| span.chunks(1 << LENGTH_BITS));
    let packed: Vec<i64> = spans
        .map(|span| span[0] << LENGTH_BITS | (span.len() as i64 - 1))
        .collect();
    list(&packed, "[", "]")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_span() {
        assert_eq!(spans(&[]), "[]");
        let spans_of = [(3, 0), (7, 2), (11, 0)];
        let packed = spans_of.map(|(first, more)| (first << LENGTH_BITS | more).to_string());
        assert_eq!(spans(&[8, 11, 3, 7, 9]), format!("[{}]", packed.join(",")));
        assert!(in_span!().contains(&format!(">> {LENGTH_BITS} ")));
        assert!(in_span!().contains(&format!("& {})", (1 << LENGTH_BITS) - 1)));
    }

    #[test]
    fn a_long_span_is_cut() {
        let ids: Vec<i64> = (1..=70_000).collect();
        assert_eq!(spans(&ids).split(',').count(), 2);
    }
}
