//! Moving settled points from the tail of a run into chunks, one for each metric.
//!
//! Each pass is one transaction that takes rows of the tail away and puts their points into
//! chunks, so a crash leaves either the one or the other. Points of metrics that have too few
//! for a chunk go back into the tail as one row. Replicas may seal the same run at once:
//! whoever comes second waits for the lock on the run and finds the rows gone.

use std::collections::HashMap;

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::metrics::{Point, by_step};
use tidemill_core::runs::RunId;

use super::{chunk, tail};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::{self, NewTail, among};
use crate::error::DbResult;
use crate::schema::{metric_chunk, metric_tail, run};

/// How many rows of a tail one pass takes.
const ROWS: i64 = 2048;
/// How many points one pass takes, give or take a row.
const POINTS: i64 = 1 << 17;
/// Up to so many points, those of rare metrics may stay in the tail.
const MAY_STAY: usize = 1 << 16;

#[derive(Queryable, Selectable)]
#[diesel(table_name = metric_tail)]
struct TailRow {
    id: i64,
    n: i64,
    data: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = metric_chunk, treat_none_as_default_value = false)]
pub(crate) struct NewChunk {
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
        let number: Option<i64> = self
            .read(move |db| {
                Ok(run::table
                    .filter(run::uuid.eq(run.as_str()))
                    .select(run::id)
                    .first(db)
                    .optional()?)
            })
            .await?;
        match number {
            Some(run) => self.seal(run, smallest).await,
            None => Ok(()),
        }
    }

    /// How many points of a run are not sealed; repeated ones may count more than once.
    pub async fn unsealed_points(&self, run: RunId) -> Result<i64> {
        self.read(move |db| {
            let counts: Vec<i64> = metric_tail::table
                .inner_join(run::table.on(run::id.eq(metric_tail::run_id)))
                .filter(run::uuid.eq(run.as_str()))
                .select(metric_tail::n)
                .load(db)?;
            Ok(counts.into_iter().sum())
        })
        .await
    }

    /// Seals one run, a pass at a time, so that other writes get their turn between.
    pub(super) async fn seal(&self, run: i64, smallest: usize) -> Result<()> {
        while self.write(move |db| pass(db, run, smallest)).await? == Sealed::Some {}
        Ok(())
    }
}

/// What a pass sealed.
#[derive(Debug, PartialEq, Eq)]
enum Sealed {
    /// There were more rows than it took.
    Some,
    All,
}

fn pass(db: &mut DbConnection, run: i64, smallest: usize) -> DbResult<Sealed> {
    if dialect::lock_tail(db, run).optional()?.is_none() {
        return Ok(Sealed::All);
    }
    let mut rows = oldest(db, run)?;
    let mut points = 0;
    let taken = rows
        .iter()
        .take_while(|row| {
            let fits = points < POINTS;
            points += row.n;
            fits
        })
        .count();
    let sealed = match taken < rows.len() || taken as i64 == ROWS {
        true => Sealed::Some,
        false => Sealed::All,
    };
    rows.truncate(taken);
    let mut histories: HashMap<i64, Vec<Point>> = HashMap::new();
    for row in &rows {
        tail::decode(&row.data, |key, point| {
            histories.entry(key).or_default().push(point);
        })?;
    }
    let all: usize = histories.values().map(Vec::len).sum();
    let smallest = if all > MAY_STAY { 1 } else { smallest };
    let (long, short): (Vec<_>, Vec<_>) = histories
        .into_iter()
        .partition(|(_, points)| points.len() >= smallest);
    if long.is_empty() && rows.len() <= 1 {
        return Ok(sealed);
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    diesel::delete(metric_tail::table)
        .filter(among(db, "metric_tail.id", &ids))
        .execute(db)?;
    put_back(db, run, short)?;
    add_chunks(db, run, long)?;
    Ok(sealed)
}

fn oldest(db: &mut DbConnection, run: i64) -> DbResult<Vec<TailRow>> {
    Ok(metric_tail::table
        .filter(metric_tail::run_id.eq(run))
        .order(metric_tail::id)
        .limit(ROWS)
        .select(TailRow::as_select())
        .load(db)?)
}

/// What is too little for a chunk, as one row.
fn put_back(
    db: &mut DbConnection,
    run_id: i64,
    mut histories: Vec<(i64, Vec<Point>)>,
) -> DbResult<()> {
    if histories.is_empty() {
        return Ok(());
    }
    histories.sort_unstable_by_key(|(key, _)| *key);
    for (_, points) in &mut histories {
        sort(points);
    }
    let points = || {
        histories
            .iter()
            .flat_map(|(key, points)| points.iter().map(|point| (*key, *point)))
    };
    let row = NewTail {
        run_id,
        n: i64::try_from(points().count()).unwrap_or(i64::MAX),
        data: tail::encode(points()),
    };
    Ok(dialect::add_tails(db, &[row])?)
}

fn add_chunks(
    db: &mut DbConnection,
    run_id: i64,
    histories: Vec<(i64, Vec<Point>)>,
) -> DbResult<()> {
    let mut last = last_chunks(db, run_id)?;
    for (key_id, mut points) in histories {
        sort(&mut points);
        let next = last.get(&key_id).map_or(0, |last| last + 1);
        let chunks = chunks(run_id, key_id, next, &points)?;
        last.insert(key_id, next + chunks.len() as i64 - 1);
        for chunk in &chunks {
            diesel::insert_into(metric_chunk::table)
                .values(chunk)
                .execute(db)?;
        }
    }
    Ok(())
}

/// The number of the last chunk of each metric of a run.
fn last_chunks(db: &mut DbConnection, run: i64) -> DbResult<HashMap<i64, i64>> {
    let rows: Vec<(i64, Option<i64>)> = metric_chunk::table
        .filter(metric_chunk::run_id.eq(run))
        .group_by(metric_chunk::key_id)
        .select((metric_chunk::key_id, diesel::dsl::max(metric_chunk::seq)))
        .load(db)?;
    Ok(rows
        .into_iter()
        .filter_map(|(key, seq)| Some((key, seq?)))
        .collect())
}

/// The chunks of some points of one metric; `next` is the number of the first.
pub(crate) fn chunks(
    run_id: i64,
    key_id: i64,
    next: i64,
    points: &[Point],
) -> Result<Vec<NewChunk>> {
    (next..)
        .zip(points.chunks(chunk::CAPACITY))
        .map(|(seq, points)| new_chunk(run_id, key_id, seq, points))
        .collect()
}

fn new_chunk(run_id: i64, key_id: i64, seq: i64, points: &[Point]) -> Result<NewChunk> {
    let steps = || points.iter().map(|point| point.step);
    Ok(NewChunk {
        run_id,
        key_id,
        seq,
        n: points.len() as i64,
        min_step: steps().min().unwrap_or_default(),
        max_step: steps().max().unwrap_or_default(),
        codec: chunk::CODEC,
        data: chunk::encode(points)?,
    })
}

/// By step, each point once.
pub(crate) fn sort(points: &mut Vec<Point>) {
    points.sort_unstable_by(by_step);
    points.dedup_by(|a, b| by_step(a, b).is_eq());
}
