//! Params: values that a run sets once.

/// A key with a text value that never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// The key, unique within the run.
    pub key: String,
    /// The value; may be empty.
    pub value: String,
}
