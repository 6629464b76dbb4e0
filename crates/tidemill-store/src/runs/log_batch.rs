//! Recording metrics, params and tags of a run in one transaction.
//!
//! The work is done on several batches at once, each for a run of its own: SQLite's writer
//! and MySQL bring one, PostgreSQL's group writer many. All are written or none.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::params::{self, Param};
use tidemill_core::runs::batch::LogBatch;
use tidemill_core::runs::{self, RunId};
use tidemill_core::tags::RUN_NAME;

use super::{update, writable};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::{self, Lock, TextRow, among};
use crate::error::{DbResult, known};
use crate::keys::{Key, KeyCache, KeyKind, Keys};
use crate::metrics::{self, Grown, NewPoint, Sealing};
use crate::schema::param;

impl Store {
    /// Records a batch, all of it or nothing.
    ///
    /// `NotFound` for an unknown run; `InvalidParameter` for a deleted one or a param that has
    /// another value; `BadRequest` for an unknown logged model.
    pub async fn log_batch(&self, run: RunId, batch: LogBatch) -> Result<()> {
        let entry = Entry { run, batch };
        #[cfg(feature = "postgres")]
        if let Some(groups) = self.group_writer()
            && entry.suits_a_group()
        {
            return self.in_time(groups.send(entry)).await;
        }
        let cache = self.keys.clone();
        let written = self.write(move |db| write_one(db, &cache, &entry)).await?;
        written.tell(&self.keys, &self.sealing);
        Ok(())
    }
}

/// A batch and its run.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) run: RunId,
    pub(crate) batch: LogBatch,
}

impl Entry {
    /// The names of that kind in it, repeated where they are.
    fn names(&self, kind: KeyKind) -> Vec<&str> {
        let batch = &self.batch;
        match kind {
            KeyKind::Metric => batch.metrics().iter().map(|m| &*m.key).collect(),
            KeyKind::Param => batch.params().iter().map(|p| &*p.key).collect(),
            KeyKind::Tag => batch.tags().iter().map(|tag| &*tag.key).collect(),
        }
    }

    /// Whether it needs nothing beyond what is written for many runs at once.
    #[cfg(feature = "postgres")]
    fn suits_a_group(&self) -> bool {
        let for_models = self.batch.metrics().iter().any(|m| m.model_id.is_some());
        let renames = self.batch.tags().iter().any(|tag| tag.key == RUN_NAME);
        !for_models && !renames
    }
}

/// What to tell the rest of the store after the commit.
#[derive(Default)]
pub(crate) struct Written {
    learned: Vec<Key>,
    grown: Vec<Grown>,
}

impl Written {
    /// After the commit: keys are remembered, and tails that may have grown too long.
    pub(crate) fn tell(self, cache: &KeyCache, sealing: &Sealing) {
        cache.learn(self.learned);
        sealing.count(&self.grown);
    }
}

/// A run that may be written to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    id: i64,
    experiment: i64,
}

/// Writes one batch, or says why not.
fn write_one(db: &mut DbConnection, cache: &KeyCache, entry: &Entry) -> DbResult<Written> {
    let mut entries = Vec::with_capacity(1);
    for target in find_targets(db, &[&entry.run])? {
        entries.push((target?, entry));
    }
    write(db, cache, &entries)
}

/// For each run where to write, or why not. Runs are distinct or not, as they come.
pub(crate) fn find_targets(db: &mut DbConnection, ids: &[&RunId]) -> DbResult<Vec<Result<Target>>> {
    let mut uuids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    uuids.sort_unstable();
    uuids.dedup();
    let mut found = HashMap::with_capacity(uuids.len());
    for (uuid, id, experiment, stage) in dialect::find_targets(db, &uuids)? {
        let stage = known("run.stage", stage, LifecycleStage::from_number)?;
        found.insert(uuid, (Target { id, experiment }, stage));
    }
    Ok(ids.iter().map(|id| target(id, &found)).collect())
}

fn target(id: &RunId, found: &HashMap<String, (Target, LifecycleStage)>) -> Result<Target> {
    let (target, stage) = found.get(id.as_str()).ok_or_else(|| runs::not_found(id))?;
    runs::check_active(id, *stage)?;
    Ok(*target)
}

/// Writes batches, in the order in which they came: params first, which may be refused.
pub(crate) fn write(
    db: &mut DbConnection,
    cache: &KeyCache,
    entries: &[(Target, &Entry)],
) -> DbResult<Written> {
    let mut numbers = Numbers {
        cache,
        experiments: BTreeMap::new(),
    };
    if entries.len() > 1 {
        numbers.find_or_add(db, entries)?;
    }
    add_params(db, &mut numbers, entries)?;
    let grown = add_metrics(db, &mut numbers, entries)?;
    put_tags(db, &mut numbers, entries)?;
    Ok(Written {
        learned: numbers.learned(),
        grown,
    })
}

/// Numbers for the keys of several experiments.
struct Numbers<'c> {
    cache: &'c KeyCache,
    experiments: BTreeMap<i64, Keys<'c>>,
}

impl<'c> Numbers<'c> {
    fn of(&mut self, target: Target) -> &mut Keys<'c> {
        self.experiments
            .entry(target.experiment)
            .or_insert_with(|| Keys::new(self.cache, target.experiment))
    }

    /// Looks up all names at once that the batches have, rather than each batch's by itself.
    fn find_or_add(&mut self, db: &mut DbConnection, entries: &[(Target, &Entry)]) -> DbResult<()> {
        for kind in [KeyKind::Metric, KeyKind::Param, KeyKind::Tag] {
            let mut names: BTreeMap<i64, (Target, Vec<&str>)> = BTreeMap::new();
            for (target, entry) in entries {
                let of_experiment = names.entry(target.experiment);
                let (_, names) = of_experiment.or_insert_with(|| (*target, Vec::new()));
                names.extend(entry.names(kind));
            }
            for (target, names) in names.into_values() {
                self.of(target).numbers(db, kind, &names)?;
            }
        }
        Ok(())
    }

    fn learned(self) -> Vec<Key> {
        self.experiments
            .into_values()
            .flat_map(Keys::learned)
            .collect()
    }
}

fn add_params(
    db: &mut DbConnection,
    numbers: &mut Numbers<'_>,
    entries: &[(Target, &Entry)],
) -> DbResult<()> {
    let mut rows = Vec::new();
    for (target, entry) in entries {
        let params = entry.batch.params();
        let names = entry.names(KeyKind::Param);
        let keys = numbers.of(*target).numbers(db, KeyKind::Param, &names)?;
        rows.extend(text_rows(*target, keys, params.iter().map(|p| &*p.value)));
    }
    if rows.is_empty() {
        return Ok(());
    }
    let sent = rows.len();
    rows.sort_by_key(|row| (row.run, row.key));
    rows.dedup_by_key(|row| (row.run, row.key));
    if dialect::add_params(db, &rows)? == sent {
        return Ok(());
    }
    for (target, entry) in entries {
        check_params(db, numbers, *target, entry)?;
    }
    Ok(())
}

/// Something was there already: fine where the values are equal.
fn check_params(
    db: &mut DbConnection,
    numbers: &mut Numbers<'_>,
    target: Target,
    entry: &Entry,
) -> DbResult<()> {
    let incoming = entry.batch.params();
    if incoming.is_empty() {
        return Ok(());
    }
    let names = entry.names(KeyKind::Param);
    let keys = numbers.of(target).numbers(db, KeyKind::Param, &names)?;
    let stored: HashMap<i64, String> = param::table
        .filter(param::run_id.eq(target.id))
        .filter(among(db, "param.key_id", &keys))
        .select((param::key_id, param::value))
        .load(db)?
        .into_iter()
        .collect();
    let existing: Vec<Param> = incoming
        .iter()
        .zip(&keys)
        .filter_map(|(param, key)| {
            Some(Param {
                key: param.key.clone(),
                value: stored.get(key)?.clone(),
            })
        })
        .collect();
    params::unwritten(&entry.run, &existing, incoming, entry.batch.sent())?;
    Ok(())
}

fn add_metrics(
    db: &mut DbConnection,
    numbers: &mut Numbers<'_>,
    entries: &[(Target, &Entry)],
) -> DbResult<Vec<Grown>> {
    let mut points = Vec::new();
    for (target, entry) in entries {
        let logged = entry.batch.metrics();
        let names = entry.names(KeyKind::Metric);
        let keys = numbers.of(*target).numbers(db, KeyKind::Metric, &names)?;
        let rows = logged.iter().zip(keys);
        points.extend(rows.map(|(metric, key)| NewPoint::new(target.id, key, metric)));
        metrics::add_model_metrics(db, &entry.run, logged)?;
    }
    Ok(metrics::add(db, points)?)
}

/// The last value of a key wins. The tag that mirrors the run's name renames the run.
fn put_tags(
    db: &mut DbConnection,
    numbers: &mut Numbers<'_>,
    entries: &[(Target, &Entry)],
) -> DbResult<()> {
    let mut rows = Vec::new();
    for (target, entry) in entries {
        let (names, tags): (Vec<_>, Vec<_>) = entry
            .batch
            .tags()
            .iter()
            .partition(|tag| tag.key == RUN_NAME);
        for name in names {
            let mut row = writable(db, &entry.run, Lock::Exclusive)?;
            update::rename(db, numbers.of(*target), &mut row, &name.value)?;
        }
        let keys: Vec<&str> = tags.iter().map(|tag| &*tag.key).collect();
        let keys = numbers.of(*target).numbers(db, KeyKind::Tag, &keys)?;
        rows.extend(text_rows(*target, keys, tags.iter().map(|t| &*t.value)));
    }
    rows.reverse();
    rows.sort_by_key(|row| (row.run, row.key));
    rows.dedup_by_key(|row| (row.run, row.key));
    Ok(dialect::put_many_tags(db, &rows)?)
}

fn text_rows<'v>(
    target: Target,
    keys: Vec<i64>,
    values: impl Iterator<Item = &'v str>,
) -> impl Iterator<Item = TextRow<'v>> {
    keys.into_iter()
        .zip(values)
        .map(move |(key, value)| TextRow {
            run: target.id,
            key,
            value,
        })
}
