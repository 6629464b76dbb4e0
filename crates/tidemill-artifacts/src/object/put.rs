//! Upload: one PUT, or a multipart upload that vanishes unless it is completed.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tidemill_core::artifact_path::{ArtifactPath, invalid_path};
use tidemill_core::{Error, Result};
use tokio::task::JoinHandle;

use super::errors::{store_error, within};
use super::{Bucket, key};

/// Size of a part, and the largest upload that is a single PUT. Storages take 10,000 parts.
const PART: u64 = 16 * 1024 * 1024;

/// Parts the storage allows, with some room.
const MOST_PARTS: u64 = 9_500;

impl Bucket {
    /// Stores what `pieces` gives, whole or not at all. `size`, if known, lets the parts of a
    /// very large upload be large enough.
    pub(crate) async fn put(
        &self,
        path: &ArtifactPath,
        size: Option<u64>,
        pieces: impl Stream<Item = Result<Bytes>>,
    ) -> Result<u64> {
        if path.is_root() {
            return Err(invalid_path());
        }
        let part_size = PART.max(size.unwrap_or(0) / MOST_PARTS);
        let mut parts = Parts {
            pieces: pin!(pieces),
            part_size: usize::try_from(part_size).map_err(Error::internal)?,
        };
        let (first, last) = parts.next().await?;
        if last {
            return self.put_whole(path, first).await;
        }
        let mut upload = self.begin(path).await?;
        upload.send(first).await?;
        loop {
            let (part, last) = parts.next().await?;
            upload.send(part).await?;
            if last {
                return upload.complete().await;
            }
        }
    }

    async fn put_whole(&self, path: &ArtifactPath, content: Bytes) -> Result<u64> {
        let key = key(path)?;
        let store = self.store();
        let size = content.len() as u64;
        within(self.limits.transfer, store.put(&key, content.into()))
            .await?
            .map_err(|error| store_error(path, error))?;
        Ok(size)
    }

    async fn begin(&self, path: &ArtifactPath) -> Result<Upload> {
        let key = key(path)?;
        let store = self.store();
        let upload = within(self.limits.request, store.put_multipart(&key))
            .await?
            .map_err(|error| store_error(path, error))?;
        Ok(Upload {
            bucket: self.clone(),
            path: path.clone(),
            upload: Some(upload),
            sending: None,
            size: 0,
        })
    }
}

/// A body cut into parts.
struct Parts<S> {
    pieces: S,
    part_size: usize,
}

impl<S: Stream<Item = Result<Bytes>> + Unpin> Parts<S> {
    /// The next part and whether it is the last. Only the last may be smaller than the rest.
    async fn next(&mut self) -> Result<(Bytes, bool)> {
        let mut part = BytesMut::new();
        while part.len() < self.part_size {
            match self.pieces.next().await {
                None => return Ok((part.freeze(), true)),
                Some(piece) => part.extend_from_slice(&piece?),
            }
        }
        Ok((part.freeze(), false))
    }
}

/// A multipart upload. One part is sent while the next arrives. Dropping it aborts it.
struct Upload {
    bucket: Bucket,
    path: ArtifactPath,
    upload: Option<Box<dyn MultipartUpload>>,
    sending: Option<JoinHandle<Result<()>>>,
    size: u64,
}

impl Upload {
    async fn send(&mut self, part: Bytes) -> Result<()> {
        self.sent().await?;
        if part.is_empty() {
            return Ok(());
        }
        self.size += part.len() as u64;
        let Some(upload) = &mut self.upload else {
            return Ok(());
        };
        let sending = upload.put_part(PutPayload::from_bytes(part));
        let (limit, path) = (self.bucket.limits.transfer, self.path.clone());
        self.sending = Some(tokio::spawn(async move {
            within(limit, sending)
                .await?
                .map_err(|error| store_error(&path, error))
        }));
        Ok(())
    }

    async fn sent(&mut self) -> Result<()> {
        match &mut self.sending {
            None => Ok(()),
            Some(task) => {
                let sent = task.await.map_err(Error::internal)?;
                self.sending = None;
                sent
            }
        }
    }

    async fn complete(mut self) -> Result<u64> {
        self.sent().await?;
        let Some(upload) = &mut self.upload else {
            return Ok(self.size);
        };
        within(self.bucket.limits.transfer, upload.complete())
            .await?
            .map_err(|error| store_error(&self.path, error))?;
        self.upload = None;
        Ok(self.size)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let sending = self.sending.take();
        if let Some(task) = &sending {
            task.abort();
        }
        let Some(mut upload) = self.upload.take() else {
            return;
        };
        let (limit, path) = (self.bucket.limits.request, self.path.clone());
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            // A part that arrives after the abort would stay.
            if let Some(task) = sending {
                let _ = task.await;
            }
            let aborted = within(limit, upload.abort()).await;
            if !matches!(aborted, Ok(Ok(()))) {
                tracing::warn!(%path, "could not abort a cut upload; the bucket's lifecycle rules should");
            }
        });
    }
}
