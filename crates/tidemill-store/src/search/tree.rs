//! Writing the connectives of a filter.

use tidemill_search::expr::{Comparison, Expr};

use super::sql::Sql;

/// How many comparisons a filter may have before each is written as a question of its own.
///
/// PostgreSQL turns every `EXISTS` of a conjunction into a join, and the time that it takes to
/// plan these grows with the cube of their number: minutes for a few hundred. What it does not
/// recognise as a bare `EXISTS` it plans alone.
const JOINED: usize = 12;

/// Writes `expr`; `compare` writes one comparison so that it is true or false, never NULL.
pub(crate) fn write<F>(
    sql: &mut Sql,
    expr: &Expr<F>,
    compare: &mut impl FnMut(&mut Sql, &Comparison<F>),
) {
    if comparisons(expr) <= JOINED {
        return connect(sql, expr, compare);
    }
    connect(sql, expr, &mut |sql: &mut Sql, comparison: &_| {
        sql.push("((");
        compare(sql, comparison);
        sql.push(") IS TRUE)");
    });
}

fn comparisons<F>(expr: &Expr<F>) -> usize {
    match expr {
        Expr::All(parts) | Expr::Any(parts) => parts.iter().map(comparisons).sum(),
        Expr::Not(inner) => comparisons(inner),
        Expr::Compare(_) => 1,
    }
}

fn connect<F>(sql: &mut Sql, expr: &Expr<F>, compare: &mut impl FnMut(&mut Sql, &Comparison<F>)) {
    match expr {
        Expr::All(all) => balanced(sql, all, " AND ", "1 = 1", compare),
        Expr::Any(any) => balanced(sql, any, " OR ", "1 = 0", compare),
        Expr::Not(inner) => {
            sql.push("NOT (");
            connect(sql, inner, compare);
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
        [one] => connect(sql, one, compare),
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
