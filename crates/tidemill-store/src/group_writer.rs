//! Small writes to PostgreSQL, grouped.
//!
//! Waiting for the disk is most of what a small write costs. So two threads with a connection
//! each take whatever waits, write it in one transaction with a handful of statements, and
//! answer after the commit. A run always goes to the same thread: its batches keep their
//! order, and the threads do not wait for each other's rows. When a group fails, its batches
//! are written one by one, so that each gets its own answer.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidemill_core::{Error, Result};
use tokio::sync::{mpsc, oneshot};

use crate::connection::{Access, DbConnection};
use crate::error::{DbResult, Failure};
use crate::keys::KeyCache;
use crate::metrics::Sealing;
use crate::runs::log_batch::{Entry, Written, find_targets, write};
use crate::{DatabaseUrl, StoreConfig};

/// How many threads write.
const WRITERS: usize = 2;
/// How many batches may wait for one thread before callers are told that the server is busy.
const QUEUE: usize = 4096;
/// How many batches share a transaction at most.
const GROUP: usize = 256;
/// How many points, params and tags do.
const GROUP_ITEMS: usize = 20_000;
/// How long a caller waits for room in the queue.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a transaction that lost against another, or its connection, is run again.
const RETRIES: u32 = 5;

/// How long a group waits for somebody else's lock. Other runs wait behind it, and its batches
/// are tried again one by one.
const LOCK_PATIENCE: &str = "SET lock_timeout = '2s'";

const AWAY: &str = "The database is temporarily unavailable. Try again later.";
const UNKNOWN_FATE: &str = "The database went away while it was writing. Try again later.";

struct Pending {
    entry: Entry,
    reply: oneshot::Sender<Result<()>>,
}

/// The sending side: one for the whole process.
pub(crate) struct GroupWriter {
    queues: Vec<mpsc::Sender<Pending>>,
    threads: Vec<JoinHandle<()>>,
}

impl GroupWriter {
    /// Starts the threads. They connect when there is something to write.
    pub(crate) fn start(
        config: &StoreConfig,
        cache: &KeyCache,
        sealing: &Arc<Sealing>,
    ) -> Result<Self> {
        let mut writer = Self {
            queues: Vec::new(),
            threads: Vec::new(),
        };
        for number in 0..WRITERS {
            let (queue, jobs) = mpsc::channel(QUEUE);
            let worker = Worker {
                url: config.url.clone(),
                statement_limit: config.answer_within,
                connection: None,
                cache: cache.clone(),
                sealing: Arc::clone(sealing),
            };
            let thread = std::thread::Builder::new()
                .name(format!("group-writer-{number}"))
                .spawn(move || worker.run(jobs))
                .map_err(Error::internal)?;
            writer.queues.push(queue);
            writer.threads.push(thread);
        }
        Ok(writer)
    }

    /// Writes a batch with others; answers after the commit.
    pub(crate) async fn send(&self, entry: Entry) -> Result<()> {
        let mut hasher = DefaultHasher::new();
        entry.run.hash(&mut hasher);
        let queue = &self.queues[hasher.finish() as usize % self.queues.len()];
        let (reply, answer) = oneshot::channel();
        queue
            .send_timeout(Pending { entry, reply }, PATIENCE)
            .await
            .map_err(|_| Error::unavailable("Too many writes are waiting. Try again later."))?;
        answer
            .await
            .unwrap_or_else(|_| Err(Error::unavailable(UNKNOWN_FATE)))
    }

    /// How many batches wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queues
            .iter()
            .map(|queue| queue.max_capacity() - queue.capacity())
            .sum()
    }
}

impl Drop for GroupWriter {
    /// Closes the queues and waits until every accepted batch is committed.
    fn drop(&mut self) {
        self.queues.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

struct Worker {
    url: DatabaseUrl,
    statement_limit: Duration,
    connection: Option<DbConnection>,
    cache: KeyCache,
    sealing: Arc<Sealing>,
}

impl Worker {
    fn run(mut self, mut jobs: mpsc::Receiver<Pending>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut items = first.entry.batch.len();
            let mut group = vec![first];
            while group.len() < GROUP
                && items < GROUP_ITEMS
                && let Ok(next) = jobs.try_recv()
            {
                items += next.entry.batch.len();
                group.push(next);
            }
            self.write_group(group);
        }
    }

    fn write_group(&mut self, mut group: Vec<Pending>) {
        // Work that nobody waits for would only hold up the others.
        group.retain(|pending| !pending.reply.is_closed());
        if group.is_empty() {
            return;
        }
        let entries: Vec<&Entry> = group.iter().map(|pending| &pending.entry).collect();
        match self.write(&entries) {
            Ok(answers) => {
                for (pending, answer) in group.into_iter().zip(answers) {
                    // The caller may have gone away; the write stands all the same.
                    let _ = pending.reply.send(answer);
                }
            }
            Err(Lost::Everything(why)) => {
                for pending in group {
                    let _ = pending.reply.send(Err(Error::unavailable(why)));
                }
            }
            Err(Lost::RolledBack(_)) if group.len() > 1 => {
                for pending in group {
                    self.write_group(vec![pending]);
                }
            }
            Err(Lost::RolledBack(failure)) => {
                if let Some(only) = group.into_iter().next() {
                    let _ = only.reply.send(Err(failure.into()));
                }
            }
        }
    }

    /// One transaction, again when the database gave it up for another.
    fn write(&mut self, entries: &[&Entry]) -> std::result::Result<Vec<Result<()>>, Lost> {
        let mut tries = 0;
        loop {
            let lost = match self.try_to_write(entries) {
                Ok(answers) => return Ok(answers),
                Err(lost) => lost,
            };
            match lost {
                Lost::RolledBack(failure)
                    if tries < RETRIES && (failure.is_conflict() || failure.is_disconnection()) =>
                {
                    tries += 1;
                    std::thread::sleep(Duration::from_millis(1 << tries));
                }
                lost => return Err(lost),
            }
        }
    }

    fn connect(&self) -> std::result::Result<DbConnection, Lost> {
        let db = DbConnection::open_limited(&self.url, Access::Write, self.statement_limit);
        let mut db = db.map_err(|error| {
            tracing::warn!(%error, "no database connection");
            Lost::Everything(AWAY)
        })?;
        let set = db.batch_execute(LOCK_PATIENCE);
        set.map_err(|error| Lost::RolledBack(error.into()))?;
        Ok(db)
    }

    fn try_to_write(&mut self, entries: &[&Entry]) -> std::result::Result<Vec<Result<()>>, Lost> {
        let mut db = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let cache = &self.cache;
        let mut at_commit = false;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            db.transaction(|db| {
                let written = write_those_that_may(db, cache, entries)?;
                at_commit = true;
                DbResult::Ok(written)
            })
        }));
        // A panic or a lost connection leaves `db` behind, and a fresh one is opened.
        match outcome {
            Ok(Ok((answers, written))) => {
                self.connection = Some(db);
                written.tell(&self.cache, &self.sealing);
                Ok(answers)
            }
            Ok(Err(failure)) if failure.is_disconnection() && at_commit => {
                tracing::warn!(?failure, "the connection was lost during a commit");
                Err(Lost::Everything(UNKNOWN_FATE))
            }
            Ok(Err(failure)) => {
                // A server that no longer writes has been replaced by another, or will be.
                if !failure.is_disconnection() && !failure.is_read_only() {
                    self.connection = Some(db);
                }
                Err(Lost::RolledBack(failure))
            }
            Err(_) => Err(Lost::RolledBack(Error::internal("a write panicked").into())),
        }
    }
}

/// How a group failed.
enum Lost {
    /// Nothing was written.
    RolledBack(Failure),
    /// Nothing can be written, or nobody knows what was; says so.
    Everything(&'static str),
}

/// Writes the batches whose runs exist and are active, and answers the others.
fn write_those_that_may(
    db: &mut DbConnection,
    cache: &KeyCache,
    entries: &[&Entry],
) -> DbResult<(Vec<Result<()>>, Written)> {
    let runs: Vec<_> = entries.iter().map(|entry| &entry.run).collect();
    let mut writable = Vec::with_capacity(entries.len());
    let mut answers = Vec::with_capacity(entries.len());
    for (target, entry) in find_targets(db, &runs)?.into_iter().zip(entries) {
        answers.push(target.map(|target| writable.push((target, *entry))));
    }
    Ok((answers, write(db, cache, &writable)?))
}
