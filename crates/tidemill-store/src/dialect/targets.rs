//! Finding the runs that something is logged to.

use diesel::prelude::*;

use crate::connection::DbConnection;
use crate::schema::run;

type Target = (String, i64, i64, i16);

/// The id, number, experiment and stage of each of these runs that exists, in no order.
pub(crate) fn find_targets(db: &mut DbConnection, uuids: &[&str]) -> QueryResult<Vec<Target>> {
    let columns = (run::uuid, run::id, run::experiment_id, run::stage);
    match db {
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(db) => run::table
            .filter(run::uuid.eq_any(uuids))
            .select(columns)
            .load(db),
        _ => {
            let mut found = Vec::with_capacity(uuids.len());
            for uuid in uuids {
                let row = run::table.filter(run::uuid.eq(uuid)).select(columns);
                found.extend(row.get_result(db).optional()?);
            }
            Ok(found)
        }
    }
}
