//! Artifacts as files in a local folder.
//!
//! Every path is walked one name at a time from an opened root, and no step follows a link, so
//! a link placed in the folder leads nowhere. Uploads are written in a private folder of the
//! same file system and moved into place when they are whole and on disk.

mod delete;
mod errors;
mod get;
mod list;
mod put;
mod staging;
mod tree;
mod usage;

pub(crate) use tree::Tree;
