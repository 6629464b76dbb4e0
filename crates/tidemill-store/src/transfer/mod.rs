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
use tidemill_core::{Error, Result};

use crate::DatabaseUrl;
use crate::connection::{Access, DbConnection};
use crate::dialect::bulk;
use crate::error::{DbResult, Failure};
use crate::keys::{Key, KeyCache, Keys};
use crate::migrate;

pub use archive::Archive;
pub use notes::Notes;
use runs::Rows;

/// A database that things are carried into.
pub struct Importer {
    db: DbConnection,
    cache: KeyCache,
    source: i64,
}

impl Importer {
    /// Opens a database, after bringing its schema up to date. `source` names what is carried from,
    /// the same at every visit.
    pub fn open(url: &DatabaseUrl, source: &str) -> Result<Self> {
        migrate::migrate(url)?;
        let mut db = open(url)?;
        if let DbConnection::Sqlite(db) = &mut db {
            // The notes are in the same file: what a power cut takes is carried again.
            db.batch_execute("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536")
                .map_err(Failure::from)?;
        }
        let source = notes::source(&mut db, source)?;
        Ok(Self {
            db,
            cache: KeyCache::default(),
            source,
        })
    }

    /// Opens a database to see what would be written to it. Its schema must be there.
    pub fn look(url: &DatabaseUrl, source: &str) -> Result<Self> {
        let mut db = open(url)?;
        let source = notes::known(&mut db, source)?;
        Ok(Self {
            db,
            cache: KeyCache::default(),
            source,
        })
    }

    /// Runs `work` in one transaction. When it fails, nothing of it stays.
    pub fn write<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        bulk::begin(&mut self.db).map_err(in_words)?;
        let mut writing = Writing {
            db: &mut self.db,
            cache: &self.cache,
            source: self.source,
            keys: HashMap::new(),
            rows: Rows::default(),
            current: None,
        };
        let outcome = work(&mut writing).and_then(|value| {
            writing.flush()?;
            Ok((value, writing.learned()))
        });
        match outcome {
            Ok((value, learned)) => {
                self.db.batch_execute("COMMIT").map_err(in_words)?;
                self.cache.learn(learned);
                Ok(value)
            }
            Err(error) => {
                // What failed may have ended the transaction by itself.
                let _ = self.db.batch_execute("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Lets new experiments get numbers after those that were carried.
    pub fn number_after_the_last(&mut self) -> Result<()> {
        bulk::number_after_the_last(&mut self.db).map_err(in_words)
    }
}

fn open(url: &DatabaseUrl) -> Result<DbConnection> {
    DbConnection::open(url, Access::Write)
        .map_err(|error| Error::unavailable(format!("{url:?} cannot be opened: {error}")))
}

/// One transaction of an import.
pub struct Writing<'i> {
    db: &'i mut DbConnection,
    cache: &'i KeyCache,
    source: i64,
    keys: HashMap<i64, Keys<'i>>,
    rows: Rows,
    current: Option<runs::Current>,
}

impl<'i> Writing<'i> {
    /// Begins something that may be taken back, until [`Self::end_attempt`].
    pub fn begin_attempt(&mut self) -> Result<()> {
        self.flush()?;
        self.say("SAVEPOINT attempt")
    }

    /// Keeps what was written since the attempt began, or takes it back.
    pub fn end_attempt(&mut self, keep: Keep) -> Result<()> {
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

    fn say(&mut self, statement: &str) -> Result<()> {
        self.db.batch_execute(statement).map_err(in_words)
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

    fn flush(&mut self) -> Result<()> {
        Ok(self.rows.flush(self.db)?)
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
