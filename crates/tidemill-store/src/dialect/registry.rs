//! Numbering versions, and setting tags and aliases.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::upsert::upsert;
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::statement::statement;

const NEXT_VERSION: &str = "UPDATE registered_model \
     SET last_version = last_version + 1, last_updated_time = ? WHERE name = ? \
     RETURNING id, last_version";
const TOUCH: &str = "UPDATE registered_model SET last_updated_time = ? WHERE name = ? RETURNING id";

statement! {
    /// Takes the next version number of a model.
    Sqlite NextVersion { now: BigInt = i64, name: Text = &'a str } -> (BigInt, BigInt),
    NEXT_VERSION
}

statement! {
    /// Says that a model was changed.
    Sqlite Touch { now: BigInt = i64, name: Text = &'a str } -> BigInt,
    TOUCH
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::sql_types::{BigInt, Text};

    use crate::statement::statement;

    statement! {
        /// Takes the next version number of a model.
        Pg NextVersion { now: BigInt = i64, name: Text = &'a str } -> (BigInt, BigInt),
        super::NEXT_VERSION
    }

    statement! {
        /// Says that a model was changed.
        Pg Touch { now: BigInt = i64, name: Text = &'a str } -> BigInt,
        super::TOUCH
    }
}

/// Takes the next version number of a model and keeps the model locked until the transaction
/// ends: its id and the number, or nothing if there is no such model.
pub(crate) fn next_version(
    db: &mut DbConnection,
    name: &str,
    now: i64,
) -> DbResult<Option<(i64, i64)>> {
    Ok(match db {
        DbConnection::Sqlite(db) => NextVersion::new(now, name).get_result(db).optional()?,
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => postgres::NextVersion::new(now, name)
            .get_result(db)
            .optional()?,
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => {
            use crate::schema::registered_model as model;
            diesel::update(model::table.filter(model::name.eq(name)))
                .set((
                    model::last_version.eq(model::last_version + 1),
                    model::last_updated_time.eq(now),
                ))
                .execute(db)?;
            model::table
                .filter(model::name.eq(name))
                .select((model::id, model::last_version))
                .first(db)
                .optional()?
        }
    })
}

/// Says that a model was changed and keeps it locked until the transaction ends: its id, or
/// nothing if there is no such model.
pub(crate) fn touch_model(db: &mut DbConnection, name: &str, now: i64) -> DbResult<Option<i64>> {
    Ok(match db {
        DbConnection::Sqlite(db) => Touch::new(now, name).get_result(db).optional()?,
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => postgres::Touch::new(now, name).get_result(db).optional()?,
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => {
            use crate::schema::registered_model as model;
            diesel::update(model::table.filter(model::name.eq(name)))
                .set(model::last_updated_time.eq(now))
                .execute(db)?;
            model::table
                .filter(model::name.eq(name))
                .select(model::id)
                .first(db)
                .optional()?
        }
    })
}

/// Sets tags of registered models: (model, key, value).
pub(crate) fn set_model_tags(db: &mut DbConnection, tags: &[(i64, &str, &str)]) -> DbResult<()> {
    upsert!(db, registered_model_tag(model_id, name, value), tags)
}

/// Sets tags of versions: (version's row, key, value).
pub(crate) fn set_version_tags(db: &mut DbConnection, tags: &[(i64, &str, &str)]) -> DbResult<()> {
    upsert!(db, model_version_tag(version_id, name, value), tags)
}

/// Sets aliases: (model, alias, version).
pub(crate) fn set_aliases(db: &mut DbConnection, aliases: &[(i64, &str, i64)]) -> DbResult<()> {
    upsert!(
        db,
        registered_model_alias(model_id, alias, version),
        aliases
    )
}
