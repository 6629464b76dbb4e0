//! Download.

use bytes::Bytes;
use futures::{StreamExt, stream};
use object_store::{Attribute, Attributes, GetOptions as StoreOptions, GetRange, ObjectMeta};
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::{Error, Result};

use super::errors::{is_a_folder, no_such_artifact, store_error, within};
use super::{Bucket, key};
use crate::get::{Body, Content, Decision, GetOptions, Got, Metadata};

impl Bucket {
    pub(crate) async fn get(&self, path: &ArtifactPath, options: GetOptions) -> Result<Got> {
        if !options.is_conditional() {
            return self
                .fetch(path, StoreOptions::default())
                .await
                .map(Got::Content);
        }
        let metadata = self.head(path).await?;
        let range = match options.decide(&metadata) {
            Decision::NotModified => return Ok(Got::NotModified(metadata)),
            Decision::RangeNotSatisfiable => return Ok(Got::RangeNotSatisfiable(metadata)),
            Decision::Send(range) => range,
        };
        // An empty file has no range that a storage would accept.
        let range = (!range.is_empty()).then_some(GetRange::Bounded(range));
        let options = StoreOptions::new()
            .with_range(range)
            .with_if_match(metadata.etag);
        self.fetch(path, options).await.map(Got::Content)
    }

    /// What is known about the object; a folder or nothing is an error.
    pub(crate) async fn head(&self, path: &ArtifactPath) -> Result<Metadata> {
        let key = key(path)?;
        let store = self.store();
        let options = StoreOptions::new().with_head(true);
        match within(self.limits.request, store.get_opts(&key, options)).await? {
            Ok(got) if stands_for_a_folder(&got.attributes) => Err(is_a_folder(path)),
            Ok(got) => Ok(described(got.meta)),
            Err(error) => Err(self.missing_or(path, error).await),
        }
    }

    async fn fetch(&self, path: &ArtifactPath, options: StoreOptions) -> Result<Content> {
        let key = key(path)?;
        let store = self.store();
        let got = match within(self.limits.request, store.get_opts(&key, options)).await? {
            Ok(got) if stands_for_a_folder(&got.attributes) => return Err(is_a_folder(path)),
            Ok(got) => got,
            Err(error) => return Err(self.missing_or(path, error).await),
        };
        Ok(Content {
            metadata: described(got.meta.clone()),
            range: got.range.clone(),
            body: self.body(path, got.range.end - got.range.start, got.into_stream()),
        })
    }

    /// The storage's bytes: `left` of them, or an error. A silence ends them.
    fn body(
        &self,
        path: &ArtifactPath,
        left: u64,
        pieces: stream::BoxStream<'static, object_store::Result<Bytes>>,
    ) -> Body {
        let (idle, path) = (self.limits.idle, path.clone());
        stream::unfold(Some((pieces, left)), move |state| {
            let path = path.clone();
            async move {
                let (mut pieces, left) = state?;
                let next = within(idle, pieces.next()).await;
                let piece = next
                    .and_then(|next| checked(&path, next, left))
                    .transpose()?;
                let rest = piece.as_ref().ok().map(|piece| left - piece.len() as u64);
                Some((piece, rest.map(|left| (pieces, left))))
            }
        })
        .boxed()
    }

    /// The error of a failed read, which tells a folder from nothing.
    async fn missing_or(&self, path: &ArtifactPath, error: object_store::Error) -> Error {
        if !matches!(error, object_store::Error::NotFound { .. }) {
            return store_error(path, error);
        }
        match self.is_folder(path).await {
            Ok(true) => is_a_folder(path),
            Ok(false) => no_such_artifact(path),
            Err(error) => error,
        }
    }

    async fn is_folder(&self, path: &ArtifactPath) -> Result<bool> {
        let key = key(path)?;
        let store = self.store();
        let first = async { store.list(Some(&key)).next().await };
        match within(self.limits.request, first).await? {
            Some(Err(error)) => Err(store_error(path, error)),
            entry => Ok(entry.is_some()),
        }
    }
}

/// A piece that is no more, and an end that is no sooner, than the `left` bytes to come.
fn checked(
    path: &ArtifactPath,
    next: Option<object_store::Result<Bytes>>,
    left: u64,
) -> Result<Option<Bytes>> {
    let piece = next.transpose().map_err(|error| store_error(path, error))?;
    let is_right = match &piece {
        Some(piece) => piece.len() as u64 <= left,
        None => left == 0,
    };
    if is_right {
        return Ok(piece);
    }
    tracing::warn!(%path, "the artifact store sent another number of bytes than it said");
    Err(Error::unavailable("The artifact store is not available."))
}

/// Whether a client of Azure's data lakes keeps this empty object in place of a folder.
pub(super) fn stands_for_a_folder(attributes: &Attributes) -> bool {
    let mark = Attribute::Metadata("hdi_isfolder".into());
    attributes.get(&mark).is_some_and(|mark| &**mark == "true")
}

fn described(object: ObjectMeta) -> Metadata {
    Metadata {
        size: object.size,
        etag: object.e_tag,
        last_modified: object.last_modified.into(),
    }
}
