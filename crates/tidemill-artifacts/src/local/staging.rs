//! A file on its way into the store.

use std::io::{self, ErrorKind, Write};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cap_fs_ext::DirExt;
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt, DirEntry, File, OpenOptions};
use tidemill_core::artifact_path::ArtifactPath;
use uuid::Uuid;

use super::tree::{STAGING, create_folder, split, sync_folder};

/// Uploads older than this were cut off by a crash.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// How much may be waiting for the disk before it is pushed there while more arrives, so that
/// the last flush of a large upload is short.
const FLUSH_EVERY: u64 = 16 * 1024 * 1024;

/// An upload in the private folder. Dropping it removes it.
pub(super) struct Staged {
    root: Dir,
    folder: Dir,
    name: String,
    file: Option<File>,
    size: u64,
    unflushed: u64,
}

impl Staged {
    pub(super) fn create(root: Dir) -> io::Result<Self> {
        let folder = staging_folder(&root)?;
        let name = Uuid::new_v4().simple().to_string();
        let file = folder.open_with(&name, OpenOptions::new().write(true).create_new(true))?;
        Ok(Self {
            root,
            folder,
            name,
            file: Some(file),
            size: 0,
            unflushed: 0,
        })
    }

    pub(super) fn write(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Err(ErrorKind::BrokenPipe.into());
        };
        // Not one call for all of them: the kernel takes larger pages for larger writes, which
        // cost twice the time on a virtual machine whose host has yet to give it the memory.
        for piece in pieces {
            file.write_all(piece)?;
            self.size += piece.len() as u64;
            self.unflushed += piece.len() as u64;
        }
        Ok(())
    }

    /// The file, when enough of it is waiting for the disk.
    pub(super) fn due_for_flush(&mut self) -> io::Result<Option<File>> {
        match &self.file {
            Some(file) if self.unflushed >= FLUSH_EVERY => {
                self.unflushed = 0;
                file.try_clone().map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Puts the file on disk and into place, and says how large it is.
    pub(super) fn publish(mut self, path: &ArtifactPath) -> io::Result<u64> {
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        let (parent, name) = split(path)?;
        let parent = create_folder(&self.root, &parent)?;
        self.folder.rename(&self.name, &parent, name)?;
        self.name.clear();
        sync_folder(&parent)?;
        Ok(self.size)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.name.is_empty()
            && let Err(error) = self.folder.remove_file(&self.name)
        {
            tracing::warn!(%error, "could not remove a cut upload");
        }
    }
}

/// The private folder, for us alone.
pub(super) fn staging_folder(root: &Dir) -> io::Result<Dir> {
    let mut private = DirBuilder::new();
    private.mode(0o700);
    match root.create_dir_with(STAGING, &private) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => root.open_dir_nofollow(STAGING),
    }
}

/// The private folder, if there is one yet.
pub(super) fn staged(root: &Dir) -> io::Result<Option<Dir>> {
    match root.open_dir_nofollow(STAGING) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

/// Removes what crashes have left behind.
pub(super) fn sweep(root: &Dir) -> io::Result<()> {
    let Some(folder) = staged(root)? else {
        return Ok(());
    };
    for entry in folder.entries()? {
        match sweep_one(&folder, &entry?) {
            // Another replica sweeps the same folder.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            swept => swept?,
        }
    }
    Ok(())
}

fn sweep_one(folder: &Dir, entry: &DirEntry) -> io::Result<()> {
    match stale(entry)? {
        true => remove_any(folder, &entry.file_name()),
        false => Ok(()),
    }
}

/// Whether nobody writes to an upload any more.
pub(super) fn stale(entry: &DirEntry) -> io::Result<bool> {
    let modified = entry.metadata()?.modified()?.into_std();
    let age = SystemTime::now()
        .duration_since(modified)
        .unwrap_or_default();
    Ok(age > STALE)
}

/// Removes a file, a link (not what it names) or a folder with all it holds.
pub(super) fn remove_any(folder: &Dir, name: &std::ffi::OsStr) -> io::Result<()> {
    if folder.symlink_metadata(name)?.is_dir() {
        folder.remove_dir_all(name)
    } else {
        folder.remove_file(name)
    }
}
