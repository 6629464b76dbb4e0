//! Moving settled points from the tail into a chunk.
//!
//! Each chunk is one small transaction that inserts it and removes its points, so a crash
//! leaves either the one or the other. Replicas may seal the same metric at once: whoever
//! comes second waits for the lock on the latest row and finds the points gone.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::metrics::{Point, by_step};
use tidemill_core::runs::RunId;

use super::chunk;
use super::history::Series;
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::{self, PointRow};
use crate::error::DbResult;
use crate::schema::{metric_chunk, metric_latest, metric_point, run};

#[derive(Insertable)]
#[diesel(table_name = metric_chunk)]
struct NewChunk {
    run_id: i64,
    key_id: i64,
    seq: i64,
    n: i64,
    min_step: i64,
    max_step: i64,
    codec: i16,
    data: Vec<u8>,
}

impl Store {
    /// Seals every metric of a run that has at least `smallest` unsealed points.
    pub async fn seal_run(&self, run: RunId, smallest: usize) -> Result<()> {
        let least = i64::try_from(smallest).unwrap_or(i64::MAX);
        let tails: Vec<Series> = self.read(move |db| long_tails(db, &run, least)).await?;
        for series in tails {
            self.seal(series, smallest).await?;
        }
        Ok(())
    }

    /// How many points of a run are not sealed; repeated ones may count more than once.
    pub async fn unsealed_points(&self, run: RunId) -> Result<i64> {
        self.read(move |db| {
            Ok(metric_point::table
                .inner_join(run::table.on(run::id.eq(metric_point::run_id)))
                .filter(run::uuid.eq(run.as_str()))
                .count()
                .get_result(db)?)
        })
        .await
    }

    /// Seals one metric, a chunk at a time, so that other writes get their turn between.
    pub(super) async fn seal(&self, series: Series, smallest: usize) -> Result<()> {
        while self
            .write(move |db| seal_chunk(db, series, smallest))
            .await?
            == Sealed::OneOfSeveral
        {}
        Ok(())
    }
}

/// What sealing left.
#[derive(Debug, PartialEq, Eq)]
enum Sealed {
    /// There are more points than fit one chunk.
    OneOfSeveral,
    All,
}

fn long_tails(db: &mut DbConnection, id: &RunId, smallest: i64) -> DbResult<Vec<Series>> {
    let rows: Vec<(i64, i64)> = metric_latest::table
        .inner_join(run::table.on(run::id.eq(metric_latest::run_id)))
        .filter(run::uuid.eq(id.as_str()))
        .filter(metric_latest::tail.ge(smallest))
        .select((metric_latest::run_id, metric_latest::key_id))
        .load(db)?;
    Ok(rows
        .into_iter()
        .map(|(run, key)| Series { run, key })
        .collect())
}

/// Seals the first points of the tail, if there are enough.
fn seal_chunk(db: &mut DbConnection, series: Series, smallest: usize) -> DbResult<Sealed> {
    let Some(counted) = dialect::lock_tail(db, series.run, series.key).optional()? else {
        return Ok(Sealed::All);
    };
    let rows = first_points(db, series)?;
    if rows.len() >= smallest.max(1)
        && let Some(last) = rows.last()
    {
        add_chunk(db, series, rows.iter().map(PointRow::point).collect())?;
        dialect::remove_points(db, last)?;
    }
    if rows.len() < chunk::CAPACITY {
        let left = if rows.len() >= smallest {
            0
        } else {
            rows.len()
        };
        set_tail(db, series, i64::try_from(left).unwrap_or(i64::MAX))?;
        return Ok(Sealed::All);
    }
    set_tail(db, series, (counted - rows.len() as i64).max(0))?;
    Ok(Sealed::OneOfSeveral)
}

fn first_points(db: &mut DbConnection, series: Series) -> DbResult<Vec<PointRow>> {
    Ok(metric_point::table
        .filter(metric_point::run_id.eq(series.run))
        .filter(metric_point::key_id.eq(series.key))
        .order((
            metric_point::step,
            metric_point::ts,
            metric_point::value,
            metric_point::nan,
        ))
        .limit(chunk::CAPACITY as i64)
        .select(PointRow::as_select())
        .load(db)?)
}

fn add_chunk(db: &mut DbConnection, series: Series, mut points: Vec<Point>) -> DbResult<()> {
    points.dedup_by(|a, b| by_step(a, b).is_eq());
    let newest: Option<i64> = metric_chunk::table
        .filter(metric_chunk::run_id.eq(series.run))
        .filter(metric_chunk::key_id.eq(series.key))
        .select(diesel::dsl::max(metric_chunk::seq))
        .get_result(db)?;
    let steps = || points.iter().map(|point| point.step);
    let chunk = NewChunk {
        run_id: series.run,
        key_id: series.key,
        seq: newest.map_or(0, |seq| seq + 1),
        n: points.len() as i64,
        min_step: steps().min().unwrap_or_default(),
        max_step: steps().max().unwrap_or_default(),
        codec: chunk::CODEC,
        data: chunk::encode(&points)?,
    };
    diesel::insert_into(metric_chunk::table)
        .values(&chunk)
        .execute(db)?;
    Ok(())
}

fn set_tail(db: &mut DbConnection, series: Series, tail: i64) -> DbResult<()> {
    diesel::update(metric_latest::table.find((series.run, series.key)))
        .set(metric_latest::tail.eq(tail))
        .execute(db)?;
    Ok(())
}
