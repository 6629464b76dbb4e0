//! Metric points: a hot tail of rows, and sealed chunks of what has settled.
//!
//! Points are added to the tail, and the newest of each metric is kept beside it. When a tail
//! has grown, or its run has ended, its points move into a compressed chunk. A reader sees
//! both as one history.

mod chunk;
mod history;
mod interval;
mod model_metrics;
mod page;
mod seal;
mod sealing;
mod write;

pub(crate) use model_metrics::add_model_metrics;
pub(crate) use sealing::Sealing;
pub(crate) use write::add;
