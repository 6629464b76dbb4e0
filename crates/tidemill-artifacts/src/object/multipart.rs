//! Multipart uploads whose parts a client sends straight to the storage.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use object_store::multipart::PartId;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::{Error, Result};
use url::Url;

use super::errors::{store_error, within};
use super::{Bucket, Kind, key};
use crate::presigned::{CompletedPart, MultipartUpload, PartUpload, no_multipart};

/// How long a part's link works.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Most parts of one upload; all storages take this many.
const MOST_PARTS: i64 = 10_000;

/// Longest name of an upload that a client may hand back.
const LONGEST_ID: usize = 4096;

impl Bucket {
    /// Begins an upload of `parts` parts and signs a link for each.
    pub(crate) async fn begin_multipart(
        &self,
        path: &ArtifactPath,
        parts: i64,
    ) -> Result<MultipartUpload> {
        let parts = checked_count(parts)?;
        if matches!(self.kind, Kind::Azure(_)) {
            let signed = self.sign_put(path, LIFETIME).await?;
            return Ok(azure_upload(&signed.ok_or_else(no_multipart)?, parts));
        }
        self.must_sign_parts()?;
        let store = self.parts().ok_or_else(no_multipart)?;
        let key = key(path)?;
        let upload_id = within(self.limits.request, store.create_multipart(&key))
            .await?
            .map_err(|error| store_error(path, error))?;
        let mut uploads = Vec::new();
        for part_number in 1..=parts {
            let number = part_number.to_string();
            let query = vec![("partNumber", number.as_str()), ("uploadId", &upload_id)];
            let url = self.sign_query("PUT", path, query, LIFETIME).await?;
            uploads.push(PartUpload {
                part_number,
                url: url.ok_or_else(no_multipart)?.into(),
            });
        }
        Ok(MultipartUpload {
            upload_id: Some(upload_id),
            parts: uploads,
        })
    }

    /// Puts the uploaded parts together.
    pub(crate) async fn complete_multipart(
        &self,
        path: &ArtifactPath,
        upload_id: Option<&str>,
        parts: &[CompletedPart],
    ) -> Result<()> {
        let store = self.parts().ok_or_else(no_multipart)?;
        let ids = ids_in_order(parts, matches!(self.kind, Kind::Azure(_)))?;
        if ids.is_empty() {
            return Err(Error::invalid_parameter(
                "A multipart upload needs at least one part.",
            ));
        }
        let upload_id = self.checked_id(upload_id)?;
        let key = key(path)?;
        within(
            self.limits.transfer,
            store.complete_multipart(&key, &upload_id, ids),
        )
        .await?
        .map_err(|error| store_error(path, error))?;
        Ok(())
    }

    /// Forgets the uploaded parts.
    pub(crate) async fn abort_multipart(
        &self,
        path: &ArtifactPath,
        upload_id: Option<&str>,
    ) -> Result<()> {
        let store = self.parts().ok_or_else(no_multipart)?;
        let upload_id = self.checked_id(upload_id)?;
        let key = key(path)?;
        within(self.limits.request, store.abort_multipart(&key, &upload_id))
            .await?
            .map_err(|error| store_error(path, error))
    }

    /// Google's links need the service account's own key.
    fn must_sign_parts(&self) -> Result<()> {
        match &self.kind {
            Kind::Gcs(gcs) if gcs.key.is_none() => Err(no_multipart()),
            _ => Ok(()),
        }
    }

    fn checked_id(&self, upload_id: Option<&str>) -> Result<String> {
        match (&self.kind, upload_id) {
            (Kind::Azure(_), _) => Ok(String::new()),
            (_, Some(id)) if !id.is_empty() && id.len() <= LONGEST_ID => Ok(id.to_owned()),
            _ => Err(Error::invalid_parameter(
                "Missing value for required parameter 'upload_id'.",
            )),
        }
    }
}

fn checked_count(parts: i64) -> Result<u32> {
    match u32::try_from(parts) {
        Ok(count) if (1..=MOST_PARTS).contains(&parts) => Ok(count),
        _ => Err(Error::invalid_parameter(format!(
            "num_parts must be between 1 and {MOST_PARTS} (got {parts})."
        ))),
    }
}

/// Storages take part numbers from 1 without gaps, from `object_store` by position. Azure
/// knows a part by its block, the others by its etag.
fn ids_in_order(parts: &[CompletedPart], are_blocks: bool) -> Result<Vec<PartId>> {
    let mut parts: Vec<_> = parts.iter().collect();
    parts.sort_by_key(|part| part.part_number);
    let id_of = if are_blocks { block } else { etag };
    (1..)
        .zip(parts)
        .map(|(expected, part)| match id_of(part) {
            Some(content_id) if part.part_number == expected => Ok(PartId { content_id }),
            _ => Err(Error::invalid_parameter(
                "The parts of a multipart upload must be numbered from 1 without gaps and have \
                 the etag or url of their upload.",
            )),
        })
        .collect()
}

fn etag(part: &CompletedPart) -> Option<String> {
    part.etag.clone()
}

/// One link to the blob serves all blocks; a block's id is not part of what is signed.
fn azure_upload(signed: &Url, parts: u32) -> MultipartUpload {
    let part = |part_number| {
        let mut url = signed.clone();
        url.query_pairs_mut()
            .append_pair("comp", "block")
            .append_pair("blockid", &BASE64_STANDARD.encode(block_id(part_number)));
        PartUpload {
            part_number,
            url: url.into(),
        }
    };
    MultipartUpload {
        upload_id: None,
        parts: (1..=parts).map(part).collect(),
    }
}

/// Azure wants ids of one length.
fn block_id(part_number: u32) -> String {
    format!("mlflow_block_{part_number:05}")
}

/// The block that a part's link names. Nothing else of the link is used.
fn block(part: &CompletedPart) -> Option<String> {
    let url = Url::parse(part.url.as_deref()?).ok()?;
    let (_, id) = url.query_pairs().find(|(name, _)| name == "blockid")?;
    let id = String::from_utf8(BASE64_STANDARD.decode(id.as_bytes()).ok()?).ok()?;
    let number = u32::try_from(part.part_number).ok()?;
    (id == block_id(number)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(part_number: i64, etag: &str) -> CompletedPart {
        CompletedPart {
            part_number,
            etag: Some(etag.into()),
            url: None,
        }
    }

    #[test]
    fn parts_are_put_in_order_and_may_not_have_gaps() {
        let ids = ids_in_order(&[part(2, "b"), part(1, "a")], false).unwrap();
        let ids: Vec<_> = ids.into_iter().map(|id| id.content_id).collect();
        assert_eq!(ids, ["a", "b"]);
        assert!(ids_in_order(&[part(1, "a"), part(3, "c")], false).is_err());
        assert!(ids_in_order(&[part(1, "a"), part(1, "a")], false).is_err());
    }

    #[test]
    fn a_block_is_known_by_the_link_it_was_sent_to() {
        let signed = Url::parse("https://a.blob.core.windows.net/c/k?sig=x").unwrap();
        let upload = azure_upload(&signed, 12);
        let sent = |url: &str| {
            block(&CompletedPart {
                part_number: 12,
                etag: None,
                url: Some(url.into()),
            })
        };
        assert_eq!(sent(&upload.parts[11].url).unwrap(), "mlflow_block_00012");
        assert_eq!(sent(&upload.parts[10].url), None);
        assert_eq!(sent("https://evil/"), None);
    }

    #[test]
    fn the_number_of_parts_is_bounded() {
        for count in [0, -1, 10_001, i64::MAX] {
            assert!(checked_count(count).is_err());
        }
        assert_eq!(checked_count(10_000).unwrap(), 10_000);
    }
}
