//! Inserting a row that the database numbers.

use diesel::define_sql_function;

define_sql_function!(fn last_insert_rowid() -> diesel::sql_types::BigInt);
#[cfg(feature = "mysql")]
define_sql_function!(fn last_insert_id() -> diesel::sql_types::BigInt);

/// Inserts `$row` into `$table` and gives its number as a `QueryResult<i64>`. MySQL cannot
/// return rows from an insert; SQLite and MySQL remember the last number per connection.
macro_rules! insert_returning_id {
    ($db:expr, $table:ident, $row:expr) => {{
        use diesel::RunQueryDsl;
        let insert = diesel::insert_into($crate::schema::$table::table).values($row);
        match $db {
            $crate::connection::DbConnection::Sqlite(db) => insert
                .execute(db)
                .and_then(|_| diesel::select($crate::dialect::last_insert_rowid()).get_result(db)),
            #[cfg(feature = "postgres")]
            $crate::connection::DbConnection::Postgres(db) => {
                insert.returning($crate::schema::$table::id).get_result(db)
            }
            #[cfg(feature = "mysql")]
            $crate::connection::DbConnection::Mysql(db) => insert
                .execute(db)
                .and_then(|_| diesel::select($crate::dialect::last_insert_id()).get_result(db)),
        }
        .map(|id: i64| id)
    }};
}

pub(crate) use insert_returning_id;
