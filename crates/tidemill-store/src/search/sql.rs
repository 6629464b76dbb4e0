//! A piece of SQL under construction, with its binds.

use std::marker::PhantomData;

use diesel::expression::{
    AppearsOnTable, SelectableExpression, TypedExpressionType, ValidGrouping,
};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Double, Text};

use crate::connection::MultiBackend;

/// SQL text and binds. Text is `&'static str`, a number that we made or a quoted name of a table,
/// so nothing that a request says can become SQL.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Static(&'static str),
    Number(i64),
    Name(String),
    BindInt(i64),
    BindDouble(f64),
    BindText(String),
    #[cfg(feature = "mysql")]
    Passing(String),
}

impl Sql {
    /// Appends SQL.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.pieces.push(Piece::Static(text));
        self
    }

    /// Appends the digits of a number: a count of aliases, a stage, a key's number.
    pub(crate) fn number(&mut self, number: i64) -> &mut Self {
        self.pieces.push(Piece::Number(number));
        self
    }

    /// Appends numbers with commas between.
    pub(crate) fn numbers(&mut self, numbers: impl IntoIterator<Item = i64>) -> &mut Self {
        for (index, number) in numbers.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.number(number);
        }
        self
    }

    /// Appends the name of a table that a database told us of.
    pub(crate) fn identifier(&mut self, name: &str) -> &mut Self {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        self.pieces.push(Piece::Name(quoted));
        self
    }

    /// Appends a bind.
    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        self.pieces.push(Piece::BindInt(value));
        self
    }

    /// Appends a bind.
    pub(crate) fn double(&mut self, value: f64) -> &mut Self {
        self.pieces.push(Piece::BindDouble(value));
        self
    }

    /// Appends a bind.
    pub(crate) fn text(&mut self, value: impl Into<String>) -> &mut Self {
        self.pieces.push(Piece::BindText(value.into()));
        self
    }

    /// Appends binds with commas between.
    pub(crate) fn texts(&mut self, values: &[String]) -> &mut Self {
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.text(value);
        }
        self
    }

    /// Appends what another piece says.
    pub(crate) fn append(&mut self, other: Sql) -> &mut Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Appends numbers that we wrote, which no other statement will have: a statement with them
    /// is never kept.
    #[cfg(feature = "mysql")]
    pub(crate) fn passing(&mut self, numbers: String) -> &mut Self {
        self.pieces.push(Piece::Passing(numbers));
        self
    }

    /// Whether nothing was written yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Static(text) => out.push_sql(text),
                Piece::Number(number) => out.push_sql(&number.to_string()),
                Piece::Name(quoted) => out.push_sql(quoted),
                Piece::BindInt(value) => out.push_bind_param::<BigInt, _>(value)?,
                Piece::BindDouble(value) => out.push_bind_param::<Double, _>(value)?,
                Piece::BindText(value) => out.push_bind_param::<Text, _>(value)?,
                #[cfg(feature = "mysql")]
                Piece::Passing(numbers) => {
                    out.unsafe_to_cache_prepared();
                    out.push_sql(numbers);
                }
            }
        }
        Ok(())
    }

    /// A whole statement that answers rows of type `T`.
    pub(crate) fn query<T>(self) -> Written<T> {
        Written {
            sql: self,
            cacheable: false,
            sql_type: PhantomData,
        }
    }

    /// An expression of type `T` within an ordinary diesel query.
    pub(crate) fn expression<T>(self) -> Written<T> {
        self.query()
    }
}

/// Finished SQL with the SQL type it has: a predicate, an ordering, a whole statement.
#[derive(Debug, Clone)]
pub(crate) struct Written<T> {
    sql: Sql,
    cacheable: bool,
    sql_type: PhantomData<T>,
}

impl<T> Written<T> {
    /// Lets connections keep the prepared statement. Only for texts of which there are few:
    /// those that no filter takes part in.
    pub(crate) fn cached(mut self) -> Self {
        self.cacheable = true;
        self
    }
}

impl<T> QueryId for Written<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> QueryFragment<MultiBackend> for Written<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if !self.cacheable {
            out.unsafe_to_cache_prepared();
        }
        self.sql.walk(&mut out)
    }
}

impl<T> Query for Written<T> {
    type SqlType = T;
}

impl<T, C: Connection> RunQueryDsl<C> for Written<T> {}

impl<T: TypedExpressionType> diesel::Expression for Written<T> {
    type SqlType = T;
}

impl<T, S> AppearsOnTable<S> for Written<T> where Self: diesel::Expression {}
impl<T, S> SelectableExpression<S> for Written<T> where Self: AppearsOnTable<S> {}

impl<T> ValidGrouping<()> for Written<T> {
    type IsAggregate = diesel::expression::is_aggregate::No;
}
