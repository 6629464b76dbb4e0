//! Imports of MLflow databases that are as they should be, and of such that are not; and exports
//! into MLflow's.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod given;
mod mlflow_tables;

mod broken;
mod bundles;
mod conflicts;
mod databases;
mod exports;
