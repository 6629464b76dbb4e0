//! One connection type for three databases, and how each is set up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;
use diesel::result::Error as DieselError;
use tidemill_core::{Error, Result};

use crate::DatabaseUrl;

/// A connection to any of the databases. Ordinary diesel queries run on it unchanged;
/// what the databases say differently is in [`crate::dialect`].
#[derive(diesel::MultiConnection)]
pub(crate) enum DbConnection {
    Sqlite(diesel::SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(diesel::PgConnection),
    #[cfg(feature = "mysql")]
    Mysql(diesel::MysqlConnection),
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Of SQLite, with pages of the file in memory up to so many KiB; of servers, page by page
    /// through all of it.
    Read {
        cache_kib: u32,
    },
    Write,
}

/// How long SQLite waits for another process's lock, in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 5000;

impl DbConnection {
    /// Opens and configures a connection whose statements may take as long as they need.
    pub(crate) fn open(url: &DatabaseUrl, access: Access) -> ConnectionResult<Self> {
        let mut connection = match url {
            DatabaseUrl::Sqlite(path) => Self::Sqlite(diesel::SqliteConnection::establish(
                &path.to_string_lossy(),
            )?),
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(uri) => Self::Postgres(diesel::PgConnection::establish(uri)?),
            #[cfg(feature = "mysql")]
            DatabaseUrl::Mysql(uri) => Self::Mysql(diesel::MysqlConnection::establish(uri)?),
        };
        let settings = connection.settings(access);
        connection
            .configure(&settings)
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }

    /// Opens and configures a connection; `Unavailable`, in words for people, when that fails.
    pub(crate) fn open_or_explain(url: &DatabaseUrl, access: Access) -> Result<Self> {
        Self::open(url, access).map_err(|error| {
            Error::unavailable(format!("{url:?} cannot be opened: {}", reason(&error)))
        })
    }

    /// Opens a connection on which the database gives up what takes longer than `limit`, so that
    /// no statement whose caller has gone keeps it. MySQL gives up reads only. SQLite gives up
    /// nothing: that takes calls of its own that diesel does not offer.
    pub(crate) fn open_limited(
        url: &DatabaseUrl,
        access: Access,
        limit: Duration,
    ) -> ConnectionResult<Self> {
        let mut connection = Self::open(url, access)?;
        connection
            .limit_statements(limit)
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }

    fn limit_statements(&mut self, limit: Duration) -> QueryResult<()> {
        let ms = limit.as_millis();
        let setting = match self {
            Self::Sqlite(_) => return Ok(()),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => format!("SET statement_timeout = {ms}"),
            // MariaDB and MySQL read only the comment that is meant for them.
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => format!(
                "SET @limited = 1 /*M!100100 , SESSION max_statement_time = {} */ \
                 /*!50708 , SESSION max_execution_time = {ms} */",
                limit.as_secs_f64()
            ),
        };
        self.batch_execute(&setting)
    }

    /// Applies the settings. While another process creates the same SQLite file, switching to
    /// the write-ahead log fails at once instead of waiting, so the waiting is done here.
    fn configure(&mut self, settings: &str) -> QueryResult<()> {
        let started = Instant::now();
        loop {
            match self.batch_execute(settings) {
                Err(DieselError::DatabaseError(_, info))
                    if info.message().contains("locked")
                        && started.elapsed() < Duration::from_millis(BUSY_TIMEOUT_MS.into()) =>
                {
                    std::thread::sleep(Duration::from_millis(10));
                }
                outcome => return outcome,
            }
        }
    }

    /// The session settings. SQLite: write-ahead log, and a sync at every commit, so that an
    /// acknowledged write survives a power cut; grouping commits makes that cheap.
    /// MySQL: a statement must see what others committed before it, as PostgreSQL's does.
    fn settings(&self, access: Access) -> String {
        match self {
            Self::Sqlite(_) => {
                let common = format!(
                    "PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA foreign_keys = ON; \
                     PRAGMA case_sensitive_like = ON;"
                );
                match access {
                    Access::Write => format!(
                        "{common} PRAGMA cache_size = -8000; PRAGMA journal_mode = WAL; \
                         PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 10000; PRAGMA journal_size_limit = 67108864;"
                    ),
                    Access::Read { cache_kib } => {
                        format!(
                            "{common} PRAGMA cache_size = -{cache_kib}; PRAGMA query_only = ON;"
                        )
                    }
                }
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                // Compiling a long filter takes far longer than answering it.
                let common =
                    "SET client_min_messages = warning; SET lock_timeout = '10s'; SET jit = off";
                match access {
                    Access::Write => String::from(common),
                    // A plan that is kept may be from when the table was empty, and go through all
                    // of it for each page that an import asks about.
                    Access::Read { .. } => {
                        format!("{common}; SET plan_cache_mode = force_custom_plan")
                    }
                }
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => String::from(
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
                 SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; \
                 SET SESSION innodb_lock_wait_timeout = 10",
            ),
        }
    }
}

/// In one line: libpq writes several, and SQLite one that says little.
fn reason(error: &ConnectionError) -> String {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let reason = lines.join(" ");
    match reason.contains("unable to open database file") {
        true => format!(
            "{reason}; SQLite has to be able to read it, and to write its log into the same folder"
        ),
        false => reason.trim().to_owned(),
    }
}

/// A pooled connection, with a note whether it still works.
pub(crate) struct Session {
    pub(crate) db: DbConnection,
    pub(crate) dead: bool,
    generation: u64,
}

/// Makes connections for the pools.
#[derive(Debug)]
pub(crate) struct Connector {
    url: DatabaseUrl,
    access: Access,
    statement_limit: Duration,
    generation: Arc<Generation>,
}

impl Connector {
    pub(crate) fn new(
        url: DatabaseUrl,
        access: Access,
        statement_limit: Duration,
        generation: Arc<Generation>,
    ) -> Self {
        Self {
            url,
            access,
            statement_limit,
            generation,
        }
    }
}

/// Which connections are still good for use: those made since the last one that met a server
/// which no longer writes. After a fail-over the others lead to that server too.
#[derive(Debug, Default)]
pub(crate) struct Generation(AtomicU64);

impl Generation {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self, session: &Session) -> bool {
        session.generation != self.now()
    }

    /// Gives up every connection that is as old as this one.
    pub(crate) fn end(&self, session: &Session) {
        let (this, next) = (session.generation, session.generation + 1);
        // Somebody else may have ended it already.
        let _ = self
            .0
            .compare_exchange(this, next, Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl r2d2::ManageConnection for Connector {
    type Connection = Session;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Session, Self::Error> {
        let generation = self.generation.now();
        let db = DbConnection::open_limited(&self.url, self.access, self.statement_limit)
            .map_err(diesel::r2d2::Error::ConnectionError)?;
        Ok(Session {
            db,
            dead: false,
            generation,
        })
    }

    fn is_valid(&self, session: &mut Session) -> Result<(), Self::Error> {
        session.db.ping().map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.dead
            || self.generation.is_over(session)
            || std::thread::panicking()
            || session.db.is_broken()
    }
}
