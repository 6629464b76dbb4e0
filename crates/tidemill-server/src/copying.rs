//! Artifacts of a source, brought to our destination.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use tidemill_artifacts::{Repositories, StorageSettings};
use tidemill_core::storage_uri::{LocationPolicy, Place, StorageUri};
use tidemill_transfer::{ArtifactFiles, CopyArtifacts, Relocated, ServerArtifacts, Source};

use crate::files::{Destination, Storage};
use crate::{config, stores};

#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    /// Copy the artifacts of runs and models into our destination, and carry their new locations.
    /// To compare after that, give it to `verify` as well.
    #[arg(long)]
    copy_artifacts: bool,
    #[command(flatten)]
    destination: Destination,
    /// What mlflow-artifacts: stands for in the source: its server's --artifacts-destination.
    /// [default: a server that is the source is asked for them]
    #[arg(long, value_name = "URI", requires = "copy_artifacts")]
    artifacts_from: Option<String>,
    /// The folder that relative locations (./mlruns/…) are below: where MLflow was started.
    #[arg(long, value_name = "DIR", requires = "copy_artifacts")]
    artifacts_relative_to: Option<String>,
    /// Local folders, separated by commas, that artifacts may be copied from.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "DIRS",
        requires = "copy_artifacts"
    )]
    local_artifact_roots: Vec<String>,
}

/// What was copied so far.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    files: AtomicU64,
    bytes: AtomicU64,
}

impl CopyArgs {
    /// The source with its artifacts, if they are to come along. When nothing is to be written,
    /// only their locations are others.
    pub(crate) fn apply(
        &self,
        source: Box<dyn Source>,
        server: Option<ServerArtifacts>,
        writes: bool,
        copied: &Arc<Copied>,
    ) -> Result<Box<dyn Source>, String> {
        if !self.copy_artifacts {
            return Ok(source);
        }
        let copier: Option<Box<dyn CopyArtifacts>> = match writes {
            true => Some(Box::new(self.copier(server, copied)?)),
            false => None,
        };
        Ok(Box::new(Relocated::new(source, copier)))
    }

    /// Whether artifacts come along.
    pub(crate) fn is_given(&self) -> bool {
        self.copy_artifacts
    }

    fn copier(
        &self,
        server: Option<ServerArtifacts>,
        copied: &Arc<Copied>,
    ) -> Result<Copier, String> {
        let to = self.destination.open()?;
        let mut roots = Vec::new();
        for folder in self
            .local_artifact_roots
            .iter()
            .chain(&self.artifacts_relative_to)
        {
            roots.push(stores::local_root(&config::absolute(folder)?)?);
        }
        let from = match &self.artifacts_from {
            Some(uri) => {
                let uri = config::absolute(uri)?;
                Some(stores::proxied("--artifacts-from", &uri)?)
            }
            None => None,
        };
        let policy = LocationPolicy::new(roots);
        Ok(Copier {
            from: Repositories::new(StorageSettings::from_env(), policy, from),
            server: server.filter(|_| self.artifacts_from.is_none()),
            knows_proxy: self.artifacts_from.is_some(),
            relative_to: match &self.artifacts_relative_to {
                Some(folder) => Some(config::absolute(folder)?),
                None => None,
            },
            to,
            copied: Arc::clone(copied),
        })
    }
}

/// Copies from wherever the source has its artifacts, as far as we may read there.
struct Copier {
    from: Repositories,
    /// What hands out what is at mlflow-artifacts:, when we do not reach its storage.
    server: Option<ServerArtifacts>,
    knows_proxy: bool,
    relative_to: Option<String>,
    to: Storage,
    copied: Arc<Copied>,
}

impl Copier {
    /// Where files are, for our means.
    fn location(&self, location: &str) -> Result<StorageUri, String> {
        let is_relative = !location.contains(':') && !location.starts_with('/');
        let location = match (&self.relative_to, is_relative) {
            (_, false) => location.to_owned(),
            (Some(folder), true) => {
                let below = location.strip_prefix("./").unwrap_or(location);
                format!("{folder}/{below}")
            }
            (None, true) => {
                return Err(String::from(
                    "that is relative: say to what with --artifacts-relative-to",
                ));
            }
        };
        let uri = StorageUri::parse(&location).map_err(|error| error.to_string())?;
        match uri.place() {
            Place::Proxied {
                authority: Some(_), ..
            } => Err(String::from("it is behind another server")),
            Place::Proxied { .. } if self.server.is_none() && !self.knows_proxy => {
                Err(String::from(
                    "say what mlflow-artifacts: stands for in the source with --artifacts-from",
                ))
            }
            Place::Local { .. } if !self.from.policy().may_open(&uri) => Err(String::from(
                "it is in none of the folders of --local-artifact-roots",
            )),
            _ => Ok(uri),
        }
    }

    /// The files at a location.
    fn files(&self, location: &StorageUri) -> Result<Box<dyn ArtifactFiles>, String> {
        if let (Place::Proxied { path, .. }, Some(server)) = (location.place(), &self.server) {
            return Ok(Box::new(server.below(path)));
        }
        let runtime = Arc::clone(&self.to.runtime);
        let repository = runtime.block_on(self.from.open(location));
        Ok(Box::new(Storage {
            repository: repository.map_err(|error| error.to_string())?,
            runtime,
        }))
    }
}

impl CopyArtifacts for Copier {
    fn copy(&mut self, from: &str, to: &str) -> Result<(), String> {
        let mut there = self.files(&self.location(from)?)?;
        let new = StorageUri::parse(to).map_err(|error| error.to_string())?;
        let here = self.to.below(new.path().ok_or("it has no path")?);
        let copied = &self.copied;
        there
            .each(&mut |path, bytes| {
                let mut counted = Counted(bytes, &copied.bytes);
                here.put(path, &mut counted)?;
                copied.files.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
            .map_err(|error| error.to_string())
    }
}

/// Counts what is read.
struct Counted<'r>(&'r mut dyn std::io::Read, &'r AtomicU64);

impl std::io::Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(into)?;
        self.1.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl std::fmt::Display for Copied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (files, bytes) = (count(&self.files), count(&self.bytes));
        write!(f, "  artifacts copied: {files} files, {bytes} bytes")
    }
}
