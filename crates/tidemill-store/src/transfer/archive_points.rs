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

/// Points that are held at once, give or take a metric.
const POINTS: i64 = 200_000;

/// Tails: run, points.
type TailRow = (i64, Vec<u8>);
/// Chunks: run, key, points, codec, data.
type ChunkRow = (i64, i64, i64, i16, Vec<u8>);
/// Points of runs by metric.
type Histories = BTreeMap<(i64, i64), Vec<Point>>;

impl Archive {
    /// The runs of these ids that are there, by id, each followed by its points: a piece for each
    /// metric, sorted by step, each point once.
    pub fn runs<E: From<Error>>(
        &mut self,
        ids: &[RunId],
        each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
    ) -> Result<(), E> {
        let runs = self.carried_runs(ids).map_err(Error::from)?;
        let numbers: Vec<i64> = runs.iter().map(|(id, _)| *id).collect();
        let mut counts = self.counts_of(&numbers).map_err(Error::from)?;
        let mut runs = runs
            .into_iter()
            .map(|(id, run)| (id, run, counts.remove(&id).unwrap_or(0)))
            .peekable();
        while let Some((id, run, mut points)) = runs.next() {
            let mut group = vec![(id, run)];
            while let Some((id, run, more)) = runs.next_if(|(.., more)| points + more <= POINTS) {
                points += more;
                group.push((id, run));
            }
            match points > POINTS {
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
        let chunks = self.chunks(&ids, None).map_err(Error::from)?;
        add_chunks(&mut histories, chunks).map_err(Error::from)?;
        let names = self.names(&histories)?;
        for (id, run) in runs {
            each(RunPiece::Run(Box::new(run)))?;
            let mine: Vec<(i64, i64)> = histories
                .range((id, i64::MIN)..=(id, i64::MAX))
                .map(|(place, _)| *place)
                .collect();
            for place in mine {
                if let Some(points) = histories.remove(&place) {
                    give(&names, place.1, points, each)?;
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
        for key in keys {
            let mut history = Histories::new();
            history.insert((id, key), tails.remove(&(id, key)).unwrap_or_default());
            let chunks = self.chunks(&[id], Some(key)).map_err(Error::from)?;
            add_chunks(&mut history, chunks).map_err(Error::from)?;
            let names = self.names(&history)?;
            for ((_, key), points) in history {
                give(&names, key, points, each)?;
            }
        }
        each(RunPiece::End { whole: true })
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

    fn chunks(&mut self, runs: &[i64], key: Option<i64>) -> DbResult<Vec<ChunkRow>> {
        let mut query = metric_chunk::table
            .filter(among(&self.db, "metric_chunk.run_id", runs))
            .select((
                metric_chunk::run_id,
                metric_chunk::key_id,
                metric_chunk::n,
                metric_chunk::codec,
                metric_chunk::data,
            ))
            .into_boxed();
        if let Some(key) = key {
            query = query.filter(metric_chunk::key_id.eq(key));
        }
        Ok(query.load(&mut self.db)?)
    }

    fn names(&mut self, histories: &Histories) -> Result<KeyNames, Error> {
        let keys = histories.keys().map(|(_, key)| *key);
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
    each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
) -> Result<(), E> {
    let name = names
        .get(&key)
        .ok_or_else(|| Error::internal("a metric has points and no name"))?;
    metrics::sort(&mut points);
    each(RunPiece::Points {
        key: String::from(&**name),
        points,
    })
}
