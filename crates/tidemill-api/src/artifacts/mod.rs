//! Artifacts: through the proxy, and of runs, versions and logged models.

mod download;
mod list;
mod location;
mod multipart;
mod presigned;
mod proxy;
mod upload;

pub(crate) use download::{get_logged_model_artifact, get_run_artifact, get_version_artifact};
pub(crate) use list::{
    list_logged_model_artifacts, list_run_artifacts, list_run_artifacts_message,
};
pub(crate) use multipart::{abort_multipart, complete_multipart, create_multipart};
pub(crate) use presigned::{presigned, presigned_download, presigned_upload};
pub(crate) use proxy::{delete, download, list, upload};
pub(crate) use upload::upload_run_artifact;

use std::ops::Deref;
use std::time::Duration;

use tidemill_artifacts::Repositories;

/// Every storage this server may use, and what clients may be told about it.
#[derive(Clone)]
pub struct Artifacts {
    /// The storages.
    pub repositories: Repositories,
    /// Whether the proxy's storage lets clients up- and download parts by themselves.
    pub signs_urls: bool,
    /// How long download links live unless the request says.
    pub link_lifetime: Duration,
}

impl Deref for Artifacts {
    type Target = Repositories;

    fn deref(&self) -> &Repositories {
        &self.repositories
    }
}
