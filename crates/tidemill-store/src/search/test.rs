//! Writing the test that a column has to pass.
//!
//! The column must not be NULL where the test is reached, except a metric's value, in which
//! NULL is NaN.

use tidemill_search::expr::{Number, NumberOp, Test, TextOp};

use super::integer::{IntegerTest, integer_test};
use super::sql::Sql;
use crate::dialect::{Dialect, write_ilike, write_like};

/// A test of a text column. Tests for numbers hold for no text.
pub(crate) fn text(sql: &mut Sql, dialect: Dialect, column: &'static str, test: &Test) {
    match test {
        Test::Text(TextOp::Eq, value) => drop(sql.push(column).push(" = ").text(value)),
        Test::Text(TextOp::Ne, value) => drop(sql.push(column).push(" <> ").text(value)),
        Test::Text(TextOp::Like, pattern) => write_like(sql, dialect, column, pattern),
        Test::Text(TextOp::ILike, pattern) => write_ilike(sql, dialect, column, pattern),
        Test::In(values) => list(sql, column, " IN (", values, "1 = 0"),
        Test::NotIn(values) => list(sql, column, " NOT IN (", values, "1 = 1"),
        Test::IsNotNull => drop(sql.push("1 = 1")),
        Test::IsNull | Test::Number(..) | Test::Between(..) => drop(sql.push("1 = 0")),
    }
}

fn list(
    sql: &mut Sql,
    column: &'static str,
    operator: &'static str,
    values: &[String],
    empty: &'static str,
) {
    if values.is_empty() {
        sql.push(empty);
        return;
    }
    sql.push(column).push(operator).texts(values).push(")");
}

/// For something that may be absent, written as `EXISTS (.. AND test)`: `IS NULL` becomes the
/// negation of `IS NOT NULL`.
pub(crate) fn write_negation<'t>(sql: &mut Sql, test: &'t Test) -> &'t Test {
    match test {
        Test::IsNull => {
            sql.push("NOT ");
            &Test::IsNotNull
        }
        test => test,
    }
}

/// A test of an integer column.
pub(crate) fn integer(sql: &mut Sql, column: &'static str, test: &Test) {
    match test {
        Test::Number(op, number) => compare_integer(sql, column, *op, *number),
        Test::Between(low, high) => {
            sql.push("(");
            compare_integer(sql, column, NumberOp::Ge, *low);
            sql.push(" AND ");
            compare_integer(sql, column, NumberOp::Le, *high);
            sql.push(")");
        }
        Test::IsNotNull => drop(sql.push("1 = 1")),
        Test::IsNull | Test::Text(..) | Test::In(_) | Test::NotIn(_) => drop(sql.push("1 = 0")),
    }
}

fn compare_integer(sql: &mut Sql, column: &'static str, op: NumberOp, number: Number) {
    match integer_test(op, number) {
        IntegerTest::Never => drop(sql.push("1 = 0")),
        IntegerTest::Always => drop(sql.push("1 = 1")),
        IntegerTest::Compare(op, number) => {
            sql.push(column).push(operator(op)).int(number);
        }
    }
}

/// A test of a metric's value, whose NULL is NaN: not equal to any number, and in no other
/// relation to one.
pub(crate) fn metric(sql: &mut Sql, column: &'static str, test: &Test) {
    match test {
        Test::Number(NumberOp::Ne, number) => {
            sql.push("(")
                .push(column)
                .push(" <> ")
                .double(double(*number));
            sql.push(" OR ").push(column).push(" IS NULL)");
        }
        Test::Number(op, number) => {
            sql.push(column).push(operator(*op)).double(double(*number));
        }
        Test::Between(low, high) => {
            sql.push(column)
                .push(" >= ")
                .double(double(*low))
                .push(" AND ");
            sql.push(column).push(" <= ").double(double(*high));
        }
        Test::IsNotNull => drop(sql.push("1 = 1")),
        Test::IsNull | Test::Text(..) | Test::In(_) | Test::NotIn(_) => drop(sql.push("1 = 0")),
    }
}

/// The number as metrics are compared with it.
pub(crate) fn double(number: Number) -> f64 {
    match number {
        Number::Int(number) => number as f64,
        Number::Float(number) => number,
    }
}

/// The operator with blanks around it.
pub(crate) fn operator(op: NumberOp) -> &'static str {
    match op {
        NumberOp::Eq => " = ",
        NumberOp::Ne => " <> ",
        NumberOp::Lt => " < ",
        NumberOp::Le => " <= ",
        NumberOp::Gt => " > ",
        NumberOp::Ge => " >= ",
    }
}
