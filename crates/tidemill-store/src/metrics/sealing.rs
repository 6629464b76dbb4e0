//! When metrics are sealed: in the background, when a tail has grown or its run has ended.
//!
//! Tails are counted in memory, by what this server logged to them. What is lost with the
//! server, or when the queue is full, is found when the tail grows again or its run ends.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tidemill_core::Result;
use tidemill_core::runs::RunId;
use tokio::sync::mpsc;

use super::history::Series;
use crate::Store;
use crate::dialect::LatestRow;

/// How long a tail may grow while its run goes on.
const LONG: usize = 2048;
/// The shortest tail that is worth a chunk when its run has ended.
const WORTH_A_CHUNK: usize = 128;
/// How many tails are counted before counting starts afresh; some 50 bytes each.
const COUNTED: usize = 200_000;
/// How many wait at most.
const QUEUE: usize = 4096;

/// Something to seal.
#[derive(Debug)]
enum Due {
    Tail(Series),
    Run(RunId),
}

/// What was logged since the last sealing, and what waits to be sealed.
pub(crate) struct Sealing {
    counts: Mutex<HashMap<(i64, i64), i64>>,
    due: mpsc::Sender<Due>,
    queue: tokio::sync::Mutex<mpsc::Receiver<Due>>,
}

impl Sealing {
    pub(crate) fn new() -> Self {
        let (due, queue) = mpsc::channel(QUEUE);
        Self {
            counts: Mutex::default(),
            due,
            queue: tokio::sync::Mutex::new(queue),
        }
    }

    /// Counts points that are committed.
    pub(crate) fn count(&self, logged: &[LatestRow]) {
        if logged.is_empty() {
            return;
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() + logged.len() > COUNTED {
            counts.clear();
        }
        for row in logged {
            let series = (row.run_id, row.key_id);
            let count = counts.entry(series).or_default();
            *count += row.tail;
            if *count >= LONG as i64 {
                counts.remove(&series);
                self.ask_for(Due::Tail(Series {
                    run: row.run_id,
                    key: row.key_id,
                }));
            }
        }
    }

    /// A run has ended, as far as it knows.
    pub(crate) fn run_ended(&self, run: RunId) {
        self.ask_for(Due::Run(run));
    }

    fn ask_for(&self, due: Due) {
        if let Err(error) = self.due.try_send(due) {
            tracing::debug!(%error, "too much waits to be sealed");
        }
    }
}

impl Store {
    /// Seals what is due, until `shutdown` resolves. Anything left is found later; to be run
    /// once, in the background.
    pub async fn seal_histories(&self, shutdown: impl Future<Output = ()>) {
        let mut queue = self.sealing.queue.lock().await;
        tokio::pin!(shutdown);
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
            Due::Tail(series) => self.seal(series, LONG / 2).await,
            Due::Run(run) => self.seal_run(run, WORTH_A_CHUNK).await,
        }
    }
}
