//! Carrying whole things in and out, past the rules for clients: ids and times are kept.
//!
//! An [`Importer`] writes, on a connection of its own, pages of what a source has, each in one
//! transaction together with a note of what was carried. An [`Archive`] reads everything back in
//! the same forms.

mod archive;
mod archive_points;
mod experiments;
mod logged_models;
mod notes;
mod registry;
mod runs;

use std::collections::HashMap;

use diesel::connection::SimpleConnection;
use tidemill_core::tags::Tag;
use tidemill_core::{Error, Result};

use crate::DatabaseUrl;
use crate::connection::{Access, DbConnection};
use crate::dialect::bulk;
use crate::error::{DbResult, Failure};
use crate::keys::{Key, KeyCache, Keys};
use crate::limits::Limits;
use crate::migrate;
use crate::unwritten::Unwritten;

pub use archive::Archive;
pub use notes::{Notes, artifact_note};
use runs::Rows;

/// A database that things are carried into.
pub struct Importer {
    db: DbConnection,
    cache: KeyCache,
    limits: Limits,
    source: i64,
    /// Things that were written.
    things: u64,
    /// After how many of them the planner is told what there is.
    tell_after: u64,
}

/// After how many things the planner is told for the first time. Then it is whenever there are
/// [`TIMES`] as many.
const TELL_AFTER: u64 = 1000;
const TIMES: u64 = 4;

impl Importer {
    /// Opens a database, after bringing its schema up to date. `source` names what is carried from,
    /// the same at every visit.
    pub fn open(url: &DatabaseUrl, source: &str) -> Result<Self> {
        migrate::migrate(url)?;
        let mut db = DbConnection::open_or_explain(url, Access::Write)?;
        if let DbConnection::Sqlite(db) = &mut db {
            // The notes are in the same file: what a power cut takes is carried again. Nobody waits
            // for an answer, so others may write for long.
            db.batch_execute(
                "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA busy_timeout = 60000",
            )
            .map_err(Failure::from)?;
        }
        let source = notes::source(&mut db, source)?;
        Self::new(db, source)
    }

    /// Opens a database to see what would be written to it. Its schema must be there.
    pub fn look(url: &DatabaseUrl, source: &str) -> Result<Self> {
        let mut db = DbConnection::open_or_explain(url, Access::Write)?;
        let source = notes::known(&mut db, source)?;
        Self::new(db, source)
    }

    fn new(mut db: DbConnection, source: i64) -> Result<Self> {
        let limits = Limits::of(&mut db)?;
        Ok(Self {
            db,
            cache: KeyCache::default(),
            limits,
            source,
            things: 0,
            tell_after: TELL_AFTER,
        })
    }

    /// Runs `work` in one transaction. When it fails, nothing of it stays.
    pub fn write<T, E: From<Unwritten>>(
        &mut self,
        work: impl FnOnce(&mut Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        bulk::begin(&mut self.db).map_err(Unwritten::from)?;
        let mut writing = Writing {
            db: &mut self.db,
            cache: &self.cache,
            limits: &self.limits,
            source: self.source,
            keys: HashMap::new(),
            rows: Rows::default(),
            current: None,
            noted: 0,
        };
        let outcome = work(&mut writing).and_then(|value| {
            writing.flush()?;
            Ok((value, writing.learned(), writing.noted))
        });
        match outcome {
            Ok((value, learned, noted)) => {
                self.db.batch_execute("COMMIT").map_err(Unwritten::from)?;
                self.cache.learn(learned);
                self.things += noted;
                if self.things >= self.tell_after {
                    self.tell_after = self.things * TIMES;
                    bulk::tell_planner(&mut self.db);
                }
                Ok(value)
            }
            Err(error) => {
                // What failed may have ended the transaction by itself.
                let _ = self.db.batch_execute("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Leaves the database as a server likes to find it, at the end.
    pub fn finish(mut self) {
        if self.things >= TELL_AFTER {
            bulk::tell_planner(&mut self.db);
        }
    }

    /// Lets new experiments get numbers after those that were carried.
    pub fn number_after_the_last(&mut self) -> Result<()> {
        bulk::number_after_the_last(&mut self.db).map_err(in_words)
    }
}

/// One transaction of an import.
pub struct Writing<'i> {
    db: &'i mut DbConnection,
    cache: &'i KeyCache,
    limits: &'i Limits,
    source: i64,
    keys: HashMap<i64, Keys<'i>>,
    rows: Rows,
    current: Option<runs::Current>,
    /// Notes that were made.
    noted: u64,
}

impl<'i> Writing<'i> {
    /// Begins something that may be taken back, until [`Self::end_attempt`].
    pub fn begin_attempt(&mut self) -> Result<(), Unwritten> {
        self.flush()?;
        self.say("SAVEPOINT attempt")
    }

    /// Keeps what was written since the attempt began, or takes it back.
    pub fn end_attempt(&mut self, keep: Keep) -> Result<(), Unwritten> {
        match keep {
            Keep::Yes => self.flush()?,
            Keep::No => {
                self.rows = Rows::default();
                // Names that were numbered since are gone too.
                self.keys.clear();
                self.say("ROLLBACK TO SAVEPOINT attempt")?;
            }
        }
        self.say("RELEASE SAVEPOINT attempt")
    }

    fn say(&mut self, statement: &str) -> Result<(), Unwritten> {
        Ok(self.db.batch_execute(statement)?)
    }

    fn keys(&mut self, experiment: i64) -> &mut Keys<'i> {
        self.keys
            .entry(experiment)
            .or_insert_with(|| Keys::new(self.cache, experiment))
    }

    fn learned(&mut self) -> Vec<Key> {
        self.keys
            .drain()
            .flat_map(|(_, keys)| keys.learned())
            .collect()
    }

    fn flush(&mut self) -> Result<(), Unwritten> {
        Ok(self.rows.flush(self.db)?)
    }

    fn check_tags(&self, table: &str, tags: &[Tag]) -> Result<(), Unwritten> {
        let texts = tags.iter().map(|tag| (&tag.key, &tag.value));
        self.check_texts(table, "tag", texts)
    }

    /// Refuses names and values that the columns of these names in a table do not hold.
    fn check_texts<'t>(
        &self,
        table: &str,
        kind: &str,
        texts: impl Iterator<Item = (&'t String, &'t String)>,
    ) -> Result<(), Unwritten> {
        let (name_column, value_column) = (format!("{table}.name"), format!("{table}.value"));
        for (name, value) in texts {
            let what = format_args!("its {kind} '{name}'");
            self.limits.check(&name_column, name, what)?;
            self.limits.check(&value_column, value, what)?;
        }
        Ok(())
    }

    /// Refuses what is longer than its column holds: each text with its column and what it is.
    fn check<'t>(
        &self,
        texts: impl IntoIterator<Item = (&'static str, &'t str, &'t str)>,
    ) -> Result<(), Unwritten> {
        let mut texts = texts.into_iter();
        texts.try_for_each(|(column, text, what)| self.limits.check(column, text, what))
    }
}

/// What becomes of what an attempt wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It stays.
    Yes,
    /// It is taken back.
    No,
}

/// What the database said: whoever carries things may read it, unlike a client.
fn in_words(error: diesel::result::Error) -> Error {
    Error::from(Failure::from(error))
}

fn done<T>(outcome: DbResult<T>) -> Result<T> {
    Ok(outcome?)
}
