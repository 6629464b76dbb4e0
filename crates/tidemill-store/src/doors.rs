//! The two doors through which every use case reaches the database.
//!
//! Both take a closure off the async threads. `read` lends a connection; `write` opens and
//! closes the transaction. Waiting for a connection happens in async code with a deadline,
//! and a full house answers "unavailable" instead of parking hundreds of threads.
//! Nobody asks for a second connection while holding one.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use tidemill_core::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::connection::{Access, Connector, DbConnection, Generation, Session};
use crate::error::{DbResult, Failure};
use crate::sqlite_writer::{SqliteWriter, WriteJob};
use crate::{DatabaseUrl, StoreConfig};

/// How long a request waits for a connection or for room in the writer's queue.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a transaction that lost against another is run again.
const CONFLICT_RETRIES: u32 = 10;

/// Pages of a SQLite file that all readers together keep in memory.
const READ_CACHE_KIB: u32 = 32 << 10;

/// A pool, and as many permits as it has connections.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: r2d2::Pool<Connector>,
    generation: Arc<Generation>,
    permits: Arc<Semaphore>,
}

impl Pool {
    fn new(config: &StoreConfig, access: Access) -> Self {
        let size = config.pool_size;
        let generation = Arc::new(Generation::default());
        let connections = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .idle_timeout(Some(Duration::from_secs(300)))
            .connection_timeout(PATIENCE)
            .error_handler(Box::new(LogConnectionErrors))
            .build_unchecked(Connector::new(
                config.url.clone(),
                access,
                config.answer_within,
                Arc::clone(&generation),
            ));
        Self {
            connections,
            generation,
            permits: Arc::new(Semaphore::new(size as usize)),
        }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        let permits = Arc::clone(&self.permits);
        match tokio::time::timeout(PATIENCE, permits.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(busy()),
        }
    }

    /// Runs `work` with a connection; when the connection turns out to be dead, again with
    /// another, once more than there are connections.
    fn run<T>(&self, work: impl Fn(&mut Session) -> Attempt<T>) -> Result<T> {
        let mut dead = 0;
        loop {
            let mut session = self.connection()?;
            match work(&mut session) {
                Attempt::Done(value) => return Ok(value),
                Attempt::Failed(failure) => {
                    self.judge(&mut session, &failure);
                    return Err(failure.into());
                }
                Attempt::Again(failure) => {
                    self.judge(&mut session, &failure);
                    dead += 1;
                    if dead > self.connections.max_size() + 1 {
                        return Err(failure.into());
                    }
                }
            }
        }
    }

    fn connection(&self) -> Result<r2d2::PooledConnection<Connector>> {
        loop {
            let session = self.connections.get().map_err(|error| {
                tracing::warn!(%error, "no database connection");
                Error::unavailable("The database is temporarily unavailable. Try again later.")
            })?;
            // The pool closes it when it comes back.
            if !self.generation.is_over(&session) {
                return Ok(session);
            }
        }
    }

    /// Whether the connection, and those of its age, may be used again after a failure.
    fn judge(&self, session: &mut Session, failure: &Failure) {
        session.dead |= failure.is_disconnection();
        if failure.is_read_only() {
            self.generation.end(session);
        }
    }
}

#[derive(Debug)]
struct LogConnectionErrors;

impl r2d2::HandleError<diesel::r2d2::Error> for LogConnectionErrors {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        tracing::warn!(%error, "could not connect to the database");
    }
}

/// How one try ended.
enum Attempt<T> {
    Done(T),
    /// Nothing was written; another connection may do better.
    Again(Failure),
    Failed(Failure),
}

impl<T> Attempt<T> {
    fn from_read(outcome: DbResult<T>) -> Self {
        match outcome {
            Ok(value) => Self::Done(value),
            Err(failure) if failure.is_disconnection() => Self::Again(failure),
            Err(failure) => Self::Failed(failure),
        }
    }
}

/// Where writes go.
enum Writes {
    /// SQLite: to the one writing thread.
    Sqlite(SqliteWriter),
    /// PostgreSQL and MySQL: to the pool that also reads.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    Pool,
}

/// The doors of one database.
pub(crate) struct Doors {
    pool: Pool,
    writes: Writes,
}

impl Doors {
    /// Opens pools and starts the writer; the database has been migrated.
    pub(crate) fn open(config: &StoreConfig) -> Result<Self> {
        let (access, writes) = match &config.url {
            url @ DatabaseUrl::Sqlite(_) => (
                Access::Read {
                    cache_kib: (READ_CACHE_KIB / config.pool_size.max(1)).max(1000),
                },
                Writes::Sqlite(SqliteWriter::start(url.clone())?),
            ),
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            _ => (Access::Write, Writes::Pool),
        };
        Ok(Self {
            pool: Pool::new(config, access),
            writes,
        })
    }

    /// Lends a connection for reading. On SQLite all of `work` sees one snapshot; elsewhere
    /// each statement sees its own.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> DbResult<T> + Send + 'static,
    {
        let permit = self.pool.permit().await?;
        let pool = self.pool.clone();
        off_the_async_threads(permit, move || {
            pool.run(|session| Attempt::from_read(snapshot(&mut session.db, &work)))
        })
        .await
    }

    /// Runs `work` in one transaction, again when the database gave it up for another.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> DbResult<T> + Send + 'static,
    {
        match &self.writes {
            Writes::Sqlite(writer) => {
                let (reply, answer) = oneshot::channel();
                writer
                    .send(Box::new(WriteJob::new(work, reply)), PATIENCE)
                    .await?;
                answer.await.unwrap_or_else(|_| Err(busy()))
            }
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            Writes::Pool => {
                let permit = self.pool.permit().await?;
                let pool = self.pool.clone();
                off_the_async_threads(permit, move || {
                    pool.run(|session| transaction(&mut session.db, &work))
                })
                .await
            }
        }
    }

    /// How many writes wait for the SQLite writer; 0 elsewhere.
    pub(crate) fn waiting_writes(&self) -> usize {
        match &self.writes {
            Writes::Sqlite(writer) => writer.waiting(),
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            Writes::Pool => 0,
        }
    }

    /// How many connections are lent out.
    pub(crate) fn connections_in_use(&self) -> usize {
        self.pool.connections.max_size() as usize - self.pool.permits.available_permits()
    }
}

async fn off_the_async_threads<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        span.in_scope(work)
    })
    .await
    .unwrap_or_else(|error| Err(Error::internal(error)))
}

fn snapshot<T>(
    db: &mut DbConnection,
    work: impl Fn(&mut DbConnection) -> DbResult<T>,
) -> DbResult<T> {
    match db {
        DbConnection::Sqlite(_) => db.transaction(work),
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        _ => work(db),
    }
}

/// One transaction with retries. A connection lost during the commit leaves its fate unknown,
/// so that is not tried again.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn transaction<T>(
    db: &mut DbConnection,
    work: impl Fn(&mut DbConnection) -> DbResult<T>,
) -> Attempt<T> {
    for attempt in 0.. {
        let mut at_commit = false;
        let outcome: DbResult<T> = db.transaction(|db| {
            let value = work(db)?;
            at_commit = true;
            Ok(value)
        });
        match outcome {
            Ok(value) => return Attempt::Done(value),
            Err(failure) if failure.is_conflict() && attempt < CONFLICT_RETRIES => {
                std::thread::sleep(Duration::from_millis(1 << attempt.min(6)));
            }
            Err(failure) if failure.is_disconnection() && !at_commit => {
                return Attempt::Again(failure);
            }
            Err(failure) => return Attempt::Failed(failure),
        }
    }
    unreachable!("the loop ends by returning")
}

fn busy() -> Error {
    Error::unavailable("The server is busy: no database connection became free in time.")
}
