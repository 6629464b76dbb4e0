//! Adding points and keeping the newest of each metric.

use std::collections::HashMap;

use diesel::prelude::*;
use tidemill_core::metrics::{Metric, Point, comparable};

use crate::connection::DbConnection;
use crate::dialect::{self, LatestRow, PointRow};

impl PointRow {
    /// A point of the metric with number `key` of the run with number `run`.
    pub(crate) fn new(run: i64, key: i64, metric: &Metric) -> Self {
        Self {
            run_id: run,
            key_id: key,
            step: metric.step,
            ts: metric.timestamp,
            value: comparable(metric.value),
            nan: metric.value.is_nan(),
        }
    }

    /// The point as the domain knows it.
    pub(crate) fn point(&self) -> Point {
        Point {
            step: self.step,
            timestamp: self.ts,
            value: if self.nan { f64::NAN } else { self.value },
        }
    }
}

/// Adds points, in the order in which they were logged, of any number of runs.
/// Answers how many came for each run and key.
pub(crate) fn add(db: &mut DbConnection, mut points: Vec<PointRow>) -> QueryResult<Vec<LatestRow>> {
    if points.is_empty() {
        return Ok(Vec::new());
    }
    let newest = newest_per_key(&points);
    points.sort_unstable_by(|a, b| {
        (a.run_id, a.key_id, a.step, a.ts)
            .cmp(&(b.run_id, b.key_id, b.step, b.ts))
            .then(a.value.total_cmp(&b.value))
            .then(a.nan.cmp(&b.nan))
    });
    dialect::add_points(db, &points)?;
    dialect::keep_newest(db, &newest)?;
    Ok(newest)
}

/// Of equal points the first stays, as it would if they came one by one.
fn newest_per_key(points: &[PointRow]) -> Vec<LatestRow> {
    let mut newest: HashMap<(i64, i64), (Point, i64)> = HashMap::with_capacity(points.len());
    for row in points {
        let point = row.point();
        newest
            .entry((row.run_id, row.key_id))
            .and_modify(|(latest, count)| {
                *count += 1;
                if point.replaces(latest) {
                    *latest = point;
                }
            })
            .or_insert((point, 1));
    }
    let mut rows: Vec<LatestRow> = newest
        .into_iter()
        .map(|((run_id, key_id), (latest, tail))| LatestRow {
            run_id,
            key_id,
            step: latest.step,
            ts: latest.timestamp,
            value: (!latest.value.is_nan()).then_some(latest.value),
            tail,
        })
        .collect();
    rows.sort_unstable_by_key(|row| (row.run_id, row.key_id));
    rows
}
