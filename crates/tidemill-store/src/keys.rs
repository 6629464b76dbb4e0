//! The dictionary of keys: names of metrics, params and tags, numbered per experiment.
//!
//! Rows are only ever added, so what was once seen committed stays true and is cached in the
//! server. What a transaction adds is not: it may still be rolled back. [`Keys`] therefore
//! collects what it learns, and the caller hands that to [`KeyCache::learn`] after the commit.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use diesel::prelude::*;

use crate::connection::DbConnection;
use crate::dialect;
use crate::error::DbResult;
use crate::schema::key;

/// What a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub(crate) enum KeyKind {
    Metric = 1,
    Param = 2,
    Tag = 3,
}

/// How many keys the cache holds before it starts afresh; some 100 bytes each.
const CAPACITY: usize = 200_000;
/// How many names or ids go into one `IN` list.
const LIST: usize = 500;

/// A dictionary entry.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    id: i64,
    experiment: i64,
    kind: KeyKind,
    name: Arc<str>,
}

#[derive(Default)]
struct Cached {
    ids: HashMap<(i64, KeyKind), HashMap<Arc<str>, i64>>,
    names: HashMap<i64, Arc<str>>,
}

/// The committed keys this server has seen.
#[derive(Clone, Default)]
pub(crate) struct KeyCache(Arc<RwLock<Cached>>);

impl KeyCache {
    /// Remembers keys that are committed.
    pub(crate) fn learn(&self, learned: Vec<Key>) {
        if learned.is_empty() {
            return;
        }
        let mut cached = self.0.write().unwrap_or_else(|poison| poison.into_inner());
        if cached.names.len() + learned.len() > CAPACITY {
            *cached = Cached::default();
        }
        for key in learned {
            cached.names.insert(key.id, Arc::clone(&key.name));
            cached
                .ids
                .entry((key.experiment, key.kind))
                .or_default()
                .insert(key.name, key.id);
        }
    }

    fn ids<'n>(
        &self,
        experiment: i64,
        kind: KeyKind,
        names: impl Iterator<Item = &'n str>,
    ) -> Vec<Option<i64>> {
        let cached = self.0.read().unwrap_or_else(|poison| poison.into_inner());
        let known = cached.ids.get(&(experiment, kind));
        names
            .map(|name| known.and_then(|known| known.get(name)).copied())
            .collect()
    }

    /// The names of these keys. Keys that no longer exist are left out.
    pub(crate) fn names(
        &self,
        db: &mut DbConnection,
        ids: impl Iterator<Item = i64>,
    ) -> DbResult<HashMap<i64, Arc<str>>> {
        let mut names = HashMap::new();
        let mut unknown = Vec::new();
        {
            let cached = self.0.read().unwrap_or_else(|poison| poison.into_inner());
            for id in ids {
                if names.contains_key(&id) {
                    continue;
                }
                match cached.names.get(&id) {
                    Some(name) => drop(names.insert(id, Arc::clone(name))),
                    None => unknown.push(id),
                }
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        for ids in unknown.chunks(LIST) {
            let rows: Vec<(i64, String)> = key::table
                .filter(key::id.eq_any(ids))
                .select((key::id, key::name))
                .load(db)?;
            names.extend(rows.into_iter().map(|(id, name)| (id, Arc::from(name))));
        }
        Ok(names)
    }

    /// The number of one key, if the experiment has it.
    pub(crate) fn find(
        &self,
        db: &mut DbConnection,
        experiment: i64,
        kind: KeyKind,
        name: &str,
    ) -> DbResult<Option<i64>> {
        if let [Some(id)] = self.ids(experiment, kind, std::iter::once(name))[..] {
            return Ok(Some(id));
        }
        Ok(key::table
            .filter(key::experiment_id.eq(experiment))
            .filter(key::kind.eq(kind as i16))
            .filter(key::name.eq(name))
            .select(key::id)
            .first(db)
            .optional()?)
    }
}

/// Numbers for names within one write transaction of one experiment.
pub(crate) struct Keys<'c> {
    cache: &'c KeyCache,
    experiment: i64,
    learned: Vec<Key>,
}

impl<'c> Keys<'c> {
    pub(crate) fn new(cache: &'c KeyCache, experiment: i64) -> Self {
        Self {
            cache,
            experiment,
            learned: Vec::new(),
        }
    }

    /// The number of each name, in order; new names are added to the dictionary.
    pub(crate) fn numbers(
        &mut self,
        db: &mut DbConnection,
        kind: KeyKind,
        names: &[&str],
    ) -> DbResult<Vec<i64>> {
        let mut numbers = self.cache.ids(self.experiment, kind, names.iter().copied());
        let mut unknown: Vec<&str> = names
            .iter()
            .zip(&numbers)
            .filter(|(_, number)| number.is_none())
            .map(|(name, _)| *name)
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        for names in unknown.chunks(LIST) {
            self.add(db, kind, names)?;
        }
        if !unknown.is_empty() {
            let learned: HashMap<&str, i64> = self
                .learned
                .iter()
                .filter(|key| key.kind == kind)
                .map(|key| (&*key.name, key.id))
                .collect();
            for (name, number) in names.iter().zip(&mut numbers) {
                *number = number.or_else(|| learned.get(name).copied());
            }
        }
        numbers
            .into_iter()
            .map(|number| number.ok_or_else(|| diesel::result::Error::NotFound.into()))
            .collect()
    }

    /// Sorted names, so that two servers that add the same ones wait for each other in the
    /// same order. Read first: inserting what is there would use up numbers.
    fn add(&mut self, db: &mut DbConnection, kind: KeyKind, names: &[&str]) -> DbResult<()> {
        let mut found = self.select(db, kind, names)?;
        if found.len() < names.len() {
            let missing: Vec<&str> = names
                .iter()
                .copied()
                .filter(|name| !found.iter().any(|(_, known)| known == name))
                .collect();
            dialect::add_keys(db, self.experiment, kind as i16, &missing)?;
            found.extend(self.select(db, kind, &missing)?);
        }
        let experiment = self.experiment;
        self.learned.extend(found.into_iter().map(|(id, name)| Key {
            id,
            experiment,
            kind,
            name: Arc::from(name),
        }));
        Ok(())
    }

    fn select(
        &self,
        db: &mut DbConnection,
        kind: KeyKind,
        names: &[&str],
    ) -> DbResult<Vec<(i64, String)>> {
        Ok(key::table
            .filter(key::experiment_id.eq(self.experiment))
            .filter(key::kind.eq(kind as i16))
            .filter(key::name.eq_any(names))
            .select((key::id, key::name))
            .load(db)?)
    }

    /// What the cache may be told after the commit.
    pub(crate) fn learned(self) -> Vec<Key> {
        self.learned
    }
}
