//! Every place where the three databases differ.
//!
//! Each function is named for what it achieves and has one arm per database. Through the
//! connection enum diesel has no `ON CONFLICT` and no multi-row `VALUES`, so the statements
//! that need them are written here for each database.

mod keys;

pub(crate) use keys::add_keys;
