//! Links that let a client talk to the object store itself.

use std::time::SystemTime;

use tidemill_core::Error;
use tidemill_core::artifact_path::ArtifactPath;

/// A link and the headers a client must send with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresignedUrl {
    /// The link.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Size of the file behind a download link.
    pub file_size: Option<u64>,
}

/// A multipart upload that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultipartUpload {
    /// The storage's name for it; Azure needs none.
    pub upload_id: Option<String>,
    /// One link per part, in order.
    pub parts: Vec<PartUpload>,
}

/// Where one part goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartUpload {
    /// From 1.
    pub part_number: u32,
    /// Where to PUT it.
    pub url: String,
}

/// A part that a client says it has uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedPart {
    /// From 1.
    pub part_number: i64,
    /// The storage's answer to the upload.
    pub etag: Option<String>,
    /// The link it was sent to; Azure's block id is in it.
    pub url: Option<String>,
}

/// A multipart upload that was begun and neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The file that it was to become.
    pub path: ArtifactPath,
    /// The storage's name for it.
    pub upload_id: String,
    /// When it was begun.
    pub begun: SystemTime,
}

/// A page of unfinished uploads, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnfinishedUploads {
    /// The uploads.
    pub uploads: Vec<Unfinished>,
    /// Where the next page begins, if there is one.
    pub next: Option<UploadsAfter>,
}

/// The last upload of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadsAfter {
    /// Its object's key.
    pub(crate) key: String,
    /// Its own name.
    pub(crate) upload_id: String,
}

/// Multipart uploads are for object stores.
pub(crate) fn no_multipart() -> Error {
    Error::not_implemented("Multipart upload is not supported for the current artifact repository")
}

/// Presigned uploads are for object stores.
pub(crate) fn no_presigned_upload() -> Error {
    Error::not_implemented("Presigned upload is not supported for the current artifact repository")
}

/// Presigned downloads are for object stores. MLflow calls them multipart downloads here.
pub(crate) fn no_presigned_download() -> Error {
    Error::not_implemented(
        "Multipart download is not supported for the current artifact repository",
    )
}
