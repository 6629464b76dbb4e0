//! What columns hold.

use std::collections::HashMap;
use std::fmt::Display;

use crate::connection::DbConnection;
use crate::dialect::{holds_nul, text_limits};
use crate::error::DbResult;
use crate::unwritten::Unwritten;

/// How long a text may be.
struct Limit {
    characters: u64,
    bytes: u64,
}

/// The bounds of a database's columns that have one, by `table.column`. SQLite keeps none.
pub(crate) struct Limits {
    columns: HashMap<String, Limit>,
    holds_nul: bool,
}

impl Limits {
    pub(crate) fn of(db: &mut DbConnection) -> DbResult<Self> {
        let columns = text_limits(db)?.into_iter();
        let columns = columns.map(|(table, column, characters, bytes)| {
            let bound = |bound: Option<i64>| bound.map_or(u64::MAX, i64::unsigned_abs);
            let limit = Limit {
                characters: bound(characters),
                bytes: bound(bytes),
            };
            (format!("{table}.{column}"), limit)
        });
        Ok(Self {
            columns: columns.collect(),
            holds_nul: holds_nul(db),
        })
    }

    /// Refuses a text that a column does not hold. `what` says whose text it is.
    pub(crate) fn check(
        &self,
        column: &str,
        text: &str,
        what: impl Display,
    ) -> Result<(), Unwritten> {
        if !self.holds_nul && text.contains('\0') {
            let why = format!("{what} has a NUL character, and the database holds none");
            return Err(Unwritten::Refused(why));
        }
        let Some(limit) = self.columns.get(column) else {
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
            "{what} has {has} {unit}, and the column {column} holds {holds}"
        )))
    }
}
