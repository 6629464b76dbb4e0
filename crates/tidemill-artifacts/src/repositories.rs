//! From a location to the storage behind it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::storage_uri::{LocationPolicy, Place, StorageUri, unsupported};
use tidemill_core::{Error, Result};
use tokio::sync::Mutex;

use crate::local::Tree;
use crate::object::{Bucket, open_azure, open_gcs, open_s3};
use crate::repository::{Repository, Storage};
use crate::settings::StorageSettings;
use crate::spot::Spot;

/// Buckets kept open at once. More are opened anew.
const MOST_BUCKETS: usize = 64;

/// Every storage the server may use: the operator's roots and the buckets that locations name.
#[derive(Clone)]
pub struct Repositories {
    inner: Arc<Inner>,
}

struct Inner {
    settings: StorageSettings,
    policy: LocationPolicy,
    destination: Option<StorageUri>,
    buckets: Mutex<HashMap<Place, Bucket>>,
}

impl Repositories {
    /// `destination` is what `mlflow-artifacts:` stands for; without one there is no proxy.
    /// Local folders may be opened below the roots of `policy` and the destination only.
    pub fn new(
        settings: StorageSettings,
        mut policy: LocationPolicy,
        destination: Option<StorageUri>,
    ) -> Self {
        policy.roots.extend(destination.clone());
        let inner = Inner {
            settings,
            policy,
            destination,
            buckets: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The same storages, with connections of their own: for another runtime, which may end.
    pub fn apart(&self) -> Self {
        let inner = Inner {
            settings: self.inner.settings.clone(),
            policy: self.inner.policy.clone(),
            destination: self.inner.destination.clone(),
            buckets: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Where a location is, if it can be opened.
    pub fn spot(&self, location: &str) -> Option<Spot> {
        let uri = StorageUri::parse(location).ok()?;
        match self.inner.policy.may_open(&uri) {
            true => Spot::of(
                &uri,
                self.inner.destination.as_ref(),
                &self.inner.policy.roots,
            ),
            false => None,
        }
    }

    /// Where the roots are.
    pub fn root_spots(&self) -> Vec<Spot> {
        let roots = self.inner.policy.roots.iter();
        roots.filter_map(|root| self.spot(root.as_str())).collect()
    }

    /// The rules for locations that clients name.
    pub fn policy(&self) -> &LocationPolicy {
        &self.inner.policy
    }

    /// Makes missing local roots, clears them of cut uploads and checks the storage settings,
    /// so that a mistake stops the start.
    pub async fn prepare(&self) -> Result<()> {
        for root in &self.inner.policy.roots {
            match root.place() {
                Place::Local { path } => Tree::new(&absolute(path)).prepare().await?,
                Place::S3 { .. } | Place::Gcs { .. } | Place::Azure { .. } => {
                    self.open(root).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The proxy's own storage.
    pub async fn proxied(&self) -> Result<Repository> {
        match &self.inner.destination {
            Some(destination) => self.open(destination).await,
            None => Err(Error::not_implemented(
                "Artifact serving is not configured.",
            )),
        }
    }

    /// The storage behind a location that somebody stored.
    pub async fn open_location(&self, location: &str) -> Result<Repository> {
        let uri = StorageUri::parse(location).map_err(|_| unsupported(location))?;
        self.open(&uri).await
    }

    /// The storage behind a location.
    pub async fn open(&self, uri: &StorageUri) -> Result<Repository> {
        if !self.inner.policy.may_open(uri) {
            return Err(unsupported(uri.as_str()));
        }
        match uri.place() {
            Place::Local { path } => self.local(uri, path),
            Place::Proxied { path, .. } => {
                let destination = Box::pin(self.proxied()).await?;
                Ok(destination.below(path))
            }
            place => self.bucket(place, uri).await,
        }
    }

    /// A local folder is reached from the root that holds it, so that nothing on the way can be
    /// a link that somebody put there.
    fn local(&self, uri: &StorageUri, path: &ArtifactPath) -> Result<Repository> {
        let roots = self.inner.policy.roots.iter();
        let (root, below) = roots
            .filter_map(|root| Some((root.path()?, uri.relative_to(root)?)))
            .next()
            .unwrap_or((path, ArtifactPath::root()));
        let tree = Storage::Local(Tree::new(&absolute(root)));
        Ok(Repository::new(
            tree,
            below,
            self.inner.settings.limits.idle,
        ))
    }

    async fn bucket(&self, place: &Place, uri: &StorageUri) -> Result<Repository> {
        let path = uri.path().cloned().unwrap_or_default();
        let bucket = self.opened(place, uri).await?;
        let idle = self.inner.settings.limits.idle;
        Ok(Repository::new(Storage::Bucket(bucket), path, idle))
    }

    async fn opened(&self, place: &Place, uri: &StorageUri) -> Result<Bucket> {
        let authority = without_path(place);
        if let Some(bucket) = self.inner.buckets.lock().await.get(&authority) {
            return Ok(bucket.clone());
        }
        let settings = &self.inner.settings;
        let bucket = match &authority {
            Place::S3 { bucket, .. } => open_s3(bucket, settings).await?,
            Place::Gcs { bucket, .. } => open_gcs(bucket, settings)?,
            Place::Azure {
                container,
                account,
                domain,
                ..
            } => open_azure(account, domain, container, settings)?,
            _ => return Err(unsupported(uri.as_str())),
        };
        self.keep_open(authority, bucket.clone()).await;
        Ok(bucket)
    }

    async fn keep_open(&self, authority: Place, bucket: Bucket) {
        let mut buckets = self.inner.buckets.lock().await;
        if buckets.len() >= MOST_BUCKETS {
            buckets.clear();
        }
        buckets.insert(authority, bucket);
    }
}

fn without_path(place: &Place) -> Place {
    let mut place = place.clone();
    match &mut place {
        Place::S3 { path, .. } | Place::Gcs { path, .. } | Place::Azure { path, .. } => {
            *path = ArtifactPath::root();
        }
        _ => {}
    }
    place
}

fn absolute(path: &ArtifactPath) -> PathBuf {
    Path::new("/").join(path.as_str())
}
