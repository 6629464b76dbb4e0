//! Numbers of MLflow's experiments and versions.

use diesel::expression::AsExpression;
#[cfg(feature = "mysql")]
use diesel::mysql::Mysql;
#[cfg(feature = "postgres")]
use diesel::pg::Pg;
use diesel::serialize::{IsNull, Output, Result, ToSql};
use diesel::sql_types::Integer;
use diesel::sqlite::Sqlite;

use super::Dialect;

/// A number in a column that MLflow calls an integer. Servers hold 32 bits of it, SQLite all of
/// the 64 that experiments of a file store have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression)]
#[diesel(sql_type = Integer)]
pub(crate) struct MlflowNumber(i64);

impl MlflowNumber {
    /// The number, if the database holds it.
    pub(crate) fn new(dialect: Dialect, number: i64) -> Option<Self> {
        let fits = match dialect {
            Dialect::Sqlite => true,
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            _ => i32::try_from(number).is_ok(),
        };
        fits.then_some(Self(number))
    }

    /// The number by itself.
    pub(crate) fn get(self) -> i64 {
        self.0
    }
}

impl ToSql<Integer, Sqlite> for MlflowNumber {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> Result {
        out.set_value(self.0);
        Ok(IsNull::No)
    }
}

#[cfg(feature = "postgres")]
impl ToSql<Integer, Pg> for MlflowNumber {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> Result {
        let number = i32::try_from(self.0)?;
        <i32 as ToSql<Integer, Pg>>::to_sql(&number, &mut out.reborrow())
    }
}

#[cfg(feature = "mysql")]
impl ToSql<Integer, Mysql> for MlflowNumber {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> Result {
        let number = i32::try_from(self.0)?;
        <i32 as ToSql<Integer, Mysql>>::to_sql(&number, &mut out.reborrow())
    }
}
