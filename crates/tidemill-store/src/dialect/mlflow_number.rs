//! Numbers of MLflow's experiments and versions.

use diesel::expression::AsExpression;
#[cfg(feature = "mysql")]
use diesel::mysql::Mysql;
#[cfg(feature = "postgres")]
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{IsNull, Output, Result, ToSql};
use diesel::sql_types::SqlType;
use diesel::sqlite::Sqlite;

use super::Dialect;

/// What MLflow calls an integer. Servers hold 32 bits of it, SQLite all of the 64 that the numbers
/// of a file store's experiments have.
#[derive(Debug, Clone, Copy, QueryId, SqlType)]
#[diesel(sqlite_type(name = "Long"))]
#[cfg_attr(
    feature = "postgres",
    diesel(postgres_type(oid = 23, array_oid = 1007))
)]
#[cfg_attr(feature = "mysql", diesel(mysql_type(name = "Long")))]
pub struct MlflowInteger;

/// A number in such a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression)]
#[diesel(sql_type = MlflowInteger)]
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

impl ToSql<MlflowInteger, Sqlite> for MlflowNumber {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> Result {
        out.set_value(self.0);
        Ok(IsNull::No)
    }
}

#[cfg(feature = "postgres")]
impl ToSql<MlflowInteger, Pg> for MlflowNumber {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> Result {
        let number = i32::try_from(self.0)?;
        <i32 as ToSql<diesel::sql_types::Integer, Pg>>::to_sql(&number, &mut out.reborrow())
    }
}

#[cfg(feature = "mysql")]
impl ToSql<MlflowInteger, Mysql> for MlflowNumber {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> Result {
        let number = i32::try_from(self.0)?;
        <i32 as ToSql<diesel::sql_types::Integer, Mysql>>::to_sql(&number, &mut out.reborrow())
    }
}
