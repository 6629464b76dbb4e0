//! Bodies while they arrive: the room that they take together, and how slow a client may be.
//!
//! Small and large bodies have rooms of their own. A large one is let in when all of it fits,
//! a small one takes room for what it has sent. So whoever announces much and sends little
//! keeps no small request waiting.

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
/// The same for large ones.
const LARGE_KIB: usize = 192 << 10;
/// How long a body may wait for room, and how long a client may pause while sending one.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many bytes a second a client has to send when its patience is used up.
const SLOWEST: u64 = 16 << 10;

/// Room for the bodies of all requests together.
#[derive(Debug, Clone)]
pub(crate) struct BodyRoom {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Default for BodyRoom {
    fn default() -> Self {
        Self {
            small: Arc::new(Semaphore::new(SMALL_KIB)),
            large: Arc::new(Semaphore::new(LARGE_KIB)),
        }
    }
}

impl BodyRoom {
    /// Lets in a body that will have at most `longest` bytes.
    pub(crate) async fn enter(&self, longest: usize) -> Result<Share> {
        let (room, now) = match longest <= SMALL {
            true => (&self.small, 0),
            false => (&self.large, longest),
        };
        Ok(Share {
            room: Arc::clone(room),
            held: take(room, kib(now)).await?,
        })
    }
}

/// What one body has of the room; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    room: Arc<Semaphore>,
    held: OwnedSemaphorePermit,
}

impl Share {
    /// Makes room for the first `bytes` of the body.
    pub(crate) async fn hold(&mut self, bytes: usize) -> Result<()> {
        match kib(bytes).saturating_sub(self.held.num_permits()) {
            0 => {}
            missing => self.held.merge(take(&self.room, missing).await?),
        }
        Ok(())
    }
}

fn kib(bytes: usize) -> usize {
    bytes / 1024 + 1
}

async fn take(room: &Arc<Semaphore>, kib: usize) -> Result<OwnedSemaphorePermit> {
    let kib = u32::try_from(kib).unwrap_or(u32::MAX);
    let permit = Arc::clone(room).acquire_many_owned(kib);
    match tokio::time::timeout(PATIENCE, permit).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(Error::unavailable(
            "The server is busy with other large requests.",
        )),
    }
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

#[derive(Debug, Default)]
struct Pace {
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// How long the next piece may take.
    fn patience(&self) -> Duration {
        let earned = Duration::from_secs(self.bytes / SLOWEST);
        (PATIENCE + earned)
            .saturating_sub(self.waited)
            .min(PATIENCE)
    }

    fn count(&mut self, waited: Duration, bytes: usize) {
        self.waited += waited;
        self.bytes += bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_uses_the_patience_up_and_a_stream_does_not() {
        let (mut trickle, mut stream) = (Pace::default(), Pace::default());
        for _ in 0..30 {
            trickle.count(Duration::from_secs(1), 1);
            stream.count(Duration::from_secs(1), 1 << 20);
        }
        assert_eq!(trickle.patience(), Duration::ZERO);
        assert_eq!(stream.patience(), PATIENCE);
    }

    #[actix_web::test]
    async fn large_bodies_that_were_only_announced_leave_room_for_small_ones() {
        let room = BodyRoom::default();
        let _large = room.enter(LARGE_KIB * 1024 - 1).await.unwrap();
        let mut small = room.enter(SMALL).await.unwrap();
        small.hold(SMALL).await.unwrap();
        assert_eq!(small.held.num_permits(), kib(SMALL));
    }

    #[actix_web::test]
    async fn room_is_given_back() {
        let room = BodyRoom::default();
        drop(room.enter(16 << 20).await.unwrap());
        let mut small = room.enter(10).await.unwrap();
        small.hold(10_000).await.unwrap();
        drop(small);
        let left = (
            room.small.available_permits(),
            room.large.available_permits(),
        );
        assert_eq!(left, (SMALL_KIB, LARGE_KIB));
    }
}
