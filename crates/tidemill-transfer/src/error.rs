//! What can stop a transfer.

use tidemill_store::Unwritten;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can stop a transfer. A thing that is broken in the source is no error but a
/// [`Fault`](tidemill_core::transfer::Fault): it is left out and reported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source cannot be opened or read.
    #[error("{0}")]
    Source(String),
    /// A bundle cannot be written or read.
    #[error("{0}")]
    Bundle(String),
    /// What is to be written to cannot be used.
    #[error("{0}")]
    Target(String),
    /// The target cannot hold something, for this reason.
    #[error("{0}")]
    Refused(String),
    /// Whoever was to take what was read has stopped, and knows why.
    #[error("writing has stopped")]
    Stopped,
    /// A database, ours or the source's, failed.
    #[error("{}", .0.in_words())]
    Store(#[from] tidemill_core::Error),
}

impl From<Unwritten> for Error {
    fn from(unwritten: Unwritten) -> Self {
        match unwritten {
            Unwritten::Refused(why) => Self::Refused(why),
            Unwritten::Failed(error) => Self::Store(error),
        }
    }
}
