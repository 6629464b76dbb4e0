//! The store's contract, on every database.

mod opening;
