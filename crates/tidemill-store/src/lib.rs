//! The database: schema, queries, transactions, migrations.
//!
//! [`Store`] has one method per use case. Each goes through one of two doors, `read` and
//! `write` in `doors`; queries take a connection and never open one, and only
//! `dialect` knows that there are three databases. SQL exists in this crate only.

mod clock;
mod connection;
mod datasets;
mod dialect;
mod doors;
mod error;
mod experiments;
pub mod gc;
#[cfg(feature = "postgres")]
mod group_writer;
mod keys;
mod limits;
mod logged_models;
mod metrics;
mod migrate;
mod mlflow;
mod registry;
mod runs;
mod schema;
mod search;
mod sqlite_writer;
mod statement;
mod store;
mod transfer;
mod unwritten;
mod upkeep;
mod url;

pub use experiments::search::ExperimentSearch;
pub use logged_models::search::LoggedModelSearch;
pub use mlflow::{MlflowDatabase, MlflowPage, MlflowTarget};
pub use registry::search_models::RegisteredModelSearch;
pub use registry::search_versions::ModelVersionSearch;
pub use runs::search::RunSearch;
pub use store::{Store, StoreConfig};
pub use transfer::{Archive, Importer, Keep, Notes, Writing, artifact_note};
pub use unwritten::Unwritten;
pub use upkeep::{DatabaseCheck, DatabaseStatus, Migrated, Room, Upkeep};
pub use url::DatabaseUrl;
