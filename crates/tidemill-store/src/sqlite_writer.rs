//! The one thread that writes to SQLite.
//!
//! SQLite admits one writer at a time, and syncing the disk is most of what a small write
//! costs. So one thread owns the only writing connection: it takes whatever jobs wait, runs
//! each in its own savepoint, commits once, and only then answers. A job that fails takes
//! only itself back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::query_builder::{QueryFragment, QueryId};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel::result::Error as DieselError;
use diesel::sqlite::Sqlite;
use tidemill_core::Error;
use tokio::sync::{mpsc, oneshot};

use crate::DatabaseUrl;
use crate::connection::{Access, DbConnection};
use crate::error::{DbResult, Failure};
use crate::statement::statement;

/// How many jobs may wait before callers are told that the server is busy.
const QUEUE: usize = 4096;
/// How many jobs share one commit at most.
const GROUP: usize = 512;

/// A write that waits for its turn: runs inside the group's transaction, answers after the commit.
pub(crate) trait Job: Send {
    /// Runs in a savepoint of its own, unless its caller has stopped waiting. Says whether the
    /// connection may write: one opened while the file was read-only never will. Fails when
    /// the job cannot be taken back by itself, and the group with it.
    fn run(&mut self, db: &mut DbConnection) -> DbResult<bool>;
    /// Tells the caller; `committed` is the fate of the whole group.
    fn answer(self: Box<Self>, committed: Result<(), Error>);
}

/// A job made of a closure.
pub(crate) struct WriteJob<T, F> {
    work: F,
    outcome: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> WriteJob<T, F> {
    pub(crate) fn new(work: F, reply: oneshot::Sender<Result<T, Error>>) -> Self {
        Self {
            work,
            outcome: None,
            reply,
        }
    }
}

impl<T: Send, F: FnMut(&mut DbConnection) -> DbResult<T> + Send> Job for WriteJob<T, F> {
    fn run(&mut self, db: &mut DbConnection) -> DbResult<bool> {
        if self.reply.is_closed() {
            return Ok(true);
        }
        let outcome = in_savepoint(db, &mut self.work)?;
        let may_write = !matches!(&outcome, Err(failure) if failure.is_read_only());
        self.outcome = Some(outcome.map_err(Failure::into));
        Ok(may_write)
    }

    fn answer(self: Box<Self>, committed: Result<(), Error>) {
        let outcome = match (self.outcome, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (None, Ok(())) => Err(Error::internal("a write was answered without being run")),
        };
        // The caller may have gone away; the write stands all the same.
        let _ = self.reply.send(outcome);
    }
}

/// The sending side: one for the whole process.
pub(crate) struct SqliteWriter {
    queue: mpsc::Sender<Box<dyn Job>>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl SqliteWriter {
    /// Starts the thread.
    pub(crate) fn start(url: DatabaseUrl) -> Result<Self, Error> {
        let connection = DbConnection::open(&url, Access::Write).map_err(Error::internal)?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || Writer { url, connection }.run(jobs))
            .map_err(Error::internal)?;
        Ok(Self {
            queue,
            thread: std::sync::Mutex::new(Some(thread)),
        })
    }

    /// Queues a job; waits for room at most `patience`.
    pub(crate) async fn send(
        &self,
        job: Box<dyn Job>,
        patience: std::time::Duration,
    ) -> Result<(), Error> {
        self.queue
            .send_timeout(job, patience)
            .await
            .map_err(|_| Error::unavailable("Too many writes are waiting. Try again later."))
    }

    /// How many jobs wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

impl Drop for SqliteWriter {
    /// Closes the queue and waits until every accepted job is committed.
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel(1);
        self.queue = closed;
        if let Some(thread) = self.thread.get_mut().ok().and_then(Option::take) {
            let _ = thread.join();
        }
    }
}

struct Writer {
    url: DatabaseUrl,
    connection: DbConnection,
}

impl Writer {
    fn run(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        let mut group = Vec::with_capacity(GROUP);
        while let Some(first) = jobs.blocking_recv() {
            group.push(first);
            while group.len() < GROUP
                && let Ok(next) = jobs.try_recv()
            {
                group.push(next);
            }
            self.write(&mut group);
        }
    }

    /// One transaction for the whole group.
    fn write(&mut self, group: &mut Vec<Box<dyn Job>>) {
        let mut may_write = true;
        let fate = catch_unwind(AssertUnwindSafe(|| {
            let db = &mut self.connection;
            begin(db)?;
            for job in group.iter_mut() {
                may_write &= job.run(db)?;
            }
            commit(db)
        }));
        let fate = match fate {
            Ok(committed) => committed,
            Err(_) => {
                tracing::error!("a write panicked; its group was rolled back");
                Err(Failure::Domain(Error::internal("a write panicked")))
            }
        };
        if let Err(failure) = &fate {
            tracing::warn!(?failure, writes = group.len(), "a group of writes failed");
        }
        if fate.is_err() || !may_write {
            self.reconnect();
        }
        let error = fate.err().map(Error::from);
        for job in group.drain(..) {
            job.answer(match &error {
                None => Ok(()),
                Some(error) => Err(again(error)),
            });
        }
    }

    /// After a failed commit or a panic the state of the connection is not known; a fresh one
    /// has none.
    fn reconnect(&mut self) {
        match DbConnection::open(&self.url, Access::Write) {
            Ok(connection) => self.connection = connection,
            Err(error) => tracing::error!(%error, "could not reopen the database"),
        }
    }
}

/// Takes the write lock at once, so that no job finds it taken half-way.
fn begin(db: &mut DbConnection) -> DbResult<()> {
    match db {
        DbConnection::Sqlite(db) => Ok(AnsiTransactionManager::begin_transaction_sql(
            db,
            "BEGIN IMMEDIATE",
        )?),
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        _ => Err(DieselError::NotInTransaction.into()),
    }
}

// Diesel's own savepoints are parsed by the database each time.
statement! {
    /// Marks where a job began.
    Sqlite Savepoint {}, "SAVEPOINT job"
}
statement! {
    /// Keeps what the job did.
    Sqlite Release {}, "RELEASE job"
}
statement! {
    /// Takes back what the job did.
    Sqlite RollBack {}, "ROLLBACK TO job"
}

/// Runs a job; when it fails, nothing of it stays. A full disk makes SQLite give up the whole
/// transaction, and the savepoint with it: then there is no outcome of the job alone.
fn in_savepoint<T>(
    db: &mut DbConnection,
    mut work: impl FnMut(&mut DbConnection) -> DbResult<T>,
) -> DbResult<DbResult<T>> {
    run(db, Savepoint::new())?;
    let outcome = match work(db) {
        Err(failure) if run(db, RollBack::new()).is_err() => return Err(failure),
        outcome => outcome,
    };
    run(db, Release::new())?;
    Ok(outcome)
}

fn run<S>(db: &mut DbConnection, statement: S) -> DbResult<()>
where
    S: QueryFragment<Sqlite> + QueryId + RunQueryDsl<SqliteConnection>,
{
    match db {
        DbConnection::Sqlite(db) => {
            statement.execute(db)?;
            Ok(())
        }
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        _ => Err(DieselError::NotInTransaction.into()),
    }
}

fn commit(db: &mut DbConnection) -> DbResult<()> {
    Ok(<DbConnection as diesel::Connection>::TransactionManager::commit_transaction(db)?)
}

/// The same answer for everyone in the group.
fn again(error: &Error) -> Error {
    match error {
        Error::Unavailable(message) => Error::unavailable(message.clone()),
        other => Error::internal(other.to_string()),
    }
}
