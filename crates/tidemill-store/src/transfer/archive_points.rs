//! Runs out, with their points.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use tidemill_core::Error;
use tidemill_core::metrics::Point;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{CarriedRun, RunPiece};

use super::Archive;
use crate::dialect::among;
use crate::error::DbResult;
use crate::keys::KeyNames;
use crate::metrics;
use crate::schema::{metric_chunk, metric_tail};

/// Points that are held at once, give or take a metric that is not long, and those that are given
/// at once of one that is.
pub(super) const POINTS: usize = 200_000;

/// Tails: run, points.
type TailRow = (i64, Vec<u8>);
/// Chunks: run, key, points, codec, data.
type ChunkRow = (i64, i64, i64, i16, Vec<u8>);
/// Points of runs by metric.
type Histories = BTreeMap<(i64, i64), Vec<Point>>;

impl Archive {
    /// The runs of these ids that are there, by id, each followed by its points: metric by metric,
    /// each in one piece or in several, sorted by step, each point once.
    pub fn runs<E: From<Error>>(
        &mut self,
        ids: &[RunId],
        each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
    ) -> Result<(), E> {
        let runs = self.carried_runs(ids).map_err(Error::from)?;
        let numbers: Vec<i64> = runs.iter().map(|(id, _)| *id).collect();
        let mut counts = self.counts_of(&numbers).map_err(Error::from)?;
        let at_once = i64::try_from(self.points).map_err(Error::internal)?;
        let mut runs = runs
            .into_iter()
            .map(|(id, run)| (id, run, counts.remove(&id).unwrap_or(0)))
            .peekable();
        while let Some((id, run, mut points)) = runs.next() {
            let mut group = vec![(id, run)];
            while let Some((id, run, more)) = runs.next_if(|(.., more)| points + more <= at_once) {
                points += more;
                group.push((id, run));
            }
            match points > at_once {
                true => self.long_run(group.remove(0), each)?,
                false => self.group(group, each)?,
            }
        }
        Ok(())
    }

    /// How many points runs have; repeated ones may count more than once.
    fn counts_of(&mut self, runs: &[i64]) -> DbResult<HashMap<i64, i64>> {
        let mut counts: HashMap<i64, i64> = HashMap::new();
        let tails: Vec<(i64, i64)> = metric_tail::table
            .filter(among(&self.db, "metric_tail.run_id", runs))
            .select((metric_tail::run_id, metric_tail::n))
            .load(&mut self.db)?;
        let chunks: Vec<(i64, i64)> = metric_chunk::table
            .filter(among(&self.db, "metric_chunk.run_id", runs))
            .select((metric_chunk::run_id, metric_chunk::n))
            .load(&mut self.db)?;
        for (run, n) in tails.into_iter().chain(chunks) {
            *counts.entry(run).or_default() += n;
        }
        Ok(counts)
    }

    fn group<E: From<Error>>(
        &mut self,
        runs: Vec<(i64, CarriedRun)>,
        each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
    ) -> Result<(), E> {
        let ids: Vec<i64> = runs.iter().map(|(id, _)| *id).collect();
        let mut histories = self.tails(&ids).map_err(Error::from)?;
        let chunks = self.chunks(&ids).map_err(Error::from)?;
        add_chunks(&mut histories, chunks).map_err(Error::from)?;
        let names = self.names(histories.keys().map(|(_, key)| *key))?;
        for (id, run) in runs {
            each(RunPiece::Run(Box::new(run)))?;
            let mine: Vec<(i64, i64)> = histories
                .range((id, i64::MIN)..=(id, i64::MAX))
                .map(|(place, _)| *place)
                .collect();
            for place in mine {
                if let Some(points) = histories.remove(&place) {
                    give(&names, place.1, points, self.points, each)?;
                }
            }
            each(RunPiece::End { whole: true })?;
        }
        Ok(())
    }

    /// A run with more points than are held at once: a metric after the other.
    fn long_run<E: From<Error>>(
        &mut self,
        (id, run): (i64, CarriedRun),
        each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
    ) -> Result<(), E> {
        each(RunPiece::Run(Box::new(run)))?;
        let mut tails = self.tails(&[id]).map_err(Error::from)?;
        let chunked: Vec<i64> = metric_chunk::table
            .filter(metric_chunk::run_id.eq(id))
            .select(metric_chunk::key_id)
            .distinct()
            .load(&mut self.db)
            .map_err(super::in_words)?;
        let mut keys: Vec<i64> = tails.keys().map(|(_, key)| *key).chain(chunked).collect();
        keys.sort_unstable();
        keys.dedup();
        let names = self.names(keys.iter().copied())?;
        let mut whole = true;
        for key in keys {
            let tail = tails.remove(&(id, key)).unwrap_or_default();
            whole &= self.long_metric((id, key), tail, &names, each)?;
        }
        each(RunPiece::End { whole })
    }

    /// A metric, whose tail is given, in slices. Chunks come by their first steps: what is below
    /// the next one's is complete. Held are as many points as chunks share steps. Whether all of
    /// it was there.
    fn long_metric<E: From<Error>>(
        &mut self,
        (run, key): (i64, i64),
        tail: Vec<Point>,
        names: &KeyNames,
        each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
    ) -> Result<bool, E> {
        let chunks: Vec<(i64, i64, i64)> = metric_chunk::table
            .filter(metric_chunk::run_id.eq(run))
            .filter(metric_chunk::key_id.eq(key))
            .order(metric_chunk::min_step)
            .select((metric_chunk::id, metric_chunk::n, metric_chunk::min_step))
            .load(&mut self.db)
            .map_err(super::in_words)?;
        let (at_once, mut held, mut whole) = (self.points, tail, true);
        let mut rest = &chunks[..];
        while let Some((_, _, first)) = rest.first() {
            // Nearly all or nearly none: points without a step are all of step 0.
            let complete = held.iter().filter(|point| point.step < *first).count();
            if complete >= at_once {
                metrics::sort(&mut held);
                let complete = held.partition_point(|point| point.step < *first);
                let complete = held.drain(..complete).collect();
                give(names, key, complete, at_once, each)?;
            }
            let mut points = 0;
            let fits = |(_, n, _): &&(i64, i64, i64)| {
                points += n.unsigned_abs();
                points <= at_once as u64
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (some, others) = rest.split_at(count);
            let ids: Vec<i64> = some.iter().map(|(id, ..)| *id).collect();
            // One that is gone was purged with its run.
            whole &= self.add_chunks_of(&ids, &mut held).map_err(Error::from)? == ids.len();
            rest = others;
        }
        give(names, key, held, at_once, each)?;
        Ok(whole)
    }

    fn add_chunks_of(&mut self, ids: &[i64], points: &mut Vec<Point>) -> DbResult<usize> {
        let rows: Vec<(i64, i16, Vec<u8>)> = metric_chunk::table
            .filter(among(&self.db, "metric_chunk.id", ids))
            .select((metric_chunk::n, metric_chunk::codec, metric_chunk::data))
            .load(&mut self.db)?;
        for (n, codec, data) in &rows {
            metrics::decode_chunk(*codec, *n, data, points)?;
        }
        Ok(rows.len())
    }

    /// The tail is read before the chunks: what is sealed in between is then read twice rather
    /// than not at all.
    fn tails(&mut self, runs: &[i64]) -> DbResult<Histories> {
        let rows: Vec<TailRow> = metric_tail::table
            .filter(among(&self.db, "metric_tail.run_id", runs))
            .select((metric_tail::run_id, metric_tail::data))
            .load(&mut self.db)?;
        let mut histories = Histories::new();
        for (run, data) in rows {
            metrics::decode_tail(&data, |key, point| {
                histories.entry((run, key)).or_default().push(point);
            })?;
        }
        Ok(histories)
    }

    fn chunks(&mut self, runs: &[i64]) -> DbResult<Vec<ChunkRow>> {
        let rows = metric_chunk::table
            .filter(among(&self.db, "metric_chunk.run_id", runs))
            .select((
                metric_chunk::run_id,
                metric_chunk::key_id,
                metric_chunk::n,
                metric_chunk::codec,
                metric_chunk::data,
            ))
            .load(&mut self.db)?;
        Ok(rows)
    }

    fn names(&mut self, keys: impl Iterator<Item = i64>) -> Result<KeyNames, Error> {
        Ok(self.cache.names(&mut self.db, keys)?)
    }
}

fn add_chunks(histories: &mut Histories, chunks: Vec<ChunkRow>) -> DbResult<()> {
    for (run, key, n, codec, data) in chunks {
        let points = histories.entry((run, key)).or_default();
        metrics::decode_chunk(codec, n, &data, points)?;
    }
    Ok(())
}

fn give<E: From<Error>>(
    names: &KeyNames,
    key: i64,
    mut points: Vec<Point>,
    at_once: usize,
    each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
) -> Result<(), E> {
    let name = names
        .get(&key)
        .ok_or_else(|| Error::internal("a metric has points and no name"))?;
    metrics::sort(&mut points);
    let key = || String::from(&**name);
    if points.len() <= 2 * at_once {
        return each(RunPiece::Points { key: key(), points });
    }
    points.chunks(at_once).try_for_each(|points| {
        each(RunPiece::Points {
            key: key(),
            points: points.to_vec(),
        })
    })
}
