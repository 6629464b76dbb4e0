//! Listing of a folder.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::fs::Dir;
use rustix::fs::{self, AtFlags, DirEntry, FileType, Mode, OFlags};
use rustix::io::Errno;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::{Error, Result};

use super::Tree;
use super::errors::is_absent;
use super::tree::is_hidden;
use crate::blocking::off_the_async_threads;
use crate::listing::{Collector, FileInfo, Listing};

impl Tree {
    /// The entries of the folder at `path`; none if it is missing or a file. `shown` is how
    /// the caller names that folder.
    pub(crate) async fn list(
        &self,
        path: &ArtifactPath,
        shown: &ArtifactPath,
        mut collector: Collector,
    ) -> Result<Listing> {
        let (tree, path, shown) = (self.clone(), path.clone(), shown.clone());
        off_the_async_threads(move || match tree.collect(&path, &shown, &mut collector) {
            Ok(()) => Ok(collector.finish()),
            Err(error) if is_absent(&error) => Ok(Listing::default()),
            Err(error) => Err(Error::internal(error)),
        })
        .await
    }

    fn collect(
        &self,
        path: &ArtifactPath,
        shown: &ArtifactPath,
        collector: &mut Collector,
    ) -> io::Result<()> {
        if Self::is_reserved(path) {
            return Ok(());
        }
        let folder = self.folder(path)?;
        let prefix = match shown.is_root() {
            true => String::new(),
            false => format!("{shown}/"),
        };
        for entry in entries(&folder)? {
            let entry = entry?;
            let Some(name) = shown_name(&entry) else {
                continue;
            };
            match kind(&folder, &entry) {
                Ok(Some(kind)) => collector.add(kind.named([&prefix, name].concat())),
                // A link, a pipe or a device, or removed since the folder was read.
                Ok(None) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// The folder's entries; `cap-std`'s own cost a third more.
fn entries(folder: &Dir) -> rustix::io::Result<fs::Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    // `folder` is a place to start from and cannot be read itself.
    fs::Dir::new(fs::openat(folder, ".", flags, Mode::empty())?)
}

/// A name that can be asked for.
fn shown_name(entry: &DirEntry) -> Option<&str> {
    let name = entry.file_name().to_str().ok()?;
    (!matches!(name, "." | "..") && !is_hidden(name)).then_some(name)
}

/// What an artifact is.
enum Kind {
    Folder,
    File {
        size: u64,
        changed: Option<SystemTime>,
    },
}

impl Kind {
    fn named(self, path: String) -> FileInfo {
        match self {
            Self::Folder => FileInfo {
                path,
                is_dir: true,
                file_size: None,
                changed: None,
            },
            Self::File { size, changed } => FileInfo {
                path,
                is_dir: false,
                file_size: Some(size),
                changed,
            },
        }
    }
}

/// None of a time before 1970.
fn written(found: &fs::Stat) -> Option<SystemTime> {
    let seconds = Duration::from_secs(found.st_mtime.try_into().ok()?);
    let nanos = Duration::from_nanos(found.st_mtime_nsec);
    UNIX_EPOCH.checked_add(seconds + nanos)
}

fn kind(folder: &Dir, entry: &DirEntry) -> rustix::io::Result<Option<Kind>> {
    match entry.file_type() {
        FileType::Directory => Ok(Some(Kind::Folder)),
        // Not every file system says in a folder what its entries are.
        FileType::RegularFile | FileType::Unknown => {
            let found = fs::statat(folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
            Ok(match FileType::from_raw_mode(found.st_mode) {
                FileType::Directory => Some(Kind::Folder),
                FileType::RegularFile => Some(Kind::File {
                    size: u64::try_from(found.st_size).unwrap_or_default(),
                    changed: written(&found),
                }),
                _ => None,
            })
        }
        _ => Ok(None),
    }
}
