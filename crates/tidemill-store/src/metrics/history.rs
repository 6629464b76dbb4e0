//! Reading whole histories: tail and chunks as one, sorted, each point once.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::metrics::{History, HistoryPage, Point, by_step, by_time};
use tidemill_core::page::Page;
use tidemill_core::runs::RunId;

use super::{chunk, page, tail};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::find_targets;
use crate::error::DbResult;
use crate::keys::{KeyCache, KeyKind};
use crate::schema::{metric_chunk, metric_tail};

impl Store {
    /// The points of one metric by time, step and value. An unknown run or metric has none.
    ///
    /// `InvalidParameter` for a page token that is not one of ours.
    pub async fn metric_history(
        &self,
        run: RunId,
        key: String,
        page: HistoryPage,
    ) -> Result<Page<Point>> {
        let cache = self.keys.clone();
        let after = page.token.as_deref().map(page::read_token).transpose()?;
        let mut points = self
            .read(move |db| match series(db, &cache, &run, &key)? {
                None => Ok(Vec::new()),
                Some(series) => read(db, series, None),
            })
            .await?;
        points.sort_unstable_by(by_time);
        Ok(page::cut(points, after, page.max_results))
    }

    /// The points of one metric of several runs, `max_results` at most: by run, then time,
    /// step and value. Runs without points are left out.
    pub async fn metric_history_bulk(
        &self,
        mut runs: Vec<RunId>,
        key: String,
        max_results: usize,
    ) -> Result<Vec<History>> {
        runs.sort_unstable();
        runs.dedup();
        let cache = self.keys.clone();
        self.read(move |db| {
            let mut room = max_results;
            let mut histories = Vec::new();
            for run in &runs {
                let Some(series) = series(db, &cache, run, &key)?.filter(|_| room > 0) else {
                    continue;
                };
                let mut points = read(db, series, None)?;
                points.sort_unstable_by(by_time);
                points.truncate(room);
                room -= points.len();
                histories.push(History {
                    run: run.clone(),
                    points,
                });
            }
            histories.retain(|history| !history.points.is_empty());
            Ok(histories)
        })
        .await
    }
}

/// One metric of one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series {
    pub(super) run: i64,
    pub(super) key: i64,
}

/// Finds a metric, if there is such a run and such a key.
pub(super) fn series(
    db: &mut DbConnection,
    cache: &KeyCache,
    run: &RunId,
    key: &str,
) -> DbResult<Option<Series>> {
    let Some((_, run, experiment, _)) = find_targets(db, &[run.as_str()])?.pop() else {
        return Ok(None);
    };
    let key = cache.find(db, experiment, KeyKind::Metric, key)?;
    Ok(key.map(|key| Series { run, key }))
}

/// The points of a metric by step, time and value, each once. The tail is read before the
/// chunks: in the other order, points that are sealed in between would be missed.
pub(super) fn read(
    db: &mut DbConnection,
    series: Series,
    steps: Option<(i64, i64)>,
) -> DbResult<Vec<Point>> {
    let tail = unsealed(db, series)?;
    let mut points = chunks(db, series, steps)?;
    points.extend(tail);
    if let Some((first, last)) = steps {
        points.retain(|point| (first..=last).contains(&point.step));
    }
    if !points.is_sorted_by(|a, b| by_step(a, b).is_lt()) {
        points.sort_unstable_by(by_step);
        points.dedup_by(|a, b| by_step(a, b).is_eq());
    }
    Ok(points)
}

fn unsealed(db: &mut DbConnection, series: Series) -> DbResult<Vec<Point>> {
    let rows: Vec<Vec<u8>> = metric_tail::table
        .filter(metric_tail::run_id.eq(series.run))
        .order(metric_tail::id)
        .select(metric_tail::data)
        .load(db)?;
    let mut points = Vec::new();
    for data in rows {
        tail::decode(&data, |key, point| {
            if key == series.key {
                points.push(point);
            }
        })?;
    }
    Ok(points)
}

/// The points of all chunks that reach into `steps`.
fn chunks(
    db: &mut DbConnection,
    series: Series,
    steps: Option<(i64, i64)>,
) -> DbResult<Vec<Point>> {
    let (first, last) = steps.unwrap_or((i64::MIN, i64::MAX));
    let rows: Vec<(i64, i16, Vec<u8>)> = metric_chunk::table
        .filter(metric_chunk::run_id.eq(series.run))
        .filter(metric_chunk::key_id.eq(series.key))
        .filter(metric_chunk::max_step.ge(first))
        .filter(metric_chunk::min_step.le(last))
        .order(metric_chunk::seq)
        .select((metric_chunk::n, metric_chunk::codec, metric_chunk::data))
        .load(db)?;
    let count: i64 = rows.iter().map(|(n, _, _)| n).sum();
    let mut points = Vec::with_capacity(
        usize::try_from(count)
            .unwrap_or(0)
            .min(rows.len() * chunk::CAPACITY),
    );
    for (n, codec, data) in rows {
        chunk::decode(codec, n, &data, &mut points)?;
    }
    Ok(points)
}
