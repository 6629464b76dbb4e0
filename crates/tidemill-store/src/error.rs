//! What can go wrong inside a transaction: a rule of the domain, or the database.
//!
//! Queries return [`Failure`]; the two doors of the store turn it into the domain's
//! `Error`, after deciding whether trying again is worth it. A violation that a query
//! expects (a taken name) is translated where the query is, with [`unique`].

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use tidemill_core::Error;

/// The result of everything that runs inside a transaction.
pub(crate) type DbResult<T> = Result<T, Failure>;

/// A rule of the domain or a fault of the database.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For the client.
    Domain(Error),
    /// For the log, after retries.
    Database(DieselError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<DieselError> for Failure {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

/// Turns a unique violation into the domain's error for it; everything else passes through.
pub(crate) fn unique(taken: impl FnOnce() -> Error) -> impl FnOnce(DieselError) -> Failure {
    move |error| match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            Failure::Domain(taken())
        }
        other => Failure::Database(other),
    }
}

/// The value that a stored number stands for. Only a damaged table, or one written by a newer
/// binary, holds a number that stands for none.
pub(crate) fn known<T>(
    column: &str,
    number: i16,
    from_number: impl FnOnce(i16) -> Option<T>,
) -> DbResult<T> {
    from_number(number).ok_or_else(|| {
        Error::internal(format!("{column} holds the unknown number {number}")).into()
    })
}

impl Failure {
    /// Whether the same transaction may well succeed when run again: the database
    /// gave it up in favour of another.
    pub(crate) fn is_conflict(&self) -> bool {
        match self {
            Self::Database(DieselError::DatabaseError(kind, info)) => {
                // What was referred to has been purged since it was read.
                matches!(
                    kind,
                    DatabaseErrorKind::SerializationFailure
                        | DatabaseErrorKind::ForeignKeyViolation
                ) || [
                    "deadlock",
                    "lock wait timeout",
                    "try restarting transaction",
                ]
                .iter()
                .any(|words| info.message().to_ascii_lowercase().contains(words))
            }
            _ => false,
        }
    }

    /// Whether the database may be read but not written.
    pub(crate) fn is_read_only(&self) -> bool {
        match self {
            Self::Database(DieselError::DatabaseError(kind, info)) => {
                matches!(kind, DatabaseErrorKind::ReadOnlyTransaction)
                    || is_read_only(info.message())
            }
            _ => false,
        }
    }

    /// Whether the connection is of no more use.
    pub(crate) fn is_disconnection(&self) -> bool {
        match self {
            Self::Database(DieselError::BrokenTransactionManager) => true,
            Self::Database(DieselError::DatabaseError(kind, info)) => {
                matches!(kind, DatabaseErrorKind::ClosedConnection)
                    || [
                        "server closed the connection",
                        "terminating connection",
                        "no connection to the server",
                        "gone away",
                        "lost connection",
                        "connection was killed",
                        "could not receive data",
                        "could not send data",
                        "broken pipe",
                        "ssl connection has been closed",
                        "the database system is",
                    ]
                    .iter()
                    .any(|words| info.message().to_ascii_lowercase().contains(words))
            }
            _ => false,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let error = match failure {
            Failure::Domain(error) => return error,
            Failure::Database(ref error) => error,
        };
        if failure.is_disconnection() || failure.is_conflict() {
            tracing::warn!(%error, "database is away or busy");
            return Error::unavailable("The database is temporarily unavailable. Try again later.");
        }
        match error {
            DieselError::DatabaseError(_, info) if is_full(info.message()) => {
                tracing::error!(%error, "database has no room");
                Error::unavailable("The database has no room left. This was not written.")
            }
            _ if failure.is_read_only() => {
                tracing::error!(%error, "database is read-only");
                Error::unavailable("The database is read-only. This was not written.")
            }
            DieselError::DatabaseError(_, info) if is_too_slow(info.message()) => {
                tracing::warn!(%error, "database gave up a statement");
                Error::unavailable("The database did not answer in time. This was not written.")
            }
            DieselError::DatabaseError(_, info) if is_locked(info.message()) => {
                tracing::warn!(%error, "database is locked");
                Error::unavailable("The database is locked by another process. Try again later.")
            }
            DieselError::DatabaseError(_, info) if is_unstorable(info.message()) => {
                tracing::info!(%error, "database refused a value");
                Error::invalid_parameter("A value in the request cannot be stored.")
            }
            _ => match failure {
                Failure::Domain(error) => error,
                Failure::Database(error) => Error::internal(error),
            },
        }
    }
}

fn is_full(message: &str) -> bool {
    mentions_any(
        message,
        &[
            "disk is full",
            "disk I/O error",
            "No space left",
            "could not extend file",
        ],
    )
}

/// A file without permission to write, or a standby server.
fn is_read_only(message: &str) -> bool {
    mentions_any(
        message,
        &[
            "readonly database",
            "in a read-only",
            "--read-only option",
            "READ ONLY transaction",
        ],
    )
}

fn is_locked(message: &str) -> bool {
    mentions_any(
        message,
        &[
            "database is locked",
            "database table is locked",
            "due to lock timeout",
        ],
    )
}

fn mentions_any(message: &str, words: &[&str]) -> bool {
    words.iter().any(|words| message.contains(words))
}

/// A statement that took longer than the connection allows.
fn is_too_slow(message: &str) -> bool {
    mentions_any(
        message,
        &[
            "due to statement timeout",
            "max_statement_time exceeded",
            "maximum statement execution time exceeded",
        ],
    )
}

/// Values that one database holds and another does not: NUL characters on PostgreSQL,
/// texts over a column's length on MySQL.
fn is_unstorable(message: &str) -> bool {
    mentions_any(
        message,
        &[
            "invalid byte sequence",
            "Data too long",
            "Incorrect string value",
            "index row size",
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_was_given_up_is_unavailable() {
        for words in [
            "canceling statement due to statement timeout",
            "Query execution was interrupted (max_statement_time exceeded)",
            "Query execution was interrupted, maximum statement execution time exceeded",
        ] {
            let info = Box::new(words.to_owned());
            let error = DieselError::DatabaseError(DatabaseErrorKind::Unknown, info);
            let error = Error::from(Failure::Database(error));
            assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        }
    }
}
