//! Setting the value of a name that may have one already.

/// Sets values in a table whose primary key is an owner and a name; `$rows` is a slice of
/// (owner, name, value). Names must differ: PostgreSQL refuses to set a row twice.
macro_rules! upsert {
    ($db:expr, $table:ident ($owner:ident, $name:ident, $value:ident), $rows:expr) => {{
        use diesel::prelude::*;
        use diesel::upsert::excluded;

        use crate::connection::DbConnection;
        use crate::schema::$table;

        for rows in $rows.chunks(crate::dialect::upsert::LIST) {
            let rows = rows.iter().map(|(owner, name, value)| {
                (
                    $table::$owner.eq(*owner),
                    $table::$name.eq(*name),
                    $table::$value.eq(*value),
                )
            });
            match $db {
                DbConnection::Sqlite(db) => {
                    for row in rows {
                        diesel::insert_into($table::table)
                            .values(row)
                            .on_conflict(($table::$owner, $table::$name))
                            .do_update()
                            .set($table::$value.eq(excluded($table::$value)))
                            .execute(db)?;
                    }
                }
                #[cfg(feature = "postgres")]
                DbConnection::Postgres(db) => {
                    diesel::insert_into($table::table)
                        .values(rows.collect::<Vec<_>>())
                        .on_conflict(($table::$owner, $table::$name))
                        .do_update()
                        .set($table::$value.eq(excluded($table::$value)))
                        .execute(db)?;
                }
                #[cfg(feature = "mysql")]
                DbConnection::Mysql(db) => {
                    diesel::replace_into($table::table)
                        .values(rows.collect::<Vec<_>>())
                        .execute(db)?;
                }
            }
        }
        Ok(())
    }};
}

pub(crate) use upsert;

/// How many rows go into one statement.
pub(crate) const LIST: usize = 500;
