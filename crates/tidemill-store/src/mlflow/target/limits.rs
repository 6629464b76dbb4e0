//! What MLflow's columns hold.

use std::collections::HashMap;
use std::fmt::Display;

use super::{MlflowPage, Unwritten};
use crate::connection::DbConnection;
use crate::dialect::{Dialect, MlflowNumber, text_limits};
use crate::error::DbResult;

/// How long a text may be.
struct Limit {
    characters: u64,
    bytes: u64,
}

/// The bounds of the columns that have one, by `table.column`. SQLite keeps none.
pub(super) struct Limits(HashMap<String, Limit>);

impl Limits {
    pub(super) fn of(db: &mut DbConnection) -> DbResult<Self> {
        let columns = text_limits(db)?.into_iter();
        Ok(Self(
            columns
                .map(|(table, column, characters, bytes)| {
                    let bound = |bound: Option<i64>| bound.map_or(u64::MAX, i64::unsigned_abs);
                    let limit = Limit {
                        characters: bound(characters),
                        bytes: bound(bytes),
                    };
                    (format!("{table}.{column}"), limit)
                })
                .collect(),
        ))
    }

    /// Refuses a text that is too long for a column. `what` says whose text it is.
    pub(super) fn check(
        &self,
        column: &str,
        text: &str,
        what: impl Display,
    ) -> Result<(), Unwritten> {
        let Some(limit) = self.0.get(column) else {
            return Ok(());
        };
        let bytes = text.len() as u64;
        if bytes <= limit.characters.min(limit.bytes) {
            return Ok(());
        }
        let characters = text.chars().count() as u64;
        let (has, holds, unit) = match characters > limit.characters {
            true => (characters, limit.characters, "characters"),
            false if bytes > limit.bytes => (bytes, limit.bytes, "bytes"),
            false => return Ok(()),
        };
        Err(Unwritten::Refused(format!(
            "{what} has {has} {unit}, and MLflow's column {column} holds {holds}"
        )))
    }
}

impl MlflowPage<'_> {
    /// A number as MLflow's columns hold it.
    pub(super) fn number(&self, number: i64, what: &str) -> Result<MlflowNumber, Unwritten> {
        MlflowNumber::new(Dialect::of(self.db), number).ok_or_else(|| {
            Unwritten::Refused(format!(
                "{what} {number} is larger than MLflow's column holds on a database server"
            ))
        })
    }
}
