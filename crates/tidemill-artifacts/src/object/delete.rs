//! Deletion.

use futures::{StreamExt, TryStreamExt, stream};
use object_store::Error as StoreError;
use tidemill_core::Result;
use tidemill_core::artifact_path::{ArtifactPath, invalid_path};

use super::errors::{store_error, within};
use super::{Bucket, key};

impl Bucket {
    /// Removes an object and everything below its name, page by page. What is missing is
    /// removed already.
    pub(crate) async fn delete(&self, path: &ArtifactPath) -> Result<()> {
        if path.is_root() {
            return Err(invalid_path());
        }
        let itself = key(path)?;
        let store = self.store();
        let below = store.list(Some(&itself)).map_ok(|object| object.location);
        let all = stream::once(async { Ok(itself) }).chain(below).boxed();
        let mut removed = store.delete_stream(all);
        loop {
            match within(self.limits.request, removed.next()).await? {
                None => return Ok(()),
                Some(Ok(_) | Err(StoreError::NotFound { .. })) => {}
                Some(Err(error)) => return Err(store_error(path, error)),
            }
        }
    }
}
