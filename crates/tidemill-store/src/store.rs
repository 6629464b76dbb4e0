//! The store: one method per use case, spread over the folders that hold their queries.

use std::sync::Arc;

use tidemill_core::Result;

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
}

impl StoreConfig {
    /// The usual settings for the database at `url`.
    pub fn new(url: DatabaseUrl) -> Self {
        let pool_size = match url {
            DatabaseUrl::Sqlite(_) => 4,
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            _ => 16,
        };
        Self { url, pool_size }
    }
}

/// The database. Cloning shares it.
#[derive(Clone)]
pub struct Store {
    doors: Arc<Doors>,
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
            doors: Arc::new(Doors::open(&config.url, config.pool_size)?),
            #[cfg(feature = "postgres")]
            groups: match config.url {
                DatabaseUrl::Postgres(_) => {
                    Some(Arc::new(GroupWriter::start(&config.url, &keys, &sealing)?))
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
        self.doors.read(work).await
    }

    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> DbResult<T> + Send + 'static,
    {
        self.doors.write(work).await
    }
}
