//! What every search needs: SQL with binds, tests of columns, orderings, page tokens.
//!
//! A filter becomes one predicate that all three databases read. Text of a request reaches
//! SQL as a bind only: the writer takes `&'static str` for everything else.

pub(crate) mod integer;
pub(crate) mod keyset;
pub(crate) mod limit;
pub(crate) mod page;
pub(crate) mod sql;
pub(crate) mod stages;
pub(crate) mod test;
pub(crate) mod token;
pub(crate) mod tree;
