//! The keys that a search names, as numbers.
//!
//! A key that no experiment of the search has needs no SQL: nothing passes a test of it,
//! and ordering by it orders nothing.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use tidemill_core::tags::RUN_NAME;
use tidemill_search::expr::Expr;
use tidemill_search::order::OrderBy;
use tidemill_search::runs::{RunAttribute, RunField, RunFilter, RunSort};

use crate::connection::DbConnection;
use crate::dialect::among;
use crate::error::DbResult;
use crate::keys::{KeyCache, KeyKind};
use crate::schema::key;
use crate::search::sql::Sql;

/// How many names go into one `IN` list.
const LIST: usize = 500;
/// Up to this many numbers, a probe tries each; beyond, it looks up the one of its run's
/// experiment.
const FEW: usize = 4;

/// Which key a search names.
pub(super) type Name = (KeyKind, String);

/// The numbers of the keys that a search names, by experiment.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<Name, HashMap<i64, i64>>,
}

impl Names {
    /// Looks up everything that the filter and the ordering name.
    pub(super) fn resolve(
        db: &mut DbConnection,
        cache: &KeyCache,
        experiments: &[i64],
        filter: &RunFilter,
        order: &[OrderBy<RunSort>],
    ) -> DbResult<Self> {
        let mut named = HashSet::new();
        collect(filter, &mut named);
        named.extend(order.iter().filter_map(|by| sort_name(&by.field)));
        match experiments {
            [] => Ok(Self::default()),
            [one] => Self::of_one(db, cache, *one, named),
            _ => Self::of_many(db, experiments, named),
        }
    }

    fn of_one(
        db: &mut DbConnection,
        cache: &KeyCache,
        experiment: i64,
        named: HashSet<Name>,
    ) -> DbResult<Self> {
        let mut numbers = HashMap::new();
        for (kind, name) in named {
            if let Some(id) = cache.find(db, experiment, kind, &name)? {
                numbers.insert((kind, name), HashMap::from([(experiment, id)]));
            }
        }
        Ok(Self { numbers })
    }

    fn of_many(db: &mut DbConnection, experiments: &[i64], named: HashSet<Name>) -> DbResult<Self> {
        let mut numbers: HashMap<Name, HashMap<i64, i64>> = HashMap::new();
        for kind in [KeyKind::Metric, KeyKind::Param, KeyKind::Tag] {
            let names: Vec<&str> = named
                .iter()
                .filter(|name| name.0 == kind)
                .map(|name| name.1.as_str())
                .collect();
            for names in names.chunks(LIST) {
                let rows: Vec<(i64, i64, String)> = key::table
                    .filter(among(db, "\"key\".experiment_id", experiments))
                    .filter(key::kind.eq(kind as i16))
                    .filter(key::name.eq_any(names))
                    .select((key::id, key::experiment_id, key::name))
                    .load(db)?;
                for (id, experiment, name) in rows {
                    numbers
                        .entry((kind, name))
                        .or_default()
                        .insert(experiment, id);
                }
            }
        }
        Ok(Self { numbers })
    }

    /// Whether some experiment has the key.
    pub(super) fn knows(&self, kind: KeyKind, name: &str) -> bool {
        self.numbers.contains_key(&(kind, name.to_owned()))
    }

    /// The key's numbers in all experiments of the search.
    pub(super) fn numbers(&self, kind: KeyKind, name: &str) -> impl Iterator<Item = i64> + Clone {
        let numbers = self.numbers.get(&(kind, name.to_owned()));
        numbers.into_iter().flat_map(HashMap::values).copied()
    }

    /// The same names in one experiment.
    pub(super) fn within(&self, experiment: i64) -> Self {
        let numbers = self.numbers.iter().filter_map(|(name, numbers)| {
            let number = numbers.get(&experiment)?;
            Some((name.clone(), HashMap::from([(experiment, *number)])))
        });
        Self {
            numbers: numbers.collect(),
        }
    }

    /// Writes that `column` is the key's number, for the run `r`.
    pub(super) fn write_is(&self, sql: &mut Sql, column: &'static str, kind: KeyKind, name: &str) {
        sql.push(column);
        let numbers = self.numbers(kind, name);
        match numbers.clone().count() {
            1..=FEW => drop(sql.push(" IN (").numbers(numbers).push(")")),
            _ => {
                sql.push(" = (SELECT k.id FROM \"key\" k WHERE k.experiment_id = r.experiment_id AND k.kind = ");
                sql.number(kind as i64)
                    .push(" AND k.name = ")
                    .text(name)
                    .push(")");
            }
        }
    }
}

fn collect(filter: &RunFilter, named: &mut HashSet<Name>) {
    match filter {
        Expr::All(parts) | Expr::Any(parts) => {
            parts.iter().for_each(|part| collect(part, named));
        }
        Expr::Not(inner) => collect(inner, named),
        Expr::Compare(comparison) => named.extend(field_name(&comparison.field)),
    }
}

/// The key that a filter's field is stored under.
pub(super) fn field_name(field: &RunField) -> Option<Name> {
    match field {
        RunField::Metric(key) => Some((KeyKind::Metric, key.clone())),
        RunField::Param(key) => Some((KeyKind::Param, key.clone())),
        RunField::Tag(key) => Some((KeyKind::Tag, key.clone())),
        RunField::Attribute(RunAttribute::RunName) => Some((KeyKind::Tag, RUN_NAME.to_owned())),
        RunField::Attribute(_) | RunField::Dataset(_) => None,
    }
}

/// The key that an ordering's field is stored under.
pub(super) fn sort_name(sort: &RunSort) -> Option<Name> {
    match sort {
        RunSort::Metric(key) => Some((KeyKind::Metric, key.clone())),
        RunSort::Param(key) => Some((KeyKind::Param, key.clone())),
        RunSort::Tag(key) => Some((KeyKind::Tag, key.clone())),
        RunSort::Attribute(_) => None,
    }
}
