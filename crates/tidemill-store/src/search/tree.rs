//! Writing the connectives of a filter.

use tidemill_search::expr::{Comparison, Expr};

use super::sql::Sql;

/// Writes `expr`; `compare` writes one comparison so that it is true or false, never NULL.
pub(crate) fn write<F>(
    sql: &mut Sql,
    expr: &Expr<F>,
    compare: &mut impl FnMut(&mut Sql, &Comparison<F>),
) {
    match expr {
        Expr::All(all) => balanced(sql, all, " AND ", "1 = 1", compare),
        Expr::Any(any) => balanced(sql, any, " OR ", "1 = 0", compare),
        Expr::Not(inner) => {
            sql.push("NOT (");
            write(sql, inner, compare);
            sql.push(")");
        }
        Expr::Compare(comparison) => compare(sql, comparison),
    }
}

/// A chain as a balanced tree: SQLite refuses expressions deeper than a thousand, and a plain
/// chain is as deep as it is long.
fn balanced<F>(
    sql: &mut Sql,
    parts: &[Expr<F>],
    between: &'static str,
    empty: &'static str,
    compare: &mut impl FnMut(&mut Sql, &Comparison<F>),
) {
    match parts {
        [] => drop(sql.push(empty)),
        [one] => write(sql, one, compare),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            sql.push("(");
            balanced(sql, left, between, empty, compare);
            sql.push(between);
            balanced(sql, right, between, empty, compare);
            sql.push(")");
        }
    }
}
