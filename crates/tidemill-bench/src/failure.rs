//! What goes wrong in a benchmark is read by a person and ends the case, so a sentence will do.

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Result<T> = std::result::Result<T, Failure>;
