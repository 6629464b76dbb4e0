//! Params and tags of runs: keys with text values.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::connection::DbConnection;
use crate::statement::statement;

/// A param or a tag of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextRow<'a> {
    pub(crate) run: i64,
    pub(crate) key: i64,
    pub(crate) value: &'a str,
}

statement! {
    /// Adds a param unless its key is there.
    Sqlite AddParam { run: BigInt = i64, key: BigInt = i64, value: Text = &'a str },
    "INSERT OR IGNORE INTO param (run_id, key_id, value) VALUES (?, ?, ?)"
}

statement! {
    /// Sets a tag, in the place of an older value.
    Sqlite PutTag { run: BigInt = i64, key: BigInt = i64, value: Text = &'a str },
    "INSERT INTO run_tag (run_id, key_id, value) VALUES (?, ?, ?) \
     ON CONFLICT (run_id, key_id) DO UPDATE SET value = excluded.value"
}

/// Adds params whose keys are not there, and says how many those were. Each run and key comes
/// once; they are sorted, so that servers wait for each other in the same order.
pub(crate) fn add_params(db: &mut DbConnection, params: &[TextRow<'_>]) -> QueryResult<usize> {
    match db {
        DbConnection::Sqlite(db) => {
            let mut added = 0;
            for param in params {
                added += AddParam::new(param.run, param.key, param.value).execute(db)?;
            }
            Ok(added)
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            let (runs, keys, values) = columns(params);
            postgres::AddParams::new(runs, keys, values).execute(db)
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => mysql::add_params(db, params),
    }
}

/// Sets tags of one run, in the place of older values. Keys are distinct.
pub(crate) fn put_tags(db: &mut DbConnection, run: i64, tags: &[(i64, &str)]) -> QueryResult<()> {
    let mut rows: Vec<TextRow<'_>> = tags
        .iter()
        .map(|&(key, value)| TextRow { run, key, value })
        .collect();
    rows.sort_unstable_by_key(|row| row.key);
    put_many_tags(db, &rows)
}

/// Sets tags, in the place of older values. Each run and key comes once; they are sorted.
pub(crate) fn put_many_tags(db: &mut DbConnection, tags: &[TextRow<'_>]) -> QueryResult<()> {
    if tags.is_empty() {
        return Ok(());
    }
    match db {
        DbConnection::Sqlite(db) => {
            for tag in tags {
                PutTag::new(tag.run, tag.key, tag.value).execute(db)?;
            }
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            let (runs, keys, values) = columns(tags);
            postgres::PutTags::new(runs, keys, values).execute(db)?;
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => mysql::put_tags(db, tags)?,
    }
    Ok(())
}

#[cfg(feature = "postgres")]
fn columns<'a>(rows: &[TextRow<'a>]) -> (Vec<i64>, Vec<i64>, Vec<&'a str>) {
    (
        rows.iter().map(|row| row.run).collect(),
        rows.iter().map(|row| row.key).collect(),
        rows.iter().map(|row| row.value).collect(),
    )
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::sql_types::{Array, BigInt, Text};

    use crate::statement::statement;

    statement! {
        /// Adds params unless their keys are there.
        Pg AddParams {
            runs: Array<BigInt> = Vec<i64>, keys: Array<BigInt> = Vec<i64>,
            values: Array<Text> = Vec<&'a str>,
        },
        "INSERT INTO param (run_id, key_id, value) SELECT * FROM unnest(?, ?, ?) \
         ON CONFLICT DO NOTHING"
    }

    statement! {
        /// Sets tags, in the place of older values.
        Pg PutTags {
            runs: Array<BigInt> = Vec<i64>, keys: Array<BigInt> = Vec<i64>,
            values: Array<Text> = Vec<&'a str>,
        },
        "INSERT INTO run_tag (run_id, key_id, value) SELECT * FROM unnest(?, ?, ?) \
         ON CONFLICT (run_id, key_id) DO UPDATE SET value = excluded.value"
    }
}

#[cfg(feature = "mysql")]
mod mysql {
    use diesel::MysqlConnection;
    use diesel::dsl::{DuplicatedKeys, sql};
    use diesel::prelude::*;
    use diesel::sql_types::Text;

    use super::TextRow;
    use crate::schema::{param, run_tag};

    pub(super) fn add_params(
        db: &mut MysqlConnection,
        params: &[TextRow<'_>],
    ) -> QueryResult<usize> {
        let rows: Vec<_> = params
            .iter()
            .map(|row| {
                (
                    param::run_id.eq(row.run),
                    param::key_id.eq(row.key),
                    param::value.eq(row.value),
                )
            })
            .collect();
        diesel::insert_or_ignore_into(param::table)
            .values(&rows)
            .execute(db)
    }

    pub(super) fn put_tags(db: &mut MysqlConnection, tags: &[TextRow<'_>]) -> QueryResult<()> {
        let rows: Vec<_> = tags
            .iter()
            .map(|row| {
                (
                    run_tag::run_id.eq(row.run),
                    run_tag::key_id.eq(row.key),
                    run_tag::value.eq(row.value),
                )
            })
            .collect();
        diesel::insert_into(run_tag::table)
            .values(&rows)
            .on_conflict(DuplicatedKeys)
            .do_update()
            .set(run_tag::value.eq(sql::<Text>("VALUES(value)")))
            .execute(db)?;
        Ok(())
    }
}
