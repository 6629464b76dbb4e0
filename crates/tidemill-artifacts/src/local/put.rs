//! Upload.

use std::io;
use std::pin::pin;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tidemill_core::artifact_path::{ArtifactPath, invalid_path};
use tidemill_core::{Error, Result};
use tokio::task::{JoinHandle, spawn_blocking};

use super::Tree;
use super::errors::write_error;
use super::staging::Staged;
use crate::blocking::off_the_async_threads;

/// Bytes gathered before the disk is bothered. One batch is written while the next arrives.
const BATCH: usize = 1024 * 1024;

/// The most pieces in a batch, however small they are: a piece takes room of its own.
const MOST_PIECES: usize = 1024;

impl Tree {
    /// Stores what `pieces` gives, whole and on disk, or nothing at all.
    pub(crate) async fn put(
        &self,
        path: &ArtifactPath,
        pieces: impl Stream<Item = Result<Bytes>>,
    ) -> Result<u64> {
        if path.is_root() || Self::is_reserved(path) {
            return Err(invalid_path());
        }
        let mut pieces = pin!(pieces);
        let mut upload = Upload::new(self.clone(), path.clone());
        loop {
            match next_batch(&mut pieces).await {
                Ok(Batch { pieces, last: true }) => return upload.publish(pieces).await,
                Ok(Batch { pieces, .. }) => upload.write(pieces).await?,
                Err(error) => {
                    upload.discard().await;
                    return Err(error);
                }
            }
        }
    }
}

/// An upload between the arrival of its batches.
struct Upload {
    tree: Tree,
    path: ArtifactPath,
    writing: Option<JoinHandle<Result<Staged>>>,
    flushing: Option<JoinHandle<io::Result<()>>>,
}

impl Upload {
    fn new(tree: Tree, path: ArtifactPath) -> Self {
        Self {
            tree,
            path,
            writing: None,
            flushing: None,
        }
    }

    /// Waits for the write before, then starts this one.
    async fn write(&mut self, pieces: Vec<Bytes>) -> Result<()> {
        let mut staged = self.written().await?;
        if let Some(staged) = &mut staged {
            self.flush(staged).await?;
        }
        let (tree, path) = (self.tree.clone(), self.path.clone());
        self.writing = Some(spawn_blocking(move || {
            append(&tree, &path, staged, &pieces)
        }));
        Ok(())
    }

    async fn publish(mut self, pieces: Vec<Bytes>) -> Result<u64> {
        let staged = self.written().await?;
        self.flushed().await?;
        off_the_async_threads(move || {
            let staged = append(&self.tree, &self.path, staged, &pieces)?;
            staged
                .publish(&self.path)
                .map_err(|error| write_error(&self.path, error))
        })
        .await
    }

    /// Pushes what was written to the disk while more arrives, once enough of it waits. A disk
    /// that cannot keep up slows the upload here.
    async fn flush(&mut self, staged: &mut Staged) -> Result<()> {
        let due = staged.due_for_flush();
        if let Some(file) = due.map_err(|error| write_error(&self.path, error))? {
            self.flushed().await?;
            self.flushing = Some(spawn_blocking(move || file.sync_data()));
        }
        Ok(())
    }

    /// Waits for the flush before. Its failure is not told again by the next.
    async fn flushed(&mut self) -> Result<()> {
        match self.flushing.take() {
            Some(task) => {
                let flushed = task.await.map_err(Error::internal)?;
                flushed.map_err(|error| write_error(&self.path, error))
            }
            None => Ok(()),
        }
    }

    /// Waits until nothing of the upload is left.
    async fn discard(mut self) {
        drop(self.written().await);
    }

    async fn written(&mut self) -> Result<Option<Staged>> {
        match self.writing.take() {
            Some(task) => task.await.map_err(Error::internal)?.map(Some),
            None => Ok(None),
        }
    }
}

fn append(
    tree: &Tree,
    path: &ArtifactPath,
    staged: Option<Staged>,
    pieces: &[Bytes],
) -> Result<Staged> {
    let failed = |error| write_error(path, error);
    let mut staged = match staged {
        Some(staged) => staged,
        None => Staged::create(tree.open_or_create().map_err(failed)?).map_err(failed)?,
    };
    staged.write(pieces).map_err(failed)?;
    Ok(staged)
}

struct Batch {
    pieces: Vec<Bytes>,
    last: bool,
}

async fn next_batch(stream: &mut (impl Stream<Item = Result<Bytes>> + Unpin)) -> Result<Batch> {
    let mut pieces = Vec::new();
    let mut size = 0;
    while size < BATCH && pieces.len() < MOST_PIECES {
        match stream.next().await {
            None => return Ok(Batch { pieces, last: true }),
            Some(piece) => {
                let piece = piece?;
                size += piece.len();
                pieces.push(piece);
            }
        }
    }
    Ok(Batch {
        pieces,
        last: false,
    })
}
