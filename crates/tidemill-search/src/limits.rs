//! How much one search expression may ask for.

/// The longest filter or sort key that is looked at, in bytes; room for ten thousand run ids.
pub const MAX_BYTES: usize = 512 * 1024;
/// The most comparisons in one filter.
pub const MAX_COMPARISONS: usize = 500;
/// The most values in all `IN` lists of one filter together; databases bound parameters.
pub const MAX_LIST_VALUES: usize = 20_000;
/// How deep `NOT` and parentheses may nest.
pub const MAX_DEPTH: usize = 50;
/// The longest `LIKE` or `ILIKE` pattern, in characters; SQLite refuses more than 50,000 bytes.
pub const MAX_PATTERN_CHARS: usize = 5_000;
/// The most sort keys in one ordering.
pub const MAX_SORT_KEYS: usize = 32;
