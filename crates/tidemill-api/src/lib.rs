//! The REST facade: routes, handlers, wire conversions, error answers.
//!
//! [`routes`] has every path on one page. A handler decodes its message, calls the rule in
//! `tidemill-core` that turns it into a checked value, calls one method of the store, and
//! encodes the answer.

mod admin;
mod app;
mod error;
mod extract;
mod gc;
mod graphql;
mod guard;
mod incoming;
mod listing;
mod reply;
mod request_log;
pub mod routes;

mod artifacts;
mod datasets;
mod experiments;
mod health;
mod logged_models;
mod metrics;
mod registry;
mod runs;
mod ui;
mod workspace;

pub use admin::AdminToken;
pub use app::{ApiConfig, App};
pub use artifacts::Artifacts;
pub use gc::{Gc, GcOptions, GcReport};
pub use graphql::QueryLimits;
pub use guard::Guard;
pub use request_log::RequestLog;
pub use ui::{Ui, UiFolder, UiProxy};
