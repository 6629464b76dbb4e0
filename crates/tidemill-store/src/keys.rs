//! The dictionary of keys: names of metrics, params and tags, numbered per experiment.
//!
//! Rows are only ever added, so what was once seen committed stays true and is cached in the
//! server. What a transaction adds is not: it may still be rolled back. [`Keys`] therefore
//! collects what it learns, and the caller hands that to [`KeyCache::learn`] after the commit.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use diesel::prelude::*;
use rustc_hash::FxBuildHasher;

use crate::connection::DbConnection;
use crate::dialect;
use crate::error::{DbResult, known};
use crate::schema::key;

/// What a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub(crate) enum KeyKind {
    Metric = 1,
    Param = 2,
    Tag = 3,
}

impl KeyKind {
    fn from_number(number: i16) -> Option<Self> {
        [Self::Metric, Self::Param, Self::Tag]
            .into_iter()
            .find(|kind| *kind as i16 == number)
    }
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
    names: HashMap<i64, Arc<str>, FxBuildHasher>,
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

    /// The name of each of these keys, if it exists. For reading: names that are looked up are
    /// remembered, so they must be committed.
    pub(crate) fn names(
        &self,
        db: &mut DbConnection,
        ids: impl Iterator<Item = i64> + Clone,
    ) -> DbResult<Vec<Option<Arc<str>>>> {
        let names = self.known_names(ids.clone());
        let known = names.iter().map(Option::is_some);
        let unknown = ids.clone().zip(known).filter(|(_, known)| !known);
        let mut unknown: Vec<i64> = unknown.map(|(id, _)| id).collect();
        if unknown.is_empty() {
            return Ok(names);
        }
        unknown.sort_unstable();
        unknown.dedup();
        let mut found = HashMap::with_capacity_and_hasher(unknown.len(), FxBuildHasher);
        for unknown in unknown.chunks(LIST) {
            let keys = keys_with(db, unknown)?;
            found.extend(keys.iter().map(|key| (key.id, Arc::clone(&key.name))));
            self.learn(keys);
        }
        let names = ids.zip(names);
        Ok(names
            .map(|(id, name)| name.or_else(|| found.get(&id).cloned()))
            .collect())
    }

    fn known_names(&self, ids: impl Iterator<Item = i64>) -> Vec<Option<Arc<str>>> {
        let cached = self.0.read().unwrap_or_else(|poison| poison.into_inner());
        ids.map(|id| cached.names.get(&id).cloned()).collect()
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

fn keys_with(db: &mut DbConnection, ids: &[i64]) -> DbResult<Vec<Key>> {
    let rows: Vec<(i64, i64, i16, String)> = key::table.filter(key::id.eq_any(ids)).load(db)?;
    rows.into_iter()
        .map(|(id, experiment, kind, name)| {
            Ok(Key {
                id,
                experiment,
                kind: known("key.kind", kind, KeyKind::from_number)?,
                name: Arc::from(name),
            })
        })
        .collect()
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
        let kind_number = kind as i16;
        let mut found = dialect::find_keys(db, self.experiment, kind_number, names)?;
        if found.len() < names.len() {
            let missing: Vec<&str> = names
                .iter()
                .copied()
                .filter(|name| !found.iter().any(|(_, known)| known == name))
                .collect();
            dialect::add_keys(db, self.experiment, kind_number, &missing)?;
            found.extend(dialect::find_keys(
                db,
                self.experiment,
                kind_number,
                &missing,
            )?);
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

    /// What the cache may be told after the commit.
    pub(crate) fn learned(self) -> Vec<Key> {
        self.learned
    }
}
