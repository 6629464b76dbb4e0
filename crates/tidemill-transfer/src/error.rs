//! What can stop a transfer.

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
    /// Whoever was to take what was read has stopped, and knows why.
    #[error("writing has stopped")]
    Stopped,
    /// A database, ours or the source's, failed.
    #[error("{}", .0.in_words())]
    Store(#[from] tidemill_core::Error),
}
