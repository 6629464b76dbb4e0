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

pub(crate) use chunk::decode as decode_chunk;
pub(crate) use model_metrics::add_model_metrics;
pub(crate) use seal::{NewChunk, chunks, sort};
pub(crate) use sealing::{Sealing, WORTH_A_CHUNK};
pub(crate) use tail::{decode as decode_tail, encode as encode_tail};
pub(crate) use write::{Grown, NewPoint, add};
