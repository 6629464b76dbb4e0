//! The dictionary of keys: looking names up, and adding them.
//!
//! SQLite and PostgreSQL prepare these statements once; MySQL's lists are parsed every time.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, SmallInt, Text};

use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::key;
use crate::statement::statement;

/// The numbers of those of these names that are there.
pub(crate) fn find_keys(
    db: &mut DbConnection,
    experiment: i64,
    kind: i16,
    names: &[&str],
) -> QueryResult<Vec<(i64, String)>> {
    let keys = key::table
        .filter(key::experiment_id.eq(experiment))
        .filter(key::kind.eq(kind));
    match db {
        DbConnection::Sqlite(db) => {
            let mut found = Vec::with_capacity(names.len());
            for name in names {
                let id = keys.filter(key::name.eq(name)).select(key::id);
                if let Some(id) = id.first(db).optional()? {
                    found.push((id, (*name).to_owned()));
                }
            }
            Ok(found)
        }
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        _ => keys
            .filter(key::name.eq_any(names))
            .select((key::id, key::name))
            .load(db),
    }
}

statement! {
    /// Adds a key unless it is there.
    Sqlite AddKey { experiment: BigInt = i64, kind: SmallInt = i16, name: Text = &'a str },
    "INSERT OR IGNORE INTO key (experiment_id, kind, name) VALUES (?, ?, ?)"
}

/// Adds keys that are not there yet; others may be adding the same ones.
pub(crate) fn add_keys(
    db: &mut DbConnection,
    experiment: i64,
    kind: i16,
    names: &[&str],
) -> DbResult<()> {
    match db {
        DbConnection::Sqlite(db) => {
            for name in names {
                AddKey::new(experiment, kind, name).execute(db)?;
            }
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            postgres::AddKeys::new(experiment, kind, names.to_vec()).execute(db)?;
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => {
            let rows: Vec<_> = names
                .iter()
                .map(|name| {
                    (
                        key::experiment_id.eq(experiment),
                        key::kind.eq(kind),
                        key::name.eq(*name),
                    )
                })
                .collect();
            diesel::insert_or_ignore_into(key::table)
                .values(&rows)
                .execute(db)?;
        }
    }
    Ok(())
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::sql_types::{Array, BigInt, SmallInt, Text};

    use crate::statement::statement;

    statement! {
        /// Adds keys unless they are there.
        Pg AddKeys { experiment: BigInt = i64, kind: SmallInt = i16, names: Array<Text> = Vec<&'a str> },
        "INSERT INTO key (experiment_id, kind, name) SELECT ?, ?, unnest(?) ON CONFLICT DO NOTHING"
    }
}
