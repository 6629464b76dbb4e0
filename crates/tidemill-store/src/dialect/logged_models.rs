//! Writing tags and params of logged models.

use diesel::prelude::*;

use super::upsert::{LIST, upsert};
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::logged_model_param as param;

/// Sets tags of logged models: (model, key, value).
pub(crate) fn set_logged_model_tags(
    db: &mut DbConnection,
    tags: &[(i64, &str, &str)],
) -> DbResult<()> {
    upsert!(db, logged_model_tag(model_id, name, value), tags)
}

/// Adds params to a logged model: (key, value). A key that is there is a unique violation.
pub(crate) fn add_logged_model_params(
    db: &mut DbConnection,
    model: i64,
    params: &[(&str, &str)],
) -> QueryResult<()> {
    for params in params.chunks(LIST) {
        let rows = params.iter().map(|(name, value)| {
            (
                param::model_id.eq(model),
                param::name.eq(*name),
                param::value.eq(*value),
            )
        });
        match db {
            DbConnection::Sqlite(db) => {
                for row in rows {
                    diesel::insert_into(param::table).values(row).execute(db)?;
                }
            }
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(db) => {
                diesel::insert_into(param::table)
                    .values(rows.collect::<Vec<_>>())
                    .execute(db)?;
            }
            #[cfg(feature = "mysql")]
            DbConnection::Mysql(db) => {
                diesel::insert_into(param::table)
                    .values(rows.collect::<Vec<_>>())
                    .execute(db)?;
            }
        }
    }
    Ok(())
}
