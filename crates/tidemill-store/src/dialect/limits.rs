//! What the columns of a database hold.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::connection::DbConnection;
use crate::search::sql::Sql;

/// Table, column, and how many characters and bytes it holds.
pub(crate) type TextLimit = (String, String, Option<i64>, Option<i64>);

/// How long the texts in columns may be, where that is bounded. SQLite bounds none.
pub(crate) fn text_limits(db: &mut DbConnection) -> QueryResult<Vec<TextLimit>> {
    let mut sql = Sql::default();
    sql.push(match db {
        DbConnection::Sqlite(_) => return Ok(Vec::new()),
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(_) => {
            // A row of an index holds about 2,700 bytes, with what else is in it.
            "SELECT table_name::text, column_name::text, \
             CAST(character_maximum_length AS bigint), \
             least(CAST(character_octet_length AS bigint), CASE WHEN EXISTS ( \
                 SELECT 1 FROM pg_index JOIN pg_attribute ON attrelid = indrelid \
                 AND attnum = ANY (indkey) AND attname = column_name \
                 WHERE indrelid = CAST(quote_ident(table_name) AS regclass)) THEN 2600 END) \
             FROM information_schema.columns \
             WHERE table_schema = current_schema() AND character_octet_length IS NOT NULL"
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(_) => {
            "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), \
             CAST(character_maximum_length AS SIGNED), CAST(character_octet_length AS SIGNED) \
             FROM information_schema.columns \
             WHERE table_schema = database() AND character_octet_length IS NOT NULL"
        }
    });
    sql.query::<(Text, Text, Nullable<BigInt>, Nullable<BigInt>)>()
        .load(db)
}

/// Whether texts may have NUL characters.
pub(crate) fn holds_nul(db: &DbConnection) -> bool {
    match db {
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(_) => false,
        _ => true,
    }
}
