//! Deletion.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};

use tidemill_core::artifact_path::{ArtifactPath, invalid_path};
use tidemill_core::{Error, Result};
use uuid::Uuid;

use super::Tree;
use super::errors::{is_absent, write_error};
use super::staging::{remove_any, staging_folder, sweep};
use super::tree::{split, sync_folder};
use crate::blocking::off_the_async_threads;

impl Tree {
    /// Removes a file or a folder with all it holds; a link goes, not what it names. What is
    /// missing is removed already.
    pub(crate) async fn delete(&self, path: &ArtifactPath) -> Result<()> {
        if path.is_root() || Self::is_reserved(path) {
            return Err(invalid_path());
        }
        let (tree, path) = (self.clone(), path.clone());
        off_the_async_threads(move || match tree.remove(&path) {
            Err(error) if is_absent(&error) => Ok(()),
            removed => removed.map_err(|error| write_error(&path, error)),
        })
        .await
    }

    /// Removes a folder with all it holds, and the one around it if that has this name and holds
    /// nothing more. Without its root nothing is known to be removed: it may not be mounted.
    pub(crate) async fn purge(&self, path: &ArtifactPath, around: &str) -> Result<()> {
        let tree = self.clone();
        off_the_async_threads(move || {
            tree.open().map(drop).map_err(|error| {
                let root = tree.root().display();
                Error::unavailable(format!(
                    "The artifact folder '{root}' is not there: {error}"
                ))
            })
        })
        .await?;
        self.delete(path).await?;
        match path.parent() {
            Some(parent) if parent.file_name() == Some(around) => self.remove_empty(&parent).await,
            _ => Ok(()),
        }
    }

    /// Removes a folder in which there is nothing.
    pub(crate) async fn remove_empty(&self, path: &ArtifactPath) -> Result<()> {
        let (tree, path) = (self.clone(), path.clone());
        off_the_async_threads(move || {
            let removed = split(&path).and_then(|(parent, name)| {
                let parent = tree.folder(&parent)?;
                parent.remove_dir(name)?;
                sync_folder(&parent)
            });
            match removed {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
                Err(error) if is_absent(&error) => Ok(()),
                removed => removed.map_err(|error| write_error(&path, error)),
            }
        })
        .await
    }

    /// Clears the root of uploads that a crash cut off.
    pub(crate) async fn sweep(&self) -> Result<()> {
        let tree = self.clone();
        let root = ArtifactPath::root();
        off_the_async_threads(move || match tree.open().and_then(|root| sweep(&root)) {
            Err(error) if is_absent(&error) => Ok(()),
            swept => swept.map_err(|error| write_error(&root, error)),
        })
        .await
    }

    /// Makes the root if it is missing and clears it of uploads that a crash cut off. The error
    /// is for the operator.
    pub(crate) async fn prepare(&self) -> Result<()> {
        let tree = self.clone();
        off_the_async_threads(move || {
            let prepared = tree.open_or_create().and_then(|root| sweep(&root));
            let root = tree.root().display();
            prepared.map_err(|error| {
                Error::invalid_parameter(format!(
                    "The artifact folder '{root}' cannot be used: {error}"
                ))
            })
        })
        .await
    }

    /// Takes it out of sight in one step first, so that nobody sees half of a folder.
    fn remove(&self, path: &ArtifactPath) -> io::Result<()> {
        let root = self.open()?;
        let (parent, name) = split(path)?;
        let parent = self.folder(&parent)?;
        if !parent.symlink_metadata(name)?.is_dir() {
            parent.remove_file(name)?;
            return sync_folder(&parent);
        }
        let trash = staging_folder(&root)?;
        let removed = Uuid::new_v4().simple().to_string();
        match parent.rename(name, &trash, &removed) {
            // Another file system is mounted here.
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                parent.remove_dir_all(name)?;
                sync_folder(&parent)
            }
            renamed => {
                renamed?;
                sync_folder(&parent)?;
                remove_any(&trash, OsStr::new(&removed))
            }
        }
    }
}
