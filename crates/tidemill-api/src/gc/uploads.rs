//! What is left of uploads that were begun and never ended.
//!
//! In a bucket those are multipart uploads, of which only such are looked at as a server begins:
//! to files in the folder of a run or a logged model.

use std::time::{Duration, SystemTime};

use tidemill_artifacts::{Repository, Unfinished};
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::{Error, Result};
use tidemill_store::gc::Kind;

use super::Purge;
use super::orphans::{ARTIFACTS, MODELS, is_id, is_number};
use super::report::Remark;

/// How long an upload may take; Azure gives its blocks as long.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Purge<'_> {
    /// Looks for them in the artifacts destination, and ends them.
    pub(super) async fn uploads(&mut self) -> Result<()> {
        let Ok(destination) = self.gc.repositories.proxied().await else {
            return Ok(());
        };
        self.report
            .cut_uploads
            .add(destination.cut_uploads().await?);
        if !self.dry_run {
            destination.sweep_uploads().await?;
        }
        // Listing them takes a permission of its own, and not every storage can. Whatever it says,
        // the purge has been done.
        if let Err(error) = self.multipart_uploads(&destination).await {
            self.report.multipart_uploads.unlisted = Some(error.in_words());
        }
        Ok(())
    }

    async fn multipart_uploads(&mut self, destination: &Repository) -> Result<()> {
        let mut after = None;
        loop {
            let page = destination.unfinished_uploads(after.as_ref()).await?;
            for upload in page.uploads.iter().filter(|upload| is_ours(&upload.path)) {
                self.multipart_upload(destination, upload).await?;
            }
            match page.next {
                None => return Ok(()),
                next => after = next,
            }
        }
    }

    async fn multipart_upload(
        &mut self,
        destination: &Repository,
        upload: &Unfinished,
    ) -> Result<()> {
        let report = &mut self.report.multipart_uploads;
        report.found.push(upload.path.to_string());
        if upload.begun > SystemTime::now() - WEEK {
            report.recent += 1;
            return Ok(());
        }
        if !self.dry_run {
            let aborted = destination.abort_multipart(&upload.path, Some(&upload.upload_id));
            match aborted.await {
                // A missing one has been ended by somebody else.
                Ok(()) | Err(Error::NotFound(_)) => {}
                Err(error) => {
                    let what = format!("multipart upload to {}", upload.path);
                    self.report.failed.push(Remark::new(what, error.in_words()));
                    return Ok(());
                }
            }
        }
        report.aborted += 1;
        Ok(())
    }
}

/// Whether a file is in a folder that a server named.
fn is_ours(path: &ArtifactPath) -> bool {
    let names: Vec<&str> = path.as_str().split('/').collect();
    match names.as_slice() {
        [experiment, MODELS, model, _, ..] => is_number(experiment) && is_id(Kind::Model, model),
        [experiment, run, ARTIFACTS, _, ..] => is_number(experiment) && is_id(Kind::Run, run),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_in_folders_of_runs_and_logged_models_are_ours() {
        let id = "0123456789abcdef0123456789abcdef";
        let is = |path: &str| is_ours(&ArtifactPath::parse(path).unwrap());
        assert!(is(&format!("7/{id}/artifacts/model/weights.bin")));
        assert!(is(&format!("0/models/m-{id}/artifacts/weights.bin")));
        assert!(!is(&format!("7/{id}/artifacts")));
        assert!(!is(&format!("backups/{id}/artifacts/f")));
        assert!(!is(&format!("7/{id}/other/f")));
        assert!(!is(&format!("07/{id}/artifacts/f")));
        assert!(!is("7/models/mine/f"));
        assert!(!is("film.mov"));
    }
}
