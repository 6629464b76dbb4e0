//! Metric histories. They may be long, so they are written without building messages.

mod bulk;
mod history;
mod interval;

pub(crate) use bulk::history_bulk;
pub(crate) use history::history;
pub(crate) use interval::{history_interval, history_interval_message};

use tidemill_core::metrics::{History, Point};
use tidemill_proto::JsonWriter;

/// A point without its last brace.
fn write_point(out: &mut JsonWriter, key: &str, point: &Point) {
    out.begin_object();
    out.key("key").string(key);
    out.key("value").double(point.value);
    out.key("timestamp").int(point.timestamp);
    out.key("step").int(point.step);
}

fn count(histories: &[History]) -> usize {
    histories.iter().map(|history| history.points.len()).sum()
}
