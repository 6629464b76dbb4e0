//! The dictionary of keys: names of metrics, params and tags, numbered per experiment.
//!
//! Rows are only ever added, so what was once seen committed stays true and is cached in the
//! server. What a transaction adds is not: it may still be rolled back. [`Keys`] therefore
//! collects what it learns, and the caller hands that to [`KeyCache::learn`] after the commit.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, RwLock};

use diesel::prelude::*;
use rustc_hash::FxBuildHasher;

use crate::connection::DbConnection;
use crate::dialect::{self, among};
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
/// How many names go into one `IN` list.
const LIST: usize = 500;

/// A dictionary entry.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    id: i64,
    experiment: i64,
    kind: KeyKind,
    name: Arc<str>,
}

/// Names by the keys' numbers.
pub(crate) type KeyNames = HashMap<i64, Arc<str>, FxBuildHasher>;

#[derive(Default)]
struct Cached {
    ids: HashMap<(i64, KeyKind), HashMap<Arc<str>, i64>>,
    names: KeyNames,
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

    /// The names of these keys, which may come more than once. For reading: names that are
    /// looked up are remembered, so they must be committed.
    pub(crate) fn names(
        &self,
        db: &mut DbConnection,
        ids: impl Iterator<Item = i64>,
    ) -> DbResult<KeyNames> {
        let (mut names, unknown) = self.known_names(ids);
        if !unknown.is_empty() {
            let found = keys_with(db, &unknown)?;
            names.extend(found.iter().map(|key| (key.id, Arc::clone(&key.name))));
            self.learn(found);
        }
        Ok(names)
    }

    /// The names that are cached, and the numbers of the others.
    fn known_names(&self, ids: impl Iterator<Item = i64>) -> (KeyNames, Vec<i64>) {
        let cached = self.0.read().unwrap_or_else(|poison| poison.into_inner());
        let mut known = KeyNames::default();
        let mut unknown = HashSet::new();
        for id in ids {
            let Entry::Vacant(vacant) = known.entry(id) else {
                continue;
            };
            match cached.names.get(&id) {
                Some(name) => drop(vacant.insert(Arc::clone(name))),
                None => drop(unknown.insert(id)),
            }
        }
        (known, unknown.into_iter().collect())
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
    let rows: Vec<(i64, i64, i16, String)> =
        key::table.filter(among(db, "\"key\".id", ids)).load(db)?;
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
    learned: HashMap<KeyKind, HashMap<Arc<str>, i64>>,
}

impl<'c> Keys<'c> {
    pub(crate) fn new(cache: &'c KeyCache, experiment: i64) -> Self {
        Self {
            cache,
            experiment,
            learned: HashMap::new(),
        }
    }

    /// The number of each name, in order; new names are added to the dictionary.
    pub(crate) fn numbers(
        &mut self,
        db: &mut DbConnection,
        kind: KeyKind,
        names: &[&str],
    ) -> DbResult<Vec<i64>> {
        let mut numbers = self.known(kind, names);
        let unknown = names
            .iter()
            .zip(&numbers)
            .filter(|(_, number)| number.is_none());
        let mut unknown: Vec<&str> = unknown.map(|(name, _)| *name).collect();
        if !unknown.is_empty() {
            unknown.sort_unstable();
            unknown.dedup();
            self.find_or_add(db, kind, &unknown)?;
            numbers = self.known(kind, names);
        }
        numbers
            .into_iter()
            .map(|number| number.ok_or_else(|| diesel::result::Error::NotFound.into()))
            .collect()
    }

    fn known(&self, kind: KeyKind, names: &[&str]) -> Vec<Option<i64>> {
        let mut numbers = self.cache.ids(self.experiment, kind, names.iter().copied());
        if let Some(learned) = self.learned.get(&kind) {
            for (name, number) in names.iter().zip(&mut numbers) {
                *number = number.or_else(|| learned.get(*name).copied());
            }
        }
        numbers
    }

    /// Sorted names, so that two servers that add the same ones wait for each other in the
    /// same order.
    fn find_or_add(
        &mut self,
        db: &mut DbConnection,
        kind: KeyKind,
        names: &[&str],
    ) -> DbResult<()> {
        for names in names.chunks(LIST) {
            let found = dialect::find_or_add_keys(db, self.experiment, kind as i16, names)?;
            let found = found.into_iter().map(|(id, name)| (Arc::from(name), id));
            self.learned.entry(kind).or_default().extend(found);
        }
        Ok(())
    }

    /// What the cache may be told after the commit.
    pub(crate) fn learned(self) -> Vec<Key> {
        let experiment = self.experiment;
        let key = |kind| {
            move |(name, id)| Key {
                id,
                experiment,
                kind,
                name,
            }
        };
        let learned = self.learned.into_iter();
        learned
            .flat_map(|(kind, names)| names.into_iter().map(key(kind)))
            .collect()
    }
}
