//! Folders in the artifacts destination that have the names of runs and logged models which are
//! not there.
//!
//! Only folders are looked at that a server names: a number, and in it 32 hexadecimal digits, or
//! `models` and such an id. Whatever else people keep there is theirs.

use tidemill_artifacts::{Repository, Usage};
use tidemill_core::Result;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_store::gc::Kind;

use super::report::Remark;
use super::{Purge, millis};

/// The folder within that of a run.
pub(super) const ARTIFACTS: &str = "artifacts";

/// The folder of an experiment's logged models.
pub(super) const MODELS: &str = "models";

impl Purge<'_> {
    /// Lists them, and purges those that have not changed lately when that is wanted.
    pub(super) async fn orphans(&mut self, purge: bool) -> Result<()> {
        let Ok(destination) = self.gc.repositories.proxied().await else {
            return Ok(());
        };
        self.places.refresh(self.gc).await?;
        let root = ArtifactPath::root();
        let mut after = None;
        loop {
            let (names, next) = folders(&destination, &root, after).await?;
            for name in names.iter().filter(|name| is_number(name)) {
                let experiment = ArtifactPath::parse(name)?;
                self.orphans_in(&destination, &experiment, Kind::Run, purge)
                    .await?;
                let models = experiment.join(&ArtifactPath::parse(MODELS)?);
                self.orphans_in(&destination, &models, Kind::Model, purge)
                    .await?;
            }
            match next {
                None => return Ok(()),
                next => after = next,
            }
        }
    }

    async fn orphans_in(
        &mut self,
        destination: &Repository,
        folder: &ArtifactPath,
        kind: Kind,
        purge: bool,
    ) -> Result<()> {
        let mut after = None;
        loop {
            let (mut names, next) = folders(destination, folder, after).await?;
            names.retain(|name| is_id(kind, name));
            let here = self.gc.tracking.which_exist(kind, names.clone()).await?;
            for name in names.iter().filter(|name| !here.contains(*name)) {
                let path = folder.join(&ArtifactPath::parse(name)?);
                if kind == Kind::Model || holds_artifacts(destination, &path).await? {
                    self.orphan(destination, path, kind, purge).await?;
                }
            }
            match next {
                None => return Ok(()),
                next => after = next,
            }
        }
    }

    async fn orphan(
        &mut self,
        destination: &Repository,
        path: ArtifactPath,
        kind: Kind,
        purge: bool,
    ) -> Result<()> {
        let Some(id) = path.file_name().map(str::to_owned) else {
            return Ok(());
        };
        let path = match kind {
            Kind::Run => path.join(&ArtifactPath::parse(ARTIFACTS)?),
            Kind::Model => path,
        };
        let location = format!("mlflow-artifacts:/{path}");
        let Some(spot) = self.gc.repositories.spot(&location) else {
            return Ok(());
        };
        if let Some(version) = self.places.holds_version(&spot) {
            let why = format!("{version} has its files from it");
            self.report
                .kept
                .push(Remark::new(format!("folder {path}"), why));
            return Ok(());
        }
        let tracking = &self.gc.tracking;
        if self
            .places
            .obstacle(tracking, kind, &id, &spot)
            .await?
            .is_some()
        {
            return Ok(());
        }
        let usage = destination.usage(&path).await?;
        self.report.orphans.found.push(path.to_string());
        self.report.orphans.size.add(usage);
        if self.is_recent(usage) {
            self.report.orphans.recent += 1;
            return Ok(());
        }
        if !purge {
            return Ok(());
        }
        if !self.dry_run
            && let Err(error) = destination.below(&path).purge(&id).await
        {
            let what = format!("folder {path}");
            self.report.failed.push(Remark::new(what, error.in_words()));
            return Ok(());
        }
        self.report.orphans.purged += 1;
        Ok(())
    }

    /// Somebody may still be uploading to it.
    fn is_recent(&self, usage: Usage) -> bool {
        usage
            .newest
            .is_some_and(|newest| millis(newest) > self.scope.cutoff)
    }
}

/// The names of some folders in a folder, and where to go on.
async fn folders(
    destination: &Repository,
    path: &ArtifactPath,
    after: Option<String>,
) -> Result<(Vec<String>, Option<String>)> {
    let listing = destination.list(path, after.as_deref()).await?;
    let folders = listing.files.into_iter().filter(|file| file.is_dir);
    let names = folders.filter_map(|file| Some(file.path.rsplit('/').next()?.to_owned()));
    Ok((names.collect(), listing.next))
}

async fn holds_artifacts(destination: &Repository, path: &ArtifactPath) -> Result<bool> {
    let (names, _) = folders(destination, path, None).await?;
    Ok(names.iter().any(|name| name == ARTIFACTS))
}

pub(super) fn is_number(name: &str) -> bool {
    name.parse::<i64>()
        .is_ok_and(|number| number >= 0 && number.to_string() == name)
}

pub(super) fn is_id(kind: Kind, name: &str) -> bool {
    let digits = match kind {
        Kind::Run => Some(name),
        Kind::Model => name.strip_prefix("m-"),
    };
    let is_hex = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    digits.is_some_and(|digits| digits.len() == 32 && digits.bytes().all(is_hex))
}
