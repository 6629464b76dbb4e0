//! The load generator: many connections, one thread.
//!
//! One thread is enough to keep both servers busy, and leaves the rest of a small machine to
//! them. A closed loop sends the next request when the last one is answered; a paced one sends
//! at given times, and counts the wait from the time a request was due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::draft::Draft;
use crate::failure::Result;
use crate::http::Connection;
use crate::percentile::Latencies;
use crate::site::Site;

/// As long as MLflow's own client waits.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(120);

/// Whose turn it is, and how often it has been.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) client: usize,
    /// Counts up over all rounds, so that a value made from it is never sent twice.
    pub(crate) number: u64,
}

type WriteRequest = Box<dyn Fn(Turn, &mut Draft) + Send + Sync>;

/// The requests of one case on one server, and what a good answer is.
pub(crate) struct Requests {
    write: WriteRequest,
    /// A shorter body is an error, compressed or not.
    least_body: usize,
    turns: Vec<AtomicU64>,
}

impl Requests {
    pub(crate) fn new(write: impl Fn(Turn, &mut Draft) + Send + Sync + 'static) -> Self {
        Self {
            write: Box::new(write),
            least_body: 0,
            turns: Vec::new(),
        }
    }

    pub(crate) fn with_body_of_at_least(mut self, bytes: usize) -> Self {
        self.least_body = bytes;
        self
    }

    /// Makes room for the counts of `clients`.
    pub(crate) fn for_clients(mut self, clients: usize) -> Self {
        self.turns.resize_with(clients, AtomicU64::default);
        self
    }

    fn next(&self, client: usize, draft: &mut Draft) {
        let number = self.turns[client].fetch_add(1, Ordering::Relaxed);
        (self.write)(Turn { client, number }, draft);
    }
}

/// When clients send.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As soon as the last answer is there.
    Closed,
    /// Once in this time, spread evenly over the clients.
    Every(Duration),
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) latencies: Latencies,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

impl Tally {
    pub(crate) fn answered(&self) -> u64 {
        self.latencies.len() as u64
    }

    pub(crate) fn per_second(&self) -> f64 {
        match self.elapsed.as_secs_f64() {
            seconds if seconds > 0.0 => self.answered() as f64 / seconds,
            _ => 0.0,
        }
    }

    /// Of clients that ran at the same time.
    pub(crate) fn beside(&mut self, other: Tally) {
        self.elapsed = self.elapsed.max(other.elapsed);
        self.take(other);
    }

    /// Of a later round.
    pub(crate) fn after(&mut self, other: Tally) {
        self.elapsed += other.elapsed;
        self.take(other);
    }

    fn take(&mut self, other: Tally) {
        self.latencies.append(other.latencies);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    fn error(&mut self, why: String) {
        self.errors += 1;
        self.first_error.get_or_insert(why);
    }
}

/// Sends requests for `time`; the tallies are one for each client. Requests under way when
/// the time is over are waited for, and so is their part of the time.
pub(crate) async fn run(
    site: &Site,
    requests: &Arc<Requests>,
    pace: Pace,
    time: Duration,
) -> Result<Vec<Tally>> {
    let clients = requests.turns.len();
    let start = Arc::new(Barrier::new(clients));
    let mut tasks = JoinSet::new();
    for number in 0..clients {
        let client = Client {
            number,
            draft: site.draft(),
            address: site.address,
            connection: None,
            requests: Arc::clone(requests),
            tally: Tally::default(),
        };
        tasks.spawn(client.run(Arc::clone(&start), pace, time, clients));
    }
    let mut tallies: Vec<(usize, Tally)> = tasks.join_all().await;
    tallies.sort_unstable_by_key(|(number, _)| *number);
    Ok(tallies.into_iter().map(|(_, tally)| tally).collect())
}

/// The tallies of clients that ran at the same time, as one.
pub(crate) fn together(tallies: impl IntoIterator<Item = Tally>) -> Tally {
    tallies
        .into_iter()
        .fold(Tally::default(), |mut sum, tally| {
            sum.beside(tally);
            sum
        })
}

struct Client {
    number: usize,
    draft: Draft,
    address: std::net::SocketAddr,
    connection: Option<Connection>,
    requests: Arc<Requests>,
    tally: Tally,
}

impl Client {
    async fn run(
        mut self,
        start: Arc<Barrier>,
        pace: Pace,
        time: Duration,
        clients: usize,
    ) -> (usize, Tally) {
        // Connecting is not measured, unless the server closes connections.
        self.connect().await;
        start.wait().await;
        let began = Instant::now();
        match pace {
            Pace::Closed => {
                while began.elapsed() < time {
                    self.exchange(Instant::now()).await;
                }
            }
            Pace::Every(period) => {
                let mut due = began + period.mul_f64(self.number as f64 / clients as f64);
                // What a slow server left no time for is not sent.
                while due.max(Instant::now()) < began + time {
                    tokio::time::sleep_until(due.into()).await;
                    self.exchange(due).await;
                    due += period;
                }
            }
        }
        self.tally.elapsed = began.elapsed();
        (self.number, self.tally)
    }

    async fn connect(&mut self) {
        match tokio::time::timeout(TIMEOUT, Connection::open(self.address)).await {
            Ok(Ok(connection)) => self.connection = Some(connection),
            Ok(Err(error)) => self.tally.error(format!("no connection: {error}")),
            Err(_) => self.tally.error("no connection in time".to_owned()),
        }
    }

    async fn exchange(&mut self, due: Instant) {
        if self.connection.is_none() {
            self.connect().await;
        }
        let Some(mut connection) = self.connection.take() else {
            // A server that refuses connections shall not be asked in a tight loop.
            tokio::time::sleep(Duration::from_millis(10)).await;
            return;
        };
        self.requests.next(self.number, &mut self.draft);
        let exchange = connection.exchange(self.draft.wire());
        match tokio::time::timeout(TIMEOUT, exchange).await {
            Err(_) => self.tally.error("no answer in time".to_owned()),
            Ok(Err(error)) => self.tally.error(format!("no answer: {error}")),
            Ok(Ok(answer)) => {
                let closing = answer.closing;
                if answer.status != 200 || answer.body.len() < self.requests.least_body {
                    let body = String::from_utf8_lossy(answer.body);
                    let start: String = body.chars().take(200).collect();
                    self.tally
                        .error(format!("status {}: {start}", answer.status));
                } else {
                    self.tally.latencies.add(due.elapsed());
                }
                if !closing {
                    self.connection = Some(connection);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(answers: u64, seconds: u64) -> Tally {
        let mut tally = Tally {
            elapsed: Duration::from_secs(seconds),
            ..Tally::default()
        };
        for _ in 0..answers {
            tally.latencies.add(Duration::from_millis(1));
        }
        tally
    }

    #[test]
    fn clients_side_by_side_share_the_time() {
        let sum = together([tally(10, 2), tally(20, 3)]);
        assert_eq!(sum.per_second(), 10.0);
    }

    #[test]
    fn rounds_one_after_the_other_add_up() {
        let mut sum = tally(10, 2);
        sum.after(tally(20, 3));
        assert_eq!(sum.per_second(), 6.0);
    }

    #[test]
    fn nothing_answered_is_no_throughput() {
        assert_eq!(Tally::default().per_second(), 0.0);
    }
}
