//! Any filter in any order, over any number of experiments, in one statement.
//!
//! Without a condition to start from the database visits every run of the experiments; the
//! orderings that people use most have faster ways.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::order;
use super::plan::Asked;
use super::predicate::{self, At};
use crate::connection::DbConnection;
use crate::dialect::{Dialect, drive};
use crate::error::DbResult;
use crate::search::keyset;
use crate::search::sql::Sql;
use crate::search::stages;
use crate::search::token::Mark;

/// Numbers of the runs that come after `place`, in order, at most `limit`. A driver selects
/// the numbers of the only runs that can pass the filter.
pub(super) fn find(
    db: &mut DbConnection,
    asked: &Asked<'_>,
    driver: Option<Sql>,
    place: Option<&[Mark]>,
    limit: i64,
) -> DbResult<Vec<i64>> {
    let dialect = Dialect::of(db);
    let mut sql = Sql::default();
    sql.push("SELECT r.id");
    match driver {
        Some(driver) => drop(sql.append(drive(dialect, driver))),
        None => drop(sql.push(" FROM run r")),
    }
    order::write_joins(&mut sql, asked.order, asked.terms, asked.names);
    sql.push(" WHERE r.experiment_id IN (")
        .numbers(asked.experiments.iter().copied());
    sql.push(") AND ");
    stages::write(&mut sql, "r.stage", asked.view);
    sql.push(" AND ");
    predicate::write(&mut sql, At::run(dialect, asked.names), asked.filter);
    if let Some(place) = place {
        sql.push(" AND ");
        keyset::write_after(&mut sql, asked.terms, place);
    }
    sql.push(" ORDER BY ");
    keyset::write_order(&mut sql, asked.terms);
    sql.push(" LIMIT ").int(limit);
    Ok(sql.query::<BigInt>().load(db)?)
}
