//! Presigned downloads and uploads.

use std::time::Duration;

use chrono::Utc;
use object_store::path::Path as Key;
use object_store::signer::Signer;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::{Error, Result};
use url::Url;

use super::azure::Azure;
use super::errors::{store_error, within};
use super::gcs::{Gcs, SigningKey};
use super::query_signature::{Link, Scheme, amazon};
use super::s3::S3;
use super::{Bucket, Kind, key};
use crate::content_type::guessed_type;
use crate::disposition::attachment;
use crate::presigned::{PresignedUrl, no_presigned_download, no_presigned_upload};

impl Bucket {
    /// A link to download a file that exists, under its own name where the storage can say so.
    pub(crate) async fn presign_get(
        &self,
        path: &ArtifactPath,
        lifetime: Duration,
    ) -> Result<PresignedUrl> {
        let metadata = self.head(path).await?;
        let disposition = attachment(path.file_name().unwrap_or_default());
        let url = self.sign_get(path, &disposition, lifetime).await?;
        Ok(PresignedUrl {
            url: url.ok_or_else(no_presigned_download)?.into(),
            headers: Vec::new(),
            file_size: Some(metadata.size),
        })
    }

    /// A link to upload a file.
    pub(crate) async fn presign_put(
        &self,
        path: &ArtifactPath,
        lifetime: Duration,
    ) -> Result<PresignedUrl> {
        let url = self.sign_put(path, lifetime).await?;
        let content_type = guessed_type(path.file_name().unwrap_or_default());
        let mut headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        if matches!(self.kind, Kind::Azure(_)) {
            headers.push(("x-ms-blob-type".to_owned(), "BlockBlob".to_owned()));
        }
        Ok(PresignedUrl {
            url: url.ok_or_else(no_presigned_upload)?.into(),
            headers,
            file_size: None,
        })
    }

    async fn sign_get(
        &self,
        path: &ArtifactPath,
        disposition: &str,
        lifetime: Duration,
    ) -> Result<Option<Url>> {
        let signed = match &self.kind {
            Kind::Azure(azure) => {
                self.sign_blob(azure, path, "r", disposition, lifetime)
                    .await?
            }
            _ => {
                let query = vec![("response-content-disposition", disposition)];
                self.sign_query("GET", path, query, lifetime).await?
            }
        };
        match signed {
            Some(url) => Ok(Some(url)),
            None => self.sign_plain("GET", path, lifetime).await,
        }
    }

    /// A link to PUT an object, or the blocks of one.
    pub(super) async fn sign_put(
        &self,
        path: &ArtifactPath,
        lifetime: Duration,
    ) -> Result<Option<Url>> {
        if let Kind::Azure(azure) = &self.kind
            && let Some(url) = self.sign_blob(azure, path, "w", "", lifetime).await?
        {
            return Ok(Some(url));
        }
        match self.sign_query("PUT", path, Vec::new(), lifetime).await? {
            Some(url) => Ok(Some(url)),
            None => self.sign_plain("PUT", path, lifetime).await,
        }
    }

    async fn sign_blob(
        &self,
        azure: &Azure,
        path: &ArtifactPath,
        permission: &str,
        disposition: &str,
        lifetime: Duration,
    ) -> Result<Option<Url>> {
        let key = key(path)?;
        let url = bare_url(azure.store.as_ref(), path, &key);
        let url = match within(self.limits.request, url).await? {
            Ok(url) => url,
            // A shared access signature cannot sign at all.
            Err(_) => return Ok(None),
        };
        Ok(azure.link(url, &key, permission, disposition, lifetime))
    }

    /// A link without a query of its own, signed by `object_store`; nothing if the storage has
    /// no links.
    async fn sign_plain(
        &self,
        method: &str,
        path: &ArtifactPath,
        lifetime: Duration,
    ) -> Result<Option<Url>> {
        let Some(signer) = self.signer() else {
            return Ok(None);
        };
        let key = match &self.kind {
            Kind::Gcs(_) => Gcs::key_in_link(&key(path)?)?,
            _ => key(path)?,
        };
        let method = method.parse().map_err(Error::internal)?;
        let signing = signer.signed_url(method, &key, lifetime);
        let url = within(self.limits.request, signing).await?;
        url.map(Some).map_err(|error| store_error(path, error))
    }

    /// A link with a signed query; nothing where we have no key to sign it with.
    pub(super) async fn sign_query(
        &self,
        method: &str,
        path: &ArtifactPath,
        query: Vec<(&str, &str)>,
        lifetime: Duration,
    ) -> Result<Option<Url>> {
        let key = key(path)?;
        let signing = async {
            match &self.kind {
                Kind::S3(s3) => s3.sign(method, path, &key, query, lifetime).await.map(Some),
                Kind::Gcs(gcs) => match &gcs.key {
                    Some(signer) => signer
                        .link(method, gcs.object_url(&key)?, query, lifetime)
                        .map(Some),
                    None => Ok(None),
                },
                Kind::Azure(_) | Kind::Memory(_) => Ok(None),
            }
        };
        within(self.limits.request, signing).await?
    }
}

impl S3 {
    async fn sign(
        &self,
        method: &str,
        path: &ArtifactPath,
        key: &Key,
        query: Vec<(&str, &str)>,
        lifetime: Duration,
    ) -> Result<Url> {
        let credential = self.store.credentials().get_credential().await;
        let credential = credential.map_err(|error| store_error(path, error))?;
        let scheme = Scheme {
            prefix: "X-Amz",
            algorithm: "AWS4-HMAC-SHA256",
            scope: format!("{}/s3/aws4_request", self.region),
            signer: credential.key_id.clone(),
        };
        let mut query = query;
        if let Some(token) = &credential.token {
            query.push(("X-Amz-Security-Token", token));
        }
        let now = Utc::now();
        let link = Link {
            method,
            url: bare_url(self.store.as_ref(), path, key).await?,
            query,
            lifetime_secs: lifetime.as_secs(),
            now,
        };
        scheme.sign(link, |text| {
            Ok(amazon(&credential.secret_key, now, &self.region, text))
        })
    }
}

impl SigningKey {
    fn link(
        &self,
        method: &str,
        url: Url,
        query: Vec<(&str, &str)>,
        lifetime: Duration,
    ) -> Result<Url> {
        let scheme = Scheme {
            prefix: "X-Goog",
            algorithm: "GOOG4-RSA-SHA256",
            scope: "auto/storage/goog4_request".to_owned(),
            signer: self.email.clone(),
        };
        let link = Link {
            method,
            url,
            query,
            lifetime_secs: lifetime.as_secs(),
            now: Utc::now(),
        };
        scheme.sign(link, |text| self.sign(text))
    }
}

/// An object's URL as `object_store` writes it, with host, style and encoding: a link of its
/// own without the signature.
pub(super) async fn bare_url(store: &dyn Signer, path: &ArtifactPath, key: &Key) -> Result<Url> {
    let method = "GET".parse().map_err(Error::internal)?;
    let mut url = store
        .signed_url(method, key, Duration::from_secs(1))
        .await
        .map_err(|error| store_error(path, error))?;
    url.set_query(None);
    Ok(url)
}
