//! Metric points: a hot tail for each run, and sealed chunks of what has settled.
//!
//! Each write adds its points to the tail of their run as one row, and the newest of each
//! metric is kept beside it. When a tail has grown, or its run has ended, its points move into
//! compressed chunks, a metric each. A reader sees both as one history.

mod chunk;
mod history;
mod interval;
mod model_metrics;
mod page;
mod seal;
mod sealing;
mod tail;
mod write;

pub(crate) use model_metrics::add_model_metrics;
pub(crate) use sealing::Sealing;
pub(crate) use write::{Grown, NewPoint, add};
