//! What the databases can do for themselves.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::connection::DbConnection;
use crate::error::DbResult;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    words: String,
}

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// How many bytes the database takes.
pub(crate) fn size(db: &mut DbConnection) -> DbResult<u64> {
    let query = match db {
        DbConnection::Sqlite(_) => {
            "SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()"
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(_) => "SELECT pg_database_size(current_database()) AS n",
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(_) => {
            "SELECT CAST(coalesce(sum(data_length + index_length), 0) AS SIGNED) AS n \
             FROM information_schema.tables WHERE table_schema = database()"
        }
    };
    let size: Number = sql_query(query).get_result(db)?;
    Ok(size.n.unsigned_abs())
}

/// What the database itself finds wrong with its files.
pub(crate) fn problems(db: &mut DbConnection) -> DbResult<Vec<String>> {
    #[cfg(feature = "mysql")]
    let tables = tables(db)?;
    match db {
        DbConnection::Sqlite(db) => {
            let pages: Vec<Said> = sql_query("PRAGMA integrity_check(100)").load(db)?;
            let pages = pages
                .into_iter()
                .map(|said| said.integrity_check)
                .filter(|said| said != "ok");
            let owners: Vec<Words> = sql_query(
                "SELECT \"table\" || ': row ' || coalesce(rowid, '') || ' belongs to no ' || parent AS words \
                 FROM pragma_foreign_key_check LIMIT 100",
            )
            .load(db)?;
            let owners = owners.into_iter().map(|found| found.words);
            Ok(pages.chain(owners).collect())
        }
        // It finds pages whose checksum is wrong when they are read, which comes after this.
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(_) => Ok(Vec::new()),
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(mysql) => {
            #[derive(QueryableByName)]
            struct Checked {
                #[diesel(sql_type = Text, column_name = "Table")]
                table: String,
                #[diesel(sql_type = Text, column_name = "Msg_type")]
                kind: String,
                #[diesel(sql_type = Text, column_name = "Msg_text")]
                text: String,
            }
            let mut found = Vec::new();
            for table in tables {
                let checked: Vec<Checked> =
                    sql_query(format!("CHECK TABLE \"{table}\"")).load(mysql)?;
                let wrong = checked
                    .into_iter()
                    .filter(|said| said.kind != "status" || said.text != "OK");
                found.extend(wrong.map(|said| format!("{}: {}", said.table, said.text)));
            }
            Ok(found)
        }
    }
}

/// The tables of the database.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn tables(db: &mut DbConnection) -> DbResult<Vec<String>> {
    let columns = super::catalogue(db)?;
    let mut tables: Vec<String> = columns.into_iter().map(|(table, _)| table).collect();
    tables.sort_unstable();
    tables.dedup();
    Ok(tables)
}

/// Gives back room. SQLite and MySQL write their files anew; PostgreSQL uses the room again,
/// and so lets everybody go on.
pub(crate) fn reclaim(db: &mut DbConnection) -> DbResult<()> {
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    let tables = tables(db)?;
    match db {
        DbConnection::Sqlite(db) => {
            db.batch_execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?;
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            for table in tables {
                db.batch_execute(&format!("VACUUM (ANALYZE) \"{table}\""))?;
            }
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => {
            for table in tables {
                sql_query(format!("OPTIMIZE TABLE \"{table}\"")).execute(db)?;
            }
        }
    }
    Ok(())
}
