//! What failures of a storage mean to a caller.
//!
//! Details go to the log: they name buckets, hosts and requests.

use std::future::Future;
use std::time::Duration;

use object_store::Error as StoreError;
use tidemill_core::artifact_path::{ArtifactPath, invalid_path};
use tidemill_core::{Error, Result};

pub(super) fn no_such_artifact(path: &ArtifactPath) -> Error {
    Error::not_found(format!("No such artifact: '{path}'"))
}

pub(super) fn is_a_folder(path: &ArtifactPath) -> Error {
    Error::invalid_parameter(format!(
        "Artifact path refers to a directory, not a file: '{path}'"
    ))
}

/// A failed operation on `path`.
pub(super) fn store_error(path: &ArtifactPath, error: StoreError) -> Error {
    match &error {
        StoreError::NotFound { .. } => return no_such_artifact(path),
        StoreError::InvalidPath { .. } => return invalid_path(),
        StoreError::NotSupported { .. } | StoreError::NotImplemented { .. } => {
            return Error::not_implemented("The artifact store does not support this operation");
        }
        _ => tracing::warn!(%path, %error, "the artifact store failed"),
    }
    match error {
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            Error::PermissionDenied("The artifact store refused access to the server.".to_owned())
        }
        _ => Error::unavailable("The artifact store is not available."),
    }
}

/// Waits for the storage, but not for ever.
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| Error::unavailable("The artifact store did not answer in time."))
}
