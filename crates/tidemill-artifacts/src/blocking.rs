//! File system calls, away from the async threads.

use tidemill_core::{Error, Result};

/// Runs a closure that may block on the disk.
pub(crate) async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}
