//! Tags of experiments.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::connection::DbConnection;
use crate::statement::statement;

statement! {
    /// Sets a tag, in the place of an older value.
    Sqlite PutExperimentTag { experiment: BigInt = i64, name: Text = &'a str, value: Text = &'a str },
    "INSERT INTO experiment_tag (experiment_id, name, value) VALUES (?, ?, ?) \
     ON CONFLICT (experiment_id, name) DO UPDATE SET value = excluded.value"
}

/// Sets a tag of an experiment, in the place of an older value.
pub(crate) fn put_experiment_tag(
    db: &mut DbConnection,
    experiment: i64,
    name: &str,
    value: &str,
) -> QueryResult<()> {
    match db {
        DbConnection::Sqlite(db) => PutExperimentTag::new(experiment, name, value).execute(db)?,
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            use crate::schema::experiment_tag as tag;
            let key = (tag::experiment_id, tag::name);
            diesel::insert_into(tag::table)
                .values((
                    tag::experiment_id.eq(experiment),
                    tag::name.eq(name),
                    tag::value.eq(value),
                ))
                .on_conflict(key)
                .do_update()
                .set(tag::value.eq(value))
                .execute(db)?
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => {
            use crate::schema::experiment_tag as tag;
            diesel::insert_into(tag::table)
                .values((
                    tag::experiment_id.eq(experiment),
                    tag::name.eq(name),
                    tag::value.eq(value),
                ))
                .on_conflict(diesel::dsl::DuplicatedKeys)
                .do_update()
                .set(tag::value.eq(value))
                .execute(db)?
        }
    };
    Ok(())
}
