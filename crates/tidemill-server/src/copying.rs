//! Artifacts of a source, brought to our destination.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use futures::{StreamExt, stream};
use tidemill_artifacts::{Repositories, StorageSettings};
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::storage_uri::{LocationPolicy, Place, StorageUri};
use tidemill_transfer::{
    CopyArtifacts, Error, FolderList, Import, Relocated, ServerArtifacts, Source,
};

use crate::files::{Destination, Storage, all_files, digest, parsed};
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

/// What was found in the source, and copied, so far.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    found: AtomicU64,
    files: AtomicU64,
    bytes: AtomicU64,
}

/// What is done about the files of a source whose artifacts come along.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Files<'i> {
    /// Nothing; their new locations count.
    Ignore,
    /// They are compared with those that are here.
    Compare,
    /// They are copied.
    Copy(&'i Import),
}

impl CopyArgs {
    /// The source with its artifacts, if they come along.
    pub(crate) fn apply(
        &self,
        source: Box<dyn Source>,
        server: Option<ServerArtifacts>,
        files: Files<'_>,
        copied: &Arc<Copied>,
    ) -> Result<Box<dyn Source>, String> {
        if !self.copy_artifacts {
            return Ok(source);
        }
        let relocated = Relocated::new(source);
        Ok(Box::new(match files {
            Files::Ignore => relocated,
            Files::Compare => {
                let here = self.destination.open_to_read()?;
                relocated.comparing_files(self.copier(here, server, copied)?)
            }
            Files::Copy(import) => {
                let copier = self.copier(self.destination.open()?, server, copied)?;
                relocated.with_files(copier, import.into.clone(), import.on_conflict)
            }
        }))
    }

    /// Refuses to believe that a source has no file at all in a storage that somebody has named.
    pub(crate) fn must_have_found(&self, copied: &Copied) -> Result<(), String> {
        match &self.artifacts_from {
            Some(from) if copied.found.load(Ordering::Relaxed) == 0 => Err(format!(
                "no file of any run or model was found below {from}: is that what \
                 mlflow-artifacts: stands for in the source?"
            )),
            _ => Ok(()),
        }
    }

    /// Whether artifacts come along.
    pub(crate) fn is_given(&self) -> bool {
        self.copy_artifacts
    }

    fn copier(
        &self,
        to: Storage,
        server: Option<ServerArtifacts>,
        copied: &Arc<Copied>,
    ) -> Result<Box<Copier>, String> {
        must_list(&to, "--artifacts-destination")?;
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
        for location in roots.iter().chain(&from) {
            if let Some(folder) = stores::folder(location)
                && !folder.is_dir()
            {
                // It would be taken for one without any files.
                let folder = folder.display();
                return Err(format!(
                    "There is no folder {folder} to copy artifacts from."
                ));
            }
        }
        let is_named = from.is_some();
        let policy = LocationPolicy::new(roots);
        let from = Repositories::new(StorageSettings::from_env(), policy, from);
        if is_named {
            let runtime = Arc::clone(&to.runtime);
            let repository = runtime.block_on(from.proxied()).map_err(|e| e.in_words())?;
            let storage = Storage {
                repository,
                runtime,
            };
            must_list(&storage, "--artifacts-from")?;
        }
        Ok(Box::new(Copier {
            from,
            server: server.filter(|_| self.artifacts_from.is_none()),
            knows_proxy: self.artifacts_from.is_some(),
            relative_to: match &self.artifacts_relative_to {
                Some(folder) => Some(config::absolute(folder)?),
                None => None,
            },
            to,
            copied: Arc::clone(copied),
        }))
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

    /// A folder that the source's server hands out.
    fn served(&self, location: &StorageUri) -> Option<ServerArtifacts> {
        match (location.place(), &self.server) {
            (Place::Proxied { path, .. }, Some(server)) => Some(server.below(path)),
            _ => None,
        }
    }

    /// A folder of the source in a storage that we reach.
    fn there(&self, location: &StorageUri) -> Result<Storage, String> {
        let runtime = Arc::clone(&self.to.runtime);
        let repository = runtime.block_on(self.from.open(location));
        Ok(Storage {
            repository: repository.map_err(|error| error.to_string())?,
            runtime,
        })
    }

    /// A folder of ours.
    fn here(&self, location: &str) -> Result<Storage, String> {
        let location = StorageUri::parse(location).map_err(|error| error.to_string())?;
        Ok(self.to.below(location.path().ok_or("it has no path")?))
    }

    /// Hands over a file of the source.
    fn read<T>(
        &self,
        folder: &str,
        path: &str,
        take: impl FnOnce(&mut dyn Read) -> Result<T, String>,
    ) -> Result<T, String> {
        let location = self.location(folder)?;
        let path = parsed(path).map_err(in_words)?;
        if let Some(folder) = self.served(&location) {
            return take(&mut folder.file(&path).map_err(in_words)?);
        }
        let there = self.there(&location)?;
        let file = there.read(&path).map_err(in_words)?;
        take(&mut file.ok_or("it is gone")?)
    }
}

impl CopyArtifacts for Copier {
    fn list(&self, folders: &[&str]) -> Vec<FolderList> {
        let lists = folders.iter().map(|folder| {
            let location = self.location(folder);
            // A server is asked here, about one folder after the other.
            let served = location.as_ref().ok().and_then(|uri| self.served(uri));
            let list = served.map(|folder| folder.files().map_err(in_words));
            async move {
                match list {
                    Some(list) => list,
                    None => self.list_in_storage(&location?).await,
                }
            }
        });
        let lists: Vec<_> = lists.collect();
        let lists = stream::iter(lists).buffered(folders.len().max(1));
        let lists: Vec<FolderList> = self.to.runtime.block_on(lists.collect());
        let found = lists.iter().flatten().map(|list| list.files.len());
        let found: usize = found.sum();
        self.copied.found.fetch_add(found as u64, Ordering::Relaxed);
        lists
    }

    fn list_here(&self, folders: &[&str]) -> Vec<FolderList> {
        let lists = folders.iter().map(|folder| async {
            let files = all_files(&self.here(folder)?.repository).await;
            files.map_err(|error| error.in_words())
        });
        let lists = stream::iter(lists).buffered(folders.len().max(1));
        self.to.runtime.block_on(lists.collect())
    }

    fn copy(&mut self, from: &str, to: &str, path: &str) -> Result<u128, String> {
        let here = self.here(to)?;
        self.read(from, path, |bytes| {
            let mut counted = Counted(bytes, 0);
            let digest = here.replace(path, &mut counted).map_err(in_words)?;
            self.copied.files.fetch_add(1, Ordering::Relaxed);
            self.copied.bytes.fetch_add(counted.1, Ordering::Relaxed);
            Ok(number(&digest))
        })
    }

    fn digest(&mut self, folder: &str, path: &str) -> Result<u128, String> {
        self.read(folder, path, |bytes| {
            let digest = digest(bytes).map_err(|error| error.to_string())?;
            Ok(number(&digest))
        })
    }

    fn digest_here(&mut self, folder: &str, path: &str) -> Result<u128, String> {
        let here = self.here(folder)?;
        let path = parsed(path).map_err(in_words)?;
        let file = here.read(&path).map_err(in_words)?;
        let digest = digest(&mut file.ok_or("it is gone")?);
        Ok(number(&digest.map_err(|error| error.to_string())?))
    }
}

impl Copier {
    async fn list_in_storage(&self, location: &StorageUri) -> FolderList {
        let in_words = |error: tidemill_core::Error| error.in_words();
        let folder = self.from.open(location).await.map_err(in_words)?;
        all_files(&folder).await.map_err(in_words)
    }
}

/// A storage that cannot be used is told once, and not for every run.
fn must_list(storage: &Storage, flag: &str) -> Result<(), String> {
    let root = ArtifactPath::root();
    let listed = storage
        .runtime
        .block_on(storage.repository.list(&root, None));
    listed
        .map(drop)
        .map_err(|error| format!("{flag}: {}", error.in_words()))
}

fn in_words(error: Error) -> String {
    error.to_string()
}

/// The first half of a SHA-256.
fn number(digest: &[u8]) -> u128 {
    u128::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}

/// Counts what is read.
struct Counted<'r>(&'r mut dyn Read, u64);

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(into)?;
        self.1 += count as u64;
        Ok(count)
    }
}

impl std::fmt::Display for Copied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (files, bytes) = (count(&self.files), count(&self.bytes));
        let found = count(&self.found);
        write!(
            f,
            "  artifacts: {found} files, of which {files} were copied ({bytes} bytes)"
        )
    }
}
