//! Rows that must stay as they are until the transaction ends.
//!
//! SQLite has one writer at a time and needs no locks. MariaDB and MySQL spell a shared lock
//! differently and give up transactions that turn one into an exclusive one, so there every
//! lock is exclusive.

use diesel::prelude::*;

use crate::connection::DbConnection;
use crate::experiments::ExperimentRow;
use crate::runs::RunRow;
use crate::schema::{experiment, logged_model, registered_model, run};

/// How a row is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Others may rely on the row too, and nobody may change it.
    Shared,
    /// For changing the row.
    Exclusive,
}

macro_rules! lock {
    ($db:expr, $lock:expr, $query:expr) => {
        match $db {
            DbConnection::Sqlite(db) => $query.get_result(db),
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(db) => match $lock {
                Lock::Shared => $query.for_share().get_result(db),
                Lock::Exclusive => $query.for_no_key_update().get_result(db),
            },
            #[cfg(feature = "mysql")]
            DbConnection::Mysql(db) => $query.for_update().get_result(db),
        }
    };
}

/// Reads and locks an experiment.
#[cfg_attr(
    not(feature = "postgres"),
    expect(unused_variables, reason = "one kind of lock")
)]
pub(crate) fn lock_experiment(
    db: &mut DbConnection,
    id: i64,
    lock: Lock,
) -> QueryResult<ExperimentRow> {
    lock!(
        db,
        lock,
        experiment::table
            .filter(experiment::id.eq(id))
            .select(ExperimentRow::as_select())
    )
}

/// Reads and locks a run.
#[cfg_attr(
    not(feature = "postgres"),
    expect(unused_variables, reason = "one kind of lock")
)]
pub(crate) fn lock_run(db: &mut DbConnection, uuid: &str, lock: Lock) -> QueryResult<RunRow> {
    lock!(
        db,
        lock,
        run::table
            .filter(run::uuid.eq(uuid))
            .select(RunRow::as_select())
    )
}

/// Locks the tail of a run against others that would seal it: the run's number.
pub(crate) fn lock_tail(db: &mut DbConnection, run: i64) -> QueryResult<i64> {
    lock!(db, Lock::Exclusive, run::table.find(run).select(run::id))
}

/// Locks a registered model: its id.
pub(crate) fn lock_model(db: &mut DbConnection, name: &str) -> QueryResult<i64> {
    lock!(
        db,
        Lock::Exclusive,
        registered_model::table
            .filter(registered_model::name.eq(name))
            .select(registered_model::id)
    )
}

/// Locks a logged model: its row's id.
pub(crate) fn lock_logged_model(db: &mut DbConnection, uuid: &str) -> QueryResult<i64> {
    lock!(
        db,
        Lock::Exclusive,
        logged_model::table
            .filter(logged_model::uuid.eq(uuid))
            .select(logged_model::id)
    )
}
