//! The dictionary of keys: numbers for names, which are added where they are new.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, SmallInt, Text};

use crate::connection::DbConnection;
use crate::dialect::last_insert_rowid;
use crate::error::DbResult;
use crate::schema::key;
use crate::statement::statement;

statement! {
    /// Adds a key.
    Sqlite AddKey { experiment: BigInt = i64, kind: SmallInt = i16, name: Text = &'a str },
    "INSERT INTO key (experiment_id, kind, name) VALUES (?, ?, ?)"
}

/// The numbers of these names, each with its name. What is there is read first, because
/// inserting it in vain would use up numbers. Names are distinct; other servers may be adding
/// the same ones.
pub(crate) fn find_or_add_keys(
    db: &mut DbConnection,
    experiment: i64,
    kind: i16,
    names: &[&str],
) -> DbResult<Vec<(i64, String)>> {
    Ok(match db {
        DbConnection::Sqlite(db) => {
            let mut numbered = Vec::with_capacity(names.len());
            for name in names {
                let found = key::table
                    .filter(key::experiment_id.eq(experiment))
                    .filter(key::kind.eq(kind))
                    .filter(key::name.eq(name))
                    .select(key::id)
                    .first(db)
                    .optional()?;
                let id = match found {
                    Some(id) => id,
                    // Nobody else writes during this transaction.
                    None => {
                        AddKey::new(experiment, kind, name).execute(db)?;
                        diesel::select(last_insert_rowid()).get_result(db)?
                    }
                };
                numbered.push((id, (*name).to_owned()));
            }
            numbered
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => {
            let find_or_add = || postgres::FindOrAddKeys::new(experiment, kind, names.to_vec());
            let numbered = find_or_add().load(db)?;
            // What another server added since the statement began was neither found nor added;
            // a new statement sees it.
            match numbered.len() == names.len() {
                true => numbered,
                false => find_or_add().load(db)?,
            }
        }
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(db) => mysql::find_or_add_keys(db, experiment, kind, names)?,
    })
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::sql_types::{Array, BigInt, SmallInt, Text};

    use crate::statement::statement;

    statement! {
        /// Finds keys, and adds those that are not there.
        Pg FindOrAddKeys {
            experiment: BigInt = i64, kind: SmallInt = i16, names: Array<Text> = Vec<&'a str>,
        } -> (BigInt, Text),
        "WITH found AS (SELECT id, name FROM key \
         WHERE experiment_id = ? AND kind = ? AND name = ANY(?)), \
         added AS (INSERT INTO key (experiment_id, kind, name) \
         SELECT $1, $2, n FROM unnest($3) n WHERE n NOT IN (SELECT name FROM found) \
         ON CONFLICT DO NOTHING RETURNING id, name) \
         SELECT id, name FROM found UNION ALL SELECT id, name FROM added"
    }
}

#[cfg(feature = "mysql")]
mod mysql {
    use diesel::MysqlConnection;
    use diesel::prelude::*;

    use crate::schema::key;

    pub(super) fn find_or_add_keys(
        db: &mut MysqlConnection,
        experiment: i64,
        kind: i16,
        names: &[&str],
    ) -> QueryResult<Vec<(i64, String)>> {
        let found = find_keys(db, experiment, kind, names)?;
        if found.len() == names.len() {
            return Ok(found);
        }
        let rows: Vec<_> = names
            .iter()
            .filter(|name| !found.iter().any(|(_, known)| known == *name))
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
        find_keys(db, experiment, kind, names)
    }

    fn find_keys(
        db: &mut MysqlConnection,
        experiment: i64,
        kind: i16,
        names: &[&str],
    ) -> QueryResult<Vec<(i64, String)>> {
        key::table
            .filter(key::experiment_id.eq(experiment))
            .filter(key::kind.eq(kind))
            .filter(key::name.eq_any(names))
            .select((key::id, key::name))
            .load(db)
    }
}
