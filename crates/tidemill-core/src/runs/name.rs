//! Names for runs that were given none.
