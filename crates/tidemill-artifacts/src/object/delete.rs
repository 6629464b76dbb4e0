//! Deletion.

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use object_store::Error as StoreError;
use object_store::ObjectStoreExt;
use object_store::list::PaginatedListOptions;
use object_store::path::Path as Key;
use tidemill_core::Result;
use tidemill_core::artifact_path::{ArtifactPath, invalid_path};

use super::errors::{store_error, within};
use super::{Bucket, Kind, key};

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
        let is_object = self.object_at(path).await?;
        let object = is_object.then(|| Ok(itself.clone()));
        let all = stream::iter(object).chain(below).boxed();
        let mut removed = store.delete_stream(all);
        while let Some(removed) = within(self.limits.request, removed.next()).await? {
            unless_missing(path, removed)?;
        }
        match self.kind {
            Kind::Azure(_) if !is_object => self.delete_folders(path, itself).await,
            _ => Ok(()),
        }
    }

    /// Removes a folder without files and those in it, the deepest first. Accounts with a
    /// hierarchical namespace keep folders when their files are gone.
    fn delete_folders<'a>(
        &'a self,
        path: &'a ArtifactPath,
        folder: Key,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            let store = self.store();
            let inner = store.list_with_delimiter(Some(&folder));
            let inner = within(self.limits.folder, inner).await?;
            let inner = inner.map_err(|error| store_error(path, error))?;
            for folder in inner.common_prefixes {
                self.delete_folders(path, folder).await?;
            }
            let removed = within(self.limits.request, store.delete(&folder)).await?;
            unless_missing(path, removed)
        }
        .boxed()
    }

    /// Whether there is an object of exactly this name.
    ///
    /// S3 and Google list keys in order, so it would be the first that begins so; servers that
    /// keep objects in folders answer a HEAD of a folder with an error. Azure's client leaves
    /// the name itself out of such a listing.
    async fn object_at(&self, path: &ArtifactPath) -> Result<bool> {
        match (&self.kind, self.pages()) {
            (Kind::S3(_) | Kind::Gcs(_), Some(pages)) => {
                let options = PaginatedListOptions {
                    max_keys: Some(1),
                    ..PaginatedListOptions::default()
                };
                let page = pages.list_paginated(Some(path.as_str()), options);
                let page = within(self.limits.request, page).await?;
                let page = page.map_err(|error| store_error(path, error))?;
                let first = page.result.objects.first();
                Ok(first.is_some_and(|object| object.location.as_ref() == path.as_str()))
            }
            _ => self.answers_head(path).await,
        }
    }

    async fn answers_head(&self, path: &ArtifactPath) -> Result<bool> {
        let key = key(path)?;
        let store = self.store();
        match within(self.limits.request, store.head(&key)).await? {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(store_error(path, error)),
        }
    }
}

fn unless_missing<T>(path: &ArtifactPath, removed: object_store::Result<T>) -> Result<()> {
    match removed {
        Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
        Err(error) => Err(store_error(path, error)),
    }
}
