//! Why something that is carried was not written.

use diesel::result::Error as DieselError;
use tidemill_core::Error;

use crate::error::Failure;

/// Why something was not written.
#[derive(Debug)]
pub enum Unwritten {
    /// The database cannot hold it, and says why. Nothing of the transaction stays.
    Refused(String),
    /// The database cannot be written at all.
    Failed(Error),
}

impl From<DieselError> for Unwritten {
    fn from(error: DieselError) -> Self {
        let said = match &error {
            DieselError::DatabaseError(_, info) => Some(info.message().to_owned()),
            _ => None,
        };
        match (Error::from(Failure::from(error)), said) {
            // It is away, full, busy or read-only, whatever is written to it.
            (error @ Error::Unavailable(_), _) | (error, None) => Self::Failed(error),
            (_, Some(said)) => Self::Refused(format!("the database refuses it: {said}")),
        }
    }
}

impl From<Failure> for Unwritten {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Database(error) => Self::from(error),
            Failure::Domain(error) => Self::Failed(error),
        }
    }
}

impl From<Error> for Unwritten {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
