//! Adding points and keeping the newest of each metric.

use diesel::prelude::*;
use tidemill_core::metrics::{Metric, Point, comparable};

use super::tail;
use crate::connection::DbConnection;
use crate::dialect::{self, LatestRow, NewTail};

/// A point on its way into the tail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewPoint {
    run: i64,
    key: i64,
    point: Point,
}

impl NewPoint {
    /// A point of the metric with number `key` of the run with number `run`.
    pub(crate) fn new(run: i64, key: i64, metric: &Metric) -> Self {
        let value = match metric.value.is_nan() {
            true => f64::NAN,
            false => comparable(metric.value),
        };
        Self {
            run,
            key,
            point: Point {
                value,
                ..metric.point()
            },
        }
    }
}

/// How many points a run was given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grown {
    pub(crate) run: i64,
    pub(crate) points: usize,
}

/// Adds points, in the order in which they were logged, of any number of runs.
pub(crate) fn add(db: &mut DbConnection, mut points: Vec<NewPoint>) -> QueryResult<Vec<Grown>> {
    if points.is_empty() {
        return Ok(Vec::new());
    }
    // Points of one metric keep their order.
    points.sort_by_key(|point| (point.run, point.key));
    let runs = || points.chunk_by(|a, b| a.run == b.run);
    let tails: Vec<NewTail> = runs().map(new_tail).collect();
    dialect::add_tails(db, &tails)?;
    let metrics = points.chunk_by(|a, b| (a.run, a.key) == (b.run, b.key));
    let newest: Vec<LatestRow> = metrics.filter_map(newest).collect();
    dialect::keep_newest(db, &newest)?;
    let grown = runs().zip(&tails).map(|(points, tail)| Grown {
        run: tail.run_id,
        points: points.len(),
    });
    Ok(grown.collect())
}

fn new_tail(points: &[NewPoint]) -> NewTail {
    NewTail {
        run_id: points.first().map_or(0, |point| point.run),
        n: i64::try_from(points.len()).unwrap_or(i64::MAX),
        data: tail::encode(points.iter().map(|point| (point.key, point.point))),
    }
}

/// Of equal points the first stays, as it would if they came one by one.
fn newest(points: &[NewPoint]) -> Option<LatestRow> {
    let newest =
        points
            .iter()
            .copied()
            .reduce(|latest, next| match next.point.replaces(&latest.point) {
                true => next,
                false => latest,
            })?;
    let Point {
        step,
        timestamp,
        value,
    } = newest.point;
    Some(LatestRow {
        run_id: newest.run,
        key_id: newest.key,
        step,
        ts: timestamp,
        value: (!value.is_nan()).then_some(value),
    })
}
