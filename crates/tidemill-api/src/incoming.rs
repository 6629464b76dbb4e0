//! Bodies while they arrive: the room that they take together, and how slow a client may be.
//!
//! Small and large bodies have rooms of their own, and take of them what they have sent, not
//! what they announce. So whoever announces much and sends little keeps nobody waiting. When
//! the room for large ones is used up by halves of bodies, one at a time may finish out of a
//! reserve, so that they do not wait for each other for ever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use bytes::Bytes;
use futures::StreamExt;
use tidemill_core::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The longest body that is a small one, in bytes.
const SMALL: usize = 1 << 20;
/// How many KiB of small bodies are held at once, over all requests. Further ones wait.
const SMALL_KIB: usize = 64 << 10;
/// The same for large ones, beside the reserve, which is as large as the longest body (64 MiB).
const LARGE_KIB: usize = 128 << 10;
/// How many KiB a large body takes at a time.
const STEP_KIB: usize = 256;
/// How long a body may wait for room, and how long a client may pause while sending one.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many bytes a second a client has to send when its patience is used up.
const SLOWEST: u64 = 16 << 10;

/// Room for the bodies of all requests together.
#[derive(Debug, Clone)]
pub(crate) struct BodyRoom {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    /// One permit: for the body that may grow to its end whatever the others hold.
    reserve: Arc<Semaphore>,
}

impl Default for BodyRoom {
    fn default() -> Self {
        Self {
            small: Arc::new(Semaphore::new(SMALL_KIB)),
            large: Arc::new(Semaphore::new(LARGE_KIB)),
            reserve: Arc::new(Semaphore::new(1)),
        }
    }
}

impl BodyRoom {
    /// Lets in a body that will have at most `longest` bytes.
    pub(crate) fn enter(&self, longest: usize) -> Share {
        let (room, reserve, step) = match longest <= SMALL {
            true => (&self.small, None, 1),
            false => (&self.large, Some(Arc::clone(&self.reserve)), STEP_KIB),
        };
        Share {
            room: Arc::clone(room),
            reserve,
            step,
            held: None,
            may_finish: None,
        }
    }
}

/// What one body has of the room; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    room: Arc<Semaphore>,
    reserve: Option<Arc<Semaphore>>,
    step: usize,
    held: Option<OwnedSemaphorePermit>,
    may_finish: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Makes room for the first `bytes` of the body.
    pub(crate) async fn hold(&mut self, bytes: usize) -> Result<()> {
        let missing = kib(bytes).saturating_sub(self.held_kib());
        if missing == 0 || self.may_finish.is_some() {
            return Ok(());
        }
        let growing = self.grow(missing.next_multiple_of(self.step));
        let grown = tokio::time::timeout(PATIENCE, growing).await;
        grown.map_err(|_| Error::unavailable("The server is busy with other large requests."))
    }

    /// Waits for more of the room or for the reserve, whichever comes first.
    async fn grow(&mut self, kib: usize) {
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.room).acquire_many_owned(kib);
        let turn = async {
            match &self.reserve {
                Some(reserve) => Arc::clone(reserve).acquire_owned().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Ok(more) = more => match &mut self.held {
                Some(held) => held.merge(more),
                None => self.held = Some(more),
            },
            Ok(turn) = turn => self.may_finish = Some(turn),
            else => {}
        }
    }

    fn held_kib(&self) -> usize {
        self.held.as_ref().map_or(0, |held| held.num_permits())
    }
}

fn kib(bytes: usize) -> usize {
    bytes / 1024 + 1
}

/// A body, whose sender may neither pause for long nor send a little now and then for ever.
/// Only the time that is spent waiting for the client counts.
pub(crate) struct Incoming {
    payload: Payload,
    pace: Pace,
}

impl Incoming {
    pub(crate) fn new(payload: Payload) -> Self {
        Self {
            payload,
            pace: Pace::default(),
        }
    }

    /// The next piece; nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        let began = Instant::now();
        let piece = tokio::time::timeout(self.pace.patience(), self.payload.next()).await;
        let piece = piece
            .map_err(|_| Error::invalid_parameter("The request body did not arrive in time."))?
            .transpose()
            .map_err(|_| Error::invalid_parameter("The request body could not be read."))?;
        self.pace
            .count(began.elapsed(), piece.as_ref().map_or(0, Bytes::len));
        Ok(piece)
    }
}

/// How much longer a client may keep the server waiting. What it sends earns more, up to the
/// patience it began with: nobody pauses for long because it was quick before.
#[derive(Debug)]
struct Pace {
    left: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { left: PATIENCE }
    }
}

impl Pace {
    /// How long the next piece may take.
    fn patience(&self) -> Duration {
        self.left
    }

    fn count(&mut self, waited: Duration, bytes: usize) {
        let earned = Duration::from_micros(bytes as u64 * 1_000_000 / SLOWEST);
        self.left = (self.left.saturating_sub(waited) + earned).min(PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_uses_the_patience_up_and_a_stream_does_not() {
        let (mut trickle, mut stream) = (Pace::default(), Pace::default());
        trickle.count(Duration::ZERO, 15 << 20);
        for _ in 0..30 {
            trickle.count(Duration::from_secs(1), 1);
            stream.count(Duration::from_secs(1), 1 << 20);
        }
        assert!(trickle.patience() < Duration::from_millis(5));
        assert_eq!(stream.patience(), PATIENCE);
    }

    #[actix_web::test]
    async fn large_bodies_that_were_only_announced_leave_room_for_others() {
        let room = BodyRoom::default();
        let mut announced: Vec<Share> = (0..1000).map(|_| room.enter(16 << 20)).collect();
        for large in &mut announced[..100] {
            large.hold(1).await.unwrap();
        }
        for (longest, bytes) in [(SMALL, SMALL), (16 << 20, 15 << 20)] {
            let mut other = room.enter(longest);
            other.hold(bytes).await.unwrap();
            assert!(other.held_kib() >= kib(bytes));
        }
    }

    #[actix_web::test]
    async fn halves_of_large_bodies_are_finished_one_after_the_other() {
        let (room, size, step) = (BodyRoom::default(), 16 << 20, 1 << 20);
        let clients = 64;
        let bodies = (0..clients).map(|_| async {
            let mut share = room.enter(size);
            for sent in (step..=size).step_by(step) {
                share.hold(sent - 1).await?;
                tokio::task::yield_now().await;
            }
            Ok::<(), Error>(())
        });
        let ends = futures::future::join_all(bodies).await;
        assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    }

    #[actix_web::test]
    async fn room_is_given_back() {
        let room = BodyRoom::default();
        for longest in [10, 16 << 20] {
            let mut share = room.enter(longest);
            share.hold(10_000).await.unwrap();
            share.hold(900_000).await.unwrap();
        }
        let left = (
            room.small.available_permits(),
            room.large.available_permits(),
            room.reserve.available_permits(),
        );
        assert_eq!(left, (SMALL_KIB, LARGE_KIB, 1));
    }
}
