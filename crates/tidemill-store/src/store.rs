//! The store: one method per use case, spread over the folders that hold their queries.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tidemill_core::{Error, Result};

use crate::DatabaseUrl;
use crate::connection::DbConnection;
use crate::doors::Doors;
use crate::error::DbResult;
#[cfg(feature = "postgres")]
use crate::group_writer::GroupWriter;
use crate::keys::KeyCache;
use crate::metrics::Sealing;
use crate::migrate;

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Where the database is.
    pub url: DatabaseUrl,
    /// Connections held at most: for reading on SQLite, for everything elsewhere.
    pub pool_size: u32,
    /// How long a request waits for the database before it is told that there is no answer,
    /// and how long a statement may take where the database can give it up.
    pub answer_within: Duration,
}

impl StoreConfig {
    /// The usual settings for the database at `url`.
    pub fn new(url: DatabaseUrl) -> Self {
        let pool_size = match url {
            DatabaseUrl::Sqlite(_) => readers(),
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            _ => 16,
        };
        Self {
            url,
            pool_size,
            answer_within: Duration::from_secs(60),
        }
    }
}

/// Reading SQLite is a processor's work: more readers than processors only hold more memory.
fn readers() -> u32 {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    processors.clamp(2, 8) as u32
}

/// The database. Cloning shares it.
#[derive(Clone)]
pub struct Store {
    doors: Arc<Doors>,
    answer_within: Duration,
    pub(crate) keys: KeyCache,
    pub(crate) sealing: Arc<Sealing>,
    /// Where small writes go on PostgreSQL.
    #[cfg(feature = "postgres")]
    groups: Option<Arc<GroupWriter>>,
}

impl Store {
    /// Opens the database, after bringing its schema up to date under a lock. Blocks.
    ///
    /// Fails when the database cannot be reached or has a schema newer than this binary's.
    pub fn open(config: &StoreConfig) -> Result<Self> {
        migrate::migrate(&config.url)?;
        let keys = KeyCache::default();
        let sealing = Arc::new(Sealing::new());
        Ok(Self {
            doors: Arc::new(Doors::open(config)?),
            answer_within: config.answer_within,
            #[cfg(feature = "postgres")]
            groups: match config.url {
                DatabaseUrl::Postgres(_) => {
                    Some(Arc::new(GroupWriter::start(config, &keys, &sealing)?))
                }
                _ => None,
            },
            keys,
            sealing,
        })
    }

    /// Where small writes go on PostgreSQL.
    #[cfg(feature = "postgres")]
    pub(crate) fn group_writer(&self) -> Option<&GroupWriter> {
        self.groups.as_deref()
    }

    /// Whether the database answers and has the schema that this binary knows.
    pub async fn is_ready(&self) -> Result<bool> {
        self.read(|db| Ok(migrate::version(db)? == Some(migrate::NEWEST)))
            .await
    }

    /// Writes that wait to be grouped, and connections lent out, for the metrics page.
    pub fn load(&self) -> (usize, usize) {
        let waiting = self.doors.waiting_writes();
        #[cfg(feature = "postgres")]
        let waiting = waiting + self.group_writer().map_or(0, GroupWriter::waiting);
        (waiting, self.doors.connections_in_use())
    }

    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> DbResult<T> + Send + 'static,
    {
        self.in_time(self.doors.read(work)).await
    }

    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> DbResult<T> + Send + 'static,
    {
        self.in_time(self.doors.write(work)).await
    }

    /// Waits for the database, but not for ever. What was begun goes on without its caller, so
    /// nobody knows how it ends.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let outcome = tokio::time::timeout(self.answer_within, work).await;
        outcome.unwrap_or_else(|_| {
            tracing::warn!("the database did not answer in time");
            Err(Error::unavailable(
                "The database did not answer in time. What was asked of it may still happen.",
            ))
        })
    }
}
