//! Orderings and the condition "comes after this place", for pages without OFFSET.
//!
//! Databases disagree about where NULL sorts, and searches want it last in both directions,
//! so every nullable column is preceded by "is it missing". A metric's NULL is NaN and comes
//! between its numbers and the things that lack the metric.

use diesel::sql_types::Bool;
use tidemill_search::order::OrderBy;

use super::sql::{Sql, Written};
use super::token::Mark;

/// One sort key of an ordering; a unique one comes last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) column: Column,
    pub(crate) kind: Kind,
    pub(crate) ascending: bool,
}

/// Where the values are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Column {
    /// A column or expression of the thing itself.
    Own(&'static str),
    /// The column `s<number>` that the statement adds; NULL where nothing has a value.
    Computed(usize),
    /// The column `value` of the outer join `o<number>`, which has this column when it hits.
    Joined { number: usize, owner: &'static str },
}

/// What the values are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Int,
    NullableInt,
    Text,
    NullableText,
    /// Doubles, NULL being NaN.
    Metric,
    /// Nothing has a value; the term orders nothing.
    Absent,
}

impl Column {
    fn write(self, sql: &mut Sql) {
        match self {
            Self::Own(column) => drop(sql.push(column)),
            Self::Computed(number) => drop(sql.push("s").number(number as i64)),
            Self::Joined { number, .. } => drop(sql.push("o").number(number as i64).push(".value")),
        }
    }

    fn write_missing(self, sql: &mut Sql) {
        match self {
            Self::Own(_) | Self::Computed(_) => self.write(sql),
            Self::Joined { number, owner } => {
                sql.push("o").number(number as i64).push(".").push(owner);
            }
        }
        sql.push(" IS NULL");
    }
}

impl Term {
    /// A column of the thing itself that is never NULL.
    pub(crate) fn own(column: &'static str, kind: Kind, ascending: bool) -> Self {
        Self {
            column: Column::Own(column),
            kind,
            ascending,
        }
    }

    fn is_nullable(&self) -> bool {
        !matches!(self.kind, Kind::Int | Kind::Text)
    }

    /// Whether a token may say this about the term.
    fn accepts(&self, mark: &Mark) -> bool {
        match mark {
            Mark::Int(_) => matches!(self.kind, Kind::Int | Kind::NullableInt),
            Mark::Text(_) => matches!(self.kind, Kind::Text | Kind::NullableText | Kind::Absent),
            Mark::Float(_) | Mark::NaN => matches!(self.kind, Kind::Metric | Kind::Absent),
            Mark::Missing => self.is_nullable(),
        }
    }

    fn write_order(&self, sql: &mut Sql) {
        if self.is_nullable() {
            self.column.write_missing(sql);
            sql.push(", ");
        }
        if self.kind == Kind::Metric {
            self.column.write(sql);
            sql.push(" IS NULL, ");
        }
        self.column.write(sql);
        sql.push(if self.ascending { "" } else { " DESC" });
    }

    /// What sorts behind `mark`.
    fn write_after(&self, sql: &mut Sql, mark: &Mark) {
        match mark {
            Mark::Missing => {
                sql.push("1 = 0");
                return;
            }
            Mark::NaN => return self.column.write_missing(sql),
            _ => {}
        }
        sql.push("(");
        self.column.write(sql);
        sql.push(if self.ascending { " > " } else { " < " });
        write_bind(sql, mark);
        if self.is_nullable() {
            sql.push(" OR ");
            self.column.write(sql);
            sql.push(" IS NULL");
        }
        sql.push(")");
    }

    /// What sorts with `mark`.
    fn write_equal(&self, sql: &mut Sql, mark: &Mark) {
        match mark {
            Mark::Missing => self.column.write_missing(sql),
            Mark::NaN => {
                sql.push("(NOT ");
                self.column.write_missing(sql);
                sql.push(" AND ");
                self.column.write(sql);
                sql.push(" IS NULL)");
            }
            _ => {
                self.column.write(sql);
                sql.push(" = ");
                write_bind(sql, mark);
            }
        }
    }
}

fn write_bind(sql: &mut Sql, mark: &Mark) {
    match mark {
        Mark::Int(value) => drop(sql.int(*value)),
        Mark::Float(value) => drop(sql.double(*value)),
        Mark::Text(value) => drop(sql.text(value.as_str())),
        Mark::NaN | Mark::Missing => drop(sql.push("NULL")),
    }
}

/// Whether `marks` can be a place in this ordering; tokens come from strangers.
pub(crate) fn fits(terms: &[Term], marks: &[Mark]) -> bool {
    terms.len() == marks.len()
        && terms
            .iter()
            .zip(marks)
            .all(|(term, mark)| term.accepts(mark))
}

/// The part of an ordering that decides: what follows a unique field does not.
pub(crate) fn deciding<'o, F: PartialEq>(order: &'o [OrderBy<F>], unique: &F) -> &'o [OrderBy<F>] {
    let unique = order.iter().position(|by| by.field == *unique);
    &order[..unique.map_or(order.len(), |unique| unique + 1)]
}

/// The ordering within an ordinary diesel query.
pub(crate) fn ordering(terms: &[Term]) -> Written<Bool> {
    let mut sql = Sql::default();
    write_order(&mut sql, terms);
    sql.expression()
}

/// The list behind `ORDER BY`.
pub(crate) fn write_order(sql: &mut Sql, terms: &[Term]) {
    let ordering = terms.iter().filter(|term| term.kind != Kind::Absent);
    for (index, term) in ordering.enumerate() {
        if index > 0 {
            sql.push(", ");
        }
        term.write_order(sql);
    }
}

/// The condition "sorts after the place `marks`".
pub(crate) fn write_after(sql: &mut Sql, terms: &[Term], marks: &[Mark]) {
    let mut places = terms
        .iter()
        .zip(marks)
        .filter(|(term, _)| term.kind != Kind::Absent)
        .peekable();
    let mut open = 0;
    while let Some((term, mark)) = places.next() {
        sql.push("(");
        term.write_after(sql, mark);
        open += 1;
        if places.peek().is_some() {
            sql.push(" OR (");
            term.write_equal(sql, mark);
            sql.push(" AND ");
            open += 1;
        }
    }
    for _ in 0..open {
        sql.push(")");
    }
}
