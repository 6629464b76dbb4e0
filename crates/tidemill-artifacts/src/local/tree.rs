//! The opened root and the walk from it.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use tidemill_core::artifact_path::ArtifactPath;

/// Where uploads wait until they are whole. The name is refused in every path.
pub(super) const STAGING: &str = ".tidemill-uploads";

/// A folder of this machine. It is opened anew for each use, so it may be moved or mounted
/// while the server runs.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a path may be used at all.
    pub(super) fn is_reserved(path: &ArtifactPath) -> bool {
        path.segments().any(is_hidden)
    }

    pub(super) fn open(&self) -> io::Result<Dir> {
        Dir::open_ambient_dir(&self.root, ambient_authority())
    }

    pub(super) fn open_or_create(&self) -> io::Result<Dir> {
        self.open().or_else(|error| match error.kind() {
            ErrorKind::NotFound => {
                std::fs::create_dir_all(&self.root)?;
                self.open()
            }
            _ => Err(error),
        })
    }

    /// The folder at `path`.
    pub(super) fn folder(&self, path: &ArtifactPath) -> io::Result<Dir> {
        path.segments()
            .try_fold(self.open()?, |folder, name| folder.open_dir_nofollow(name))
    }

    /// The file at `path`, for reading. A pipe does not make this wait.
    pub(super) fn file(&self, path: &ArtifactPath) -> io::Result<File> {
        let (parent, name) = split(path)?;
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        self.folder(&parent)?.open_with(name, &options)
    }
}

/// The folder at `path` below `root`, made and put on disk where it is missing.
pub(super) fn create_folder(root: &Dir, path: &ArtifactPath) -> io::Result<Dir> {
    path.segments().try_fold(root.try_clone()?, |folder, name| {
        match folder.open_dir_nofollow(name) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                create_one(&folder, name)?;
                folder.open_dir_nofollow(name)
            }
            opened => opened,
        }
    })
}

fn create_one(folder: &Dir, name: &str) -> io::Result<()> {
    match folder.create_dir(name) {
        // Another upload was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(folder),
    }
}

/// Puts a folder's entries on disk.
pub(super) fn sync_folder(folder: &Dir) -> io::Result<()> {
    folder.open(".")?.sync_all()
}

/// Parent and name; the root has neither.
pub(super) fn split(path: &ArtifactPath) -> io::Result<(ArtifactPath, &str)> {
    path.parent()
        .zip(path.file_name())
        .ok_or_else(|| ErrorKind::IsADirectory.into())
}

/// Names that are never shown or reached: our uploads, and unfinished ones of MLflow's server.
pub(super) fn is_hidden(name: &str) -> bool {
    name == STAGING || name.starts_with(".artifact.uploading.")
}
