//! One place artifacts are kept in, such as a run's folder.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use tidemill_core::artifact_path::{ArtifactPath, invalid_path};
use tidemill_core::{Error, Result};

use crate::get::{GetOptions, Got, Metadata};
use crate::listing::{Collector, Listing, PAGE};
use crate::local::Tree;
use crate::object::Bucket;
use crate::presigned::{
    CompletedPart, MultipartUpload, PresignedUrl, UnfinishedUploads, UploadsAfter, no_multipart,
    no_presigned_download, no_presigned_upload,
};
use crate::usage::Usage;

/// A folder in a storage. Paths given to it are relative and cannot leave it.
#[derive(Clone)]
pub struct Repository {
    storage: Storage,
    base: ArtifactPath,
    idle: Duration,
}

#[derive(Clone)]
pub(crate) enum Storage {
    Local(Tree),
    Bucket(Bucket),
}

impl Repository {
    pub(crate) fn new(storage: Storage, base: ArtifactPath, idle: Duration) -> Self {
        Self {
            storage,
            base,
            idle,
        }
    }

    /// A storage that forgets, for tests.
    pub fn in_memory() -> Self {
        Self::new(
            Storage::Bucket(Bucket::in_memory()),
            ArtifactPath::root(),
            Duration::from_secs(60),
        )
    }

    /// The folder at `path` in this one.
    pub fn below(&self, path: &ArtifactPath) -> Self {
        Self::new(self.storage.clone(), self.base.join(path), self.idle)
    }

    /// Reads a file or a part of one.
    ///
    /// A missing file is `NotFound`, a folder `InvalidParameter`, in MLflow's words.
    pub async fn get(&self, path: &ArtifactPath, options: GetOptions) -> Result<Got> {
        let full = self.base.join(path);
        let got = match &self.storage {
            Storage::Local(tree) => tree.get(&full, options).await,
            Storage::Bucket(bucket) => bucket.get(&full, options).await,
        };
        got.map_err(|error| self.shorten(error, path))
    }

    /// What is known about a file.
    pub async fn head(&self, path: &ArtifactPath) -> Result<Metadata> {
        let full = self.base.join(path);
        let found = match &self.storage {
            Storage::Local(tree) => tree.head(&full).await,
            Storage::Bucket(bucket) => bucket.head(&full).await,
        };
        found.map_err(|error| self.shorten(error, path))
    }

    /// Stores a file, whole or not at all, and says how large it is. When this returns, the
    /// file is on disk or acknowledged by the storage.
    ///
    /// An error in `pieces` ends the upload and is returned; so is a silence in it. `size`, if
    /// known, is only a hint.
    pub async fn put(
        &self,
        path: &ArtifactPath,
        size: Option<u64>,
        pieces: impl Stream<Item = Result<Bytes>>,
    ) -> Result<u64> {
        if path.is_root() {
            return Err(invalid_path());
        }
        let full = self.base.join(path);
        let pieces = without_silence(pieces, self.idle);
        let stored = match &self.storage {
            Storage::Local(tree) => tree.put(&full, pieces).await,
            Storage::Bucket(bucket) => bucket.put(&full, size, pieces).await,
        };
        stored.map_err(|error| self.shorten(error, path))
    }

    /// The entries of a folder, by path; of a file or of nothing, none. `after` is the `next`
    /// of the page before.
    pub async fn list(&self, path: &ArtifactPath, after: Option<&str>) -> Result<Listing> {
        let collector = Collector::new(after, PAGE);
        let full = self.base.join(path);
        match &self.storage {
            Storage::Local(tree) => tree.list(&full, path, collector).await,
            Storage::Bucket(bucket) => bucket.list(&full, path, collector).await,
        }
    }

    /// Removes a file or a folder. What is missing is removed already; the root stays.
    pub async fn delete(&self, path: &ArtifactPath) -> Result<()> {
        if path.is_root() {
            return Err(invalid_path());
        }
        let full = self.base.join(path);
        match &self.storage {
            Storage::Local(tree) => tree.delete(&full).await,
            Storage::Bucket(bucket) => bucket.delete(&full).await,
        }
    }

    /// What is in a folder with everything below it; nothing in one that is missing.
    pub async fn usage(&self, path: &ArtifactPath) -> Result<Usage> {
        let full = self.base.join(path);
        match &self.storage {
            Storage::Local(tree) => tree.usage(&full).await,
            Storage::Bucket(bucket) => bucket.usage(&full).await,
        }
    }

    /// Removes this very folder with all it holds, and, where folders are more than a part of
    /// names, the one around it if that is called `around` and holds nothing more. What is missing
    /// is removed already, unless the whole storage is missing. The top of a storage stays.
    pub async fn purge(&self, around: &str) -> Result<()> {
        if self.base.is_root() {
            return Err(invalid_path());
        }
        match &self.storage {
            Storage::Local(tree) => tree.purge(&self.base, around).await,
            Storage::Bucket(bucket) => bucket.delete(&self.base).await,
        }
    }

    /// Removes a folder in which there is nothing; another one stays.
    pub async fn remove_empty(&self, path: &ArtifactPath) -> Result<()> {
        match (&self.storage, self.base.join(path)) {
            (Storage::Local(tree), full) if !full.is_root() => tree.remove_empty(&full).await,
            _ => Ok(()),
        }
    }

    /// What is left of uploads that a crash has cut off more than a day ago. Buckets have
    /// [unfinished uploads](Self::unfinished_uploads) instead.
    pub async fn cut_uploads(&self) -> Result<Usage> {
        match &self.storage {
            Storage::Local(tree) => tree.cut_uploads().await,
            Storage::Bucket(_) => Ok(Usage::default()),
        }
    }

    /// Removes them.
    pub async fn sweep_uploads(&self) -> Result<()> {
        match &self.storage {
            Storage::Local(tree) => tree.sweep().await,
            Storage::Bucket(_) => Ok(()),
        }
    }

    /// Begins an upload in parts that the client sends to the storage itself.
    pub async fn begin_multipart(
        &self,
        path: &ArtifactPath,
        parts: i64,
    ) -> Result<MultipartUpload> {
        self.bucket(path, no_multipart)?
            .begin_multipart(&self.base.join(path), parts)
            .await
    }

    /// Puts uploaded parts together.
    pub async fn complete_multipart(
        &self,
        path: &ArtifactPath,
        upload_id: Option<&str>,
        parts: &[CompletedPart],
    ) -> Result<()> {
        let bucket = self.bucket(path, no_multipart)?;
        bucket
            .complete_multipart(&self.base.join(path), upload_id, parts)
            .await
    }

    /// Forgets uploaded parts.
    pub async fn abort_multipart(
        &self,
        path: &ArtifactPath,
        upload_id: Option<&str>,
    ) -> Result<()> {
        let bucket = self.bucket(path, no_multipart)?;
        bucket
            .abort_multipart(&self.base.join(path), upload_id)
            .await
    }

    /// Multipart uploads to this folder that were begun and neither completed nor aborted, a page
    /// of them; `after` is the `next` of the page before. Only S3 and Google have such: Azure
    /// forgets them after a week, and local folders have [cut uploads](Self::cut_uploads).
    ///
    /// `NotImplemented` and `PermissionDenied` where the storage does not list them, or not to us.
    pub async fn unfinished_uploads(
        &self,
        after: Option<&UploadsAfter>,
    ) -> Result<UnfinishedUploads> {
        match &self.storage {
            Storage::Local(_) => Ok(UnfinishedUploads::default()),
            Storage::Bucket(bucket) => bucket.unfinished(&self.base, after).await,
        }
    }

    /// A link to download a file from the storage.
    pub async fn presign_download(
        &self,
        path: &ArtifactPath,
        lifetime: Duration,
    ) -> Result<PresignedUrl> {
        let bucket = self.bucket(path, no_presigned_download)?;
        let link = bucket.presign_get(&self.base.join(path), lifetime).await;
        link.map_err(|error| self.shorten(error, path))
    }

    /// A link to upload a file to the storage.
    pub async fn presign_upload(
        &self,
        path: &ArtifactPath,
        lifetime: Duration,
    ) -> Result<PresignedUrl> {
        let bucket = self.bucket(path, no_presigned_upload)?;
        bucket.presign_put(&self.base.join(path), lifetime).await
    }

    fn bucket(&self, path: &ArtifactPath, unsupported: fn() -> Error) -> Result<&Bucket> {
        match &self.storage {
            Storage::Local(_) => Err(unsupported()),
            Storage::Bucket(_) if path.is_root() => Err(invalid_path()),
            Storage::Bucket(bucket) => Ok(bucket),
        }
    }

    /// The error with the path that the caller gave, not the one in the storage.
    fn shorten(&self, error: Error, path: &ArtifactPath) -> Error {
        let (full, short) = (format!("'{}'", self.base.join(path)), format!("'{path}'"));
        match error {
            Error::NotFound(text) => Error::NotFound(text.replace(&full, &short)),
            Error::InvalidParameter(text) => Error::InvalidParameter(text.replace(&full, &short)),
            other => other,
        }
    }
}

/// The pieces, until one is too long in coming.
fn without_silence(
    pieces: impl Stream<Item = Result<Bytes>>,
    idle: Duration,
) -> impl Stream<Item = Result<Bytes>> {
    stream::unfold(Some(Box::pin(pieces)), move |pieces| async move {
        let mut pieces = pieces?;
        match tokio::time::timeout(idle, pieces.next()).await {
            Ok(Some(piece)) => Some((piece, Some(pieces))),
            Ok(None) => None,
            Err(_) => {
                let silence = Error::invalid_parameter("The upload stopped before its end.");
                Some((Err(silence), None))
            }
        }
    })
}
