//! Imports of MLflow databases that are as they should be, and of such that are not.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod given;

mod broken;
mod bundles;
mod conflicts;
mod databases;
