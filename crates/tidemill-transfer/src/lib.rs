//! Moving whole stores: import, export, and proof that nothing was lost.
//!
//! A [`Source`] is anything that holds what MLflow holds: MLflow's own tables, its file store, a
//! server, our own database, a [`Bundle`]. An import reads it in pages and writes each page in
//! one transaction; what was written is noted beside it, so that an import can be stopped at any
//! point and run again, and again later to bring what has changed. An export goes the other way,
//! into a database that MLflow serves afterwards, whole or not at all. [`pack`] writes a bundle of
//! what any source has.

mod bundle;
mod differences;
mod digests;
mod error;
mod export;
mod gone;
mod import;
mod progress;
mod report;
mod source;
mod verify;

pub use bundle::{ArtifactFiles, Bundle, BundleReport, PackReport, TakeFile, pack};
pub use error::{Error, Result};
pub use export::{Export, ExportReport, Exported, MlflowProgram};
pub use import::{Import, OnConflict};
pub use report::{Difference, ImportReport, Listed, Tally, VerifyReport};
pub use source::{
    CopyArtifacts, Count, Credentials, FileStore, FolderFiles, FolderList, ListedFile, OwnDatabase,
    Part, Relocated, Server, ServerArtifacts, Source, open,
};
pub use verify::verify;
