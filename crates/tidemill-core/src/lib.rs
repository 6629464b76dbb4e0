//! Domain values and rules of the tracking server and the model registry.
//!
//! Nothing here does I/O: values are checked once, at the border, and then carry
//! the proof in their type; rules that need stored state are plain functions that
//! the store calls inside its transaction.

pub mod artifact_path;
pub mod datasets;
pub mod error;
pub mod experiments;
pub mod keys;
pub mod lifecycle;
pub mod location;
pub mod logged_models;
pub mod metrics;
pub mod page;
pub mod params;
pub mod quote;
pub mod registry;
pub mod retention;
pub mod runs;
pub mod storage_uri;
pub mod tags;
pub mod transfer;

pub use error::{Error, Result};
