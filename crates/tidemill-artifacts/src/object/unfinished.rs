//! Multipart uploads that were begun and never ended.
//!
//! A bucket keeps their parts, for which its owner pays, and shows them in no listing of objects.
//! `object_store` has no word for them; S3 and Google's XML interface answer the same question in
//! the same words. Azure forgets blocks that were not committed within a week by itself.

use std::time::SystemTime;

use chrono::DateTime;
use futures::TryStreamExt;
use object_store::aws::AwsAuthorizer;
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody, HttpResponse};
use object_store::path::Path as Key;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::{Error, Result};
use url::Url;

use super::errors::{store_error, within};
use super::gcs::Gcs;
use super::presign::bare_url;
use super::s3::S3;
use super::{Bucket, Kind};
use crate::presigned::{Unfinished, UnfinishedUploads, UploadsAfter};

/// Most uploads that a storage lists at once.
const PAGE: &str = "1000";

/// Longest answer that is read, in bytes: such a page, with the longest keys.
const LONGEST_PAGE: usize = 8 << 20;

/// What a page begins with.
const ROOT: &str = "<ListMultipartUploadsResult";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    encoding_type: Option<String>,
    #[serde(default)]
    is_truncated: bool,
    next_key_marker: Option<String>,
    next_upload_id_marker: Option<String>,
    #[serde(default, rename = "Upload")]
    uploads: Vec<Upload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Upload {
    key: String,
    upload_id: String,
    initiated: String,
}

impl Bucket {
    /// Uploads to below a folder, a page of them; none where the storage ends them itself.
    pub(crate) async fn unfinished(
        &self,
        folder: &ArtifactPath,
        after: Option<&UploadsAfter>,
    ) -> Result<UnfinishedUploads> {
        let asking = async {
            match &self.kind {
                Kind::S3(s3) => s3.ask(folder, after).await.map(Some),
                Kind::Gcs(gcs) => gcs.ask(folder, after).await.map(Some),
                Kind::Azure(_) | Kind::Memory(_) => Ok(None),
            }
        };
        let Some(answer) = within(self.limits.request, asking).await?? else {
            return Ok(UnfinishedUploads::default());
        };
        let text = within(self.limits.transfer, content(answer)).await??;
        page(&text, folder, after)
    }
}

impl S3 {
    async fn ask(
        &self,
        folder: &ArtifactPath,
        after: Option<&UploadsAfter>,
    ) -> Result<HttpResponse> {
        // The object's URL without its name is the bucket's, in whichever style it is written.
        let mut url = bare_url(self.store.as_ref(), folder, &Key::from("x")).await?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop();
        }
        let credential = self.store.credentials().get_credential().await;
        let credential = credential.map_err(|error| store_error(folder, error))?;
        let mut request = question(url, folder, after)?;
        AwsAuthorizer::new(&credential, "s3", &self.region).authorize(&mut request, None);
        execute(&self.client, request).await
    }
}

impl Gcs {
    async fn ask(
        &self,
        folder: &ArtifactPath,
        after: Option<&UploadsAfter>,
    ) -> Result<HttpResponse> {
        let credential = self.store.credentials().get_credential().await;
        let credential = credential.map_err(|error| store_error(folder, error))?;
        let url = Url::parse(&self.url).map_err(Error::internal)?;
        let mut request = question(url, folder, after)?;
        let bearer = format!("Bearer {}", credential.bearer);
        let bearer = bearer.parse().map_err(Error::internal)?;
        request.headers_mut().insert("authorization", bearer);
        execute(&self.client, request).await
    }
}

fn question(
    mut url: Url,
    folder: &ArtifactPath,
    after: Option<&UploadsAfter>,
) -> Result<HttpRequest> {
    let mut query = url.query_pairs_mut();
    query.append_pair("uploads", "");
    query.append_pair("encoding-type", "url");
    query.append_pair("max-uploads", PAGE);
    if !folder.is_root() {
        query.append_pair("prefix", &format!("{folder}/"));
    }
    if let Some(UploadsAfter { key, upload_id }) = after {
        query.append_pair("key-marker", key);
        query.append_pair("upload-id-marker", upload_id);
    }
    drop(query);
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    // Both signatures want a space as `%20`, where a form's encoding has `+`.
    let uri = url.as_str().replace('+', "%20");
    *request.uri_mut() = uri.parse().map_err(Error::internal)?;
    Ok(request)
}

async fn execute(client: &HttpClient, request: HttpRequest) -> Result<HttpResponse> {
    let answer = client.execute(request).await.map_err(|error| {
        tracing::warn!(%error, "the artifact store failed");
        Error::unavailable("The artifact store is not available.")
    })?;
    let status = answer.status().as_u16();
    match status {
        200 => return Ok(answer),
        404 => return Err(Error::not_found("There is no such bucket.")),
        _ => tracing::warn!(status, "the artifact store did not list multipart uploads"),
    }
    Err(match status {
        401 | 403 => {
            Error::PermissionDenied("The artifact store refused access to the server.".to_owned())
        }
        405 | 501 => Error::not_implemented("The artifact store does not list multipart uploads."),
        _ => Error::unavailable("The artifact store is not available."),
    })
}

async fn content(answer: HttpResponse) -> Result<String> {
    let mut text = Vec::new();
    let mut pieces = answer.into_body().bytes_stream();
    while let Some(piece) = pieces.try_next().await.map_err(unusable)? {
        if text.len() + piece.len() > LONGEST_PAGE {
            return Err(unusable("longer than a page can be"));
        }
        text.extend_from_slice(&piece);
    }
    String::from_utf8(text).map_err(unusable)
}

fn page(
    text: &str,
    folder: &ArtifactPath,
    after: Option<&UploadsAfter>,
) -> Result<UnfinishedUploads> {
    // Any other answer would read as a page without uploads.
    if !text.contains(ROOT) {
        return Err(unusable("another answer"));
    }
    let page: Page = quick_xml::de::from_str(text).map_err(unusable)?;
    let is_encoded = page.encoding_type.as_deref() == Some("url");
    let decoded = |key: String| match is_encoded {
        true => percent_decode_str(&key.replace('+', " "))
            .decode_utf8()
            .ok()
            .map(String::from),
        false => Some(key),
    };
    let mut uploads = Vec::new();
    for upload in page.uploads {
        let begun = DateTime::parse_from_rfc3339(&upload.initiated).map_err(unusable)?;
        // A key that is no path of an artifact was not begun here.
        let path = decoded(upload.key).and_then(|key| below(&key, folder));
        uploads.extend(path.map(|path| Unfinished {
            path,
            upload_id: upload.upload_id,
            begun: SystemTime::from(begun),
        }));
    }
    let next = match (page.is_truncated, page.next_key_marker.and_then(decoded)) {
        (true, Some(key)) => Some(UploadsAfter {
            key,
            upload_id: page.next_upload_id_marker.unwrap_or_default(),
        }),
        (true, None) => return Err(unusable("a page that has no next one")),
        (false, _) => None,
    };
    // Pages come by key, and within a key each begins with another upload.
    if let (Some(next), Some(after)) = (&next, after)
        && (next == after || next.key < after.key)
    {
        return Err(unusable("a page that was there already"));
    }
    Ok(UnfinishedUploads { uploads, next })
}

/// A key as the path of an artifact in a folder.
fn below(key: &str, folder: &ArtifactPath) -> Option<ArtifactPath> {
    let name = match folder.is_root() {
        true => key,
        false => key.strip_prefix(folder.as_str())?.strip_prefix('/')?,
    };
    let path = ArtifactPath::parse(name).ok()?;
    (path.as_str() == name && !path.is_root()).then_some(path)
}

fn unusable(why: impl std::fmt::Display) -> Error {
    tracing::warn!(%why, "cannot read the artifact store's list of multipart uploads");
    Error::unavailable("The artifact store's list of multipart uploads cannot be read.")
}
