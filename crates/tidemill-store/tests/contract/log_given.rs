//! Points and batches for the tests of logging and of histories.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tidemill_core::keys::Limits;
use tidemill_core::metrics::{HistoryPage, Metric, Point};
use tidemill_core::params::Param;
use tidemill_core::runs::RunId;
use tidemill_core::runs::batch::LogBatch;
use tidemill_core::tags::Tag;
use tidemill_store::Store;

pub(crate) fn point(step: i64, timestamp: i64, value: f64) -> Point {
    Point {
        step,
        timestamp,
        value,
    }
}

pub(crate) fn metric(key: &str, point: Point) -> Metric {
    Metric::new(key, point.value, point.timestamp, point.step).expect("a valid metric")
}

pub(crate) fn param(key: &str, value: &str) -> Param {
    Param::new(key, value, Limits::default()).expect("a valid param")
}

pub(crate) fn batch(metrics: Vec<Metric>, params: Vec<Param>, tags: Vec<Tag>) -> LogBatch {
    LogBatch::new(metrics, params, tags, Limits::default()).expect("a valid batch")
}

/// Logs points of the metric "m", in batches as large as they may be.
pub(crate) async fn log(store: &Store, run: &RunId, points: &[Point]) {
    for points in points.chunks(1000) {
        let metrics = points.iter().map(|point| metric("m", *point)).collect();
        let batch = batch(metrics, vec![], vec![]);
        let logged = store.log_batch(run.clone(), batch).await;
        logged.expect("the points are logged");
    }
}

/// The history of the metric "m".
pub(crate) async fn history(store: &Store, run: &RunId) -> Vec<Point> {
    let page = HistoryPage::default();
    let history = store.metric_history(run.clone(), "m".into(), page).await;
    history.expect("a history").items
}

/// What can be compared, which NaN cannot.
pub(crate) fn texts(points: &[Point]) -> Vec<String> {
    let text = |p: &Point| format!("step {} at {}: {:?}", p.step, p.timestamp, p.value);
    points.iter().map(text).collect()
}

/// Lists of points that often share steps, times or values; the same ones in every test run.
pub(crate) fn random_series(count: usize, longest: usize) -> Vec<Vec<Point>> {
    let value = prop_oneof![
        Just(f64::NAN),
        Just(0.0),
        Just(-0.0),
        Just(f64::INFINITY),
        -2.0..2.0,
    ];
    let point = (-3i64..9, 0i64..4, value).prop_map(|(step, time, value)| point(step, time, value));
    let series = prop::collection::vec(point, 0..longest);
    let mut runner = TestRunner::deterministic();
    (0..count)
        .map(|_| series.new_tree(&mut runner).expect("a series").current())
        .collect()
}
