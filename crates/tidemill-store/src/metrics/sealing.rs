//! When metrics are sealed: in the background, when the tail of a run has grown or the run
//! has ended.
//!
//! Tails are counted in memory, by what this server logged to them. What is lost with the
//! server is found at the next start, and what does not fit the queue when the tail has grown
//! again or its run ends.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use diesel::dsl::count_star;
use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::runs::RunId;
use tokio::sync::mpsc;

use super::write::Grown;
use crate::Store;
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::metric_tail;

/// How many rows a tail may have while its run goes on.
const ROWS: usize = 2048;
/// How many points a tail may have while its run goes on.
const POINTS: usize = 1 << 14;
/// The fewest points of a metric that are worth a chunk.
pub(crate) const WORTH_A_CHUNK: usize = 128;
/// From how many rows on a tail is sealed at the start of a server.
const LEFT_BEHIND: i64 = 64;
/// How many tails are counted before counting starts afresh; some 50 bytes each.
const COUNTED: usize = 200_000;
/// How many wait at most.
const QUEUE: usize = 4096;

/// A run to seal.
#[derive(Debug)]
enum Due {
    Grown(i64),
    Ended(RunId),
}

/// What was logged since the last sealing, and what waits to be sealed.
pub(crate) struct Sealing {
    tails: Mutex<HashMap<i64, Tail>>,
    due: mpsc::Sender<Due>,
    queue: tokio::sync::Mutex<mpsc::Receiver<Due>>,
}

/// How much was logged to a run.
#[derive(Debug, Default)]
struct Tail {
    rows: usize,
    points: usize,
}

impl Sealing {
    pub(crate) fn new() -> Self {
        let (due, queue) = mpsc::channel(QUEUE);
        Self {
            tails: Mutex::default(),
            due,
            queue: tokio::sync::Mutex::new(queue),
        }
    }

    /// Counts points that are committed.
    pub(crate) fn count(&self, logged: &[Grown]) {
        if logged.is_empty() {
            return;
        }
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        if tails.len() + logged.len() > COUNTED {
            tails.clear();
        }
        for grown in logged {
            let tail = tails.entry(grown.run).or_default();
            tail.rows += 1;
            tail.points += grown.points;
            if tail.rows >= ROWS || tail.points >= POINTS {
                tails.remove(&grown.run);
                self.ask_for(Due::Grown(grown.run));
            }
        }
    }

    /// A run has ended, as far as it knows.
    pub(crate) fn run_ended(&self, run: RunId) {
        self.ask_for(Due::Ended(run));
    }

    fn ask_for(&self, due: Due) {
        if let Err(error) = self.due.try_send(due) {
            tracing::debug!(%error, "too much waits to be sealed");
        }
    }
}

impl Store {
    /// Seals what was left behind and then what is due, until `shutdown` resolves. To be run
    /// once, in the background.
    pub async fn seal_histories(&self, shutdown: impl Future<Output = ()>) {
        let mut queue = self.sealing.queue.lock().await;
        tokio::pin!(shutdown);
        match self.read(left_behind).await {
            Ok(runs) => runs
                .into_iter()
                .for_each(|run| self.sealing.ask_for(Due::Grown(run))),
            Err(error) => tracing::warn!(%error, "unsealed metric points could not be looked for"),
        }
        loop {
            let due = tokio::select! {
                biased;
                () = &mut shutdown => return,
                due = queue.recv() => due,
            };
            let Some(due) = due else { return };
            if let Err(error) = self.seal_due(due).await {
                tracing::warn!(%error, "metric points could not be sealed");
            }
        }
    }

    async fn seal_due(&self, due: Due) -> Result<()> {
        match due {
            Due::Grown(run) => self.seal(run, WORTH_A_CHUNK).await,
            Due::Ended(run) => self.seal_run(run, WORTH_A_CHUNK).await,
        }
    }
}

/// Runs whose tails have many rows; sealing leaves one.
fn left_behind(db: &mut DbConnection) -> DbResult<Vec<i64>> {
    Ok(metric_tail::table
        .group_by(metric_tail::run_id)
        .having(count_star().ge(LEFT_BEHIND))
        .select(metric_tail::run_id)
        .limit(QUEUE as i64 / 2)
        .load(db)?)
}
