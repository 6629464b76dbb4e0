//! Artifacts in a bucket or container, through `object_store`.
//!
//! Folders are prefixes of keys. Small uploads are one PUT; large ones are multipart uploads,
//! which the storage shows only once they are complete. Signed links that `object_store`
//! cannot make (single parts of a multipart upload, download names) are signed here.

mod azure;
mod delete;
mod errors;
mod gcs;
mod get;
mod list;
mod multipart;
mod presign;
mod put;
mod query_signature;
mod ranges;
mod s3;
mod unfinished;

use std::sync::Arc;
use std::time::Duration;

use object_store::list::PaginatedListStore;
use object_store::memory::InMemory;
use object_store::multipart::MultipartStore;
use object_store::path::Path as Key;
use object_store::signer::Signer;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use tidemill_core::Result;
use tidemill_core::artifact_path::{ArtifactPath, invalid_path};

use crate::settings::Limits;

pub(crate) use azure::open as open_azure;
pub(crate) use gcs::open as open_gcs;
pub(crate) use s3::open as open_s3;

/// One bucket or container.
#[derive(Clone)]
pub(crate) struct Bucket {
    kind: Kind,
    limits: Limits,
}

#[derive(Clone)]
enum Kind {
    S3(Arc<s3::S3>),
    Gcs(Arc<gcs::Gcs>),
    Azure(Arc<azure::Azure>),
    Memory(Arc<InMemory>),
}

impl Bucket {
    fn new(kind: Kind, limits: Limits) -> Self {
        Self { kind, limits }
    }

    pub(crate) fn in_memory() -> Self {
        Self::new(Kind::Memory(Arc::new(InMemory::new())), Limits::default())
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        match &self.kind {
            Kind::S3(s3) => s3.store.clone(),
            Kind::Gcs(gcs) => gcs.store.clone(),
            Kind::Azure(azure) => azure.store.clone(),
            Kind::Memory(store) => store.clone(),
        }
    }

    fn pages(&self) -> Option<Arc<dyn PaginatedListStore>> {
        match &self.kind {
            Kind::S3(s3) => Some(s3.store.clone()),
            Kind::Gcs(gcs) => Some(gcs.store.clone()),
            Kind::Azure(azure) => Some(azure.store.clone()),
            Kind::Memory(_) => None,
        }
    }

    fn parts(&self) -> Option<Arc<dyn MultipartStore>> {
        match &self.kind {
            Kind::S3(s3) => Some(s3.store.clone()),
            Kind::Gcs(gcs) => Some(gcs.store.clone()),
            Kind::Azure(azure) => Some(azure.store.clone()),
            Kind::Memory(_) => None,
        }
    }

    fn signer(&self) -> Option<Arc<dyn Signer>> {
        match &self.kind {
            Kind::S3(s3) => Some(s3.store.clone()),
            Kind::Gcs(gcs) => Some(gcs.store.clone()),
            Kind::Azure(azure) => Some(azure.store.clone()),
            Kind::Memory(_) => None,
        }
    }
}

/// The key of an artifact. Keys are the paths themselves, never an encoded form, so that
/// objects are the same ones that MLflow's clients read and write.
fn key(path: &ArtifactPath) -> Result<Key> {
    Key::parse(path.as_str()).map_err(|_| invalid_path())
}

/// Bounded patience with a storage that fails or does not answer.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: 3,
        retry_timeout: Duration::from_secs(15),
    }
}

/// The limits of [`Limits`] apply to each wait instead of to a whole transfer, which may take
/// long.
fn client() -> ClientOptions {
    ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(Duration::from_secs(5))
}
