//! Sizes of folders.

use std::ffi::OsString;
use std::io;
use std::rc::Rc;

use cap_fs_ext::DirExt;
use cap_std::fs::{Dir, Metadata};
use tidemill_core::Result;
use tidemill_core::artifact_path::ArtifactPath;

use super::Tree;
use super::errors::{is_absent, read_error};
use super::staging::{staged, stale};
use crate::blocking::off_the_async_threads;
use crate::usage::Usage;

impl Tree {
    /// What is in a folder, links uncounted and unfollowed; nothing in one that is missing.
    pub(crate) async fn usage(&self, path: &ArtifactPath) -> Result<Usage> {
        let (tree, path) = (self.clone(), path.clone());
        off_the_async_threads(move || match tree.folder(&path).and_then(measure) {
            Err(error) if is_absent(&error) => Ok(Usage::default()),
            measured => measured.map_err(|error| read_error(&path, error)),
        })
        .await
    }

    /// What is left of uploads that a crash has cut off.
    pub(crate) async fn cut_uploads(&self) -> Result<Usage> {
        let tree = self.clone();
        off_the_async_threads(
            move || match tree.open().and_then(|root| measure_stale(&root)) {
                Err(error) if is_absent(&error) => Ok(Usage::default()),
                measured => measured.map_err(|error| read_error(&ArtifactPath::root(), error)),
            },
        )
        .await
    }
}

fn measure(folder: Dir) -> io::Result<Usage> {
    let mut usage = Usage::default();
    usage.saw(changed(&folder.dir_metadata()?));
    let mut waiting: Vec<(Rc<Dir>, OsString)> = Vec::new();
    let mut next = Some(Rc::new(folder));
    while let Some(folder) = next {
        for entry in folder.entries()? {
            let entry = entry?;
            let metadata = match entry.metadata() {
                // Removed since the folder was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata?,
            };
            match metadata.is_dir() {
                true => {
                    usage.saw(changed(&metadata));
                    waiting.push((Rc::clone(&folder), entry.file_name()));
                }
                false => usage.add_file(metadata.len(), changed(&metadata)),
            }
        }
        next = open_next(&mut waiting)?;
    }
    Ok(usage)
}

/// The next folder that is still there.
fn open_next(waiting: &mut Vec<(Rc<Dir>, OsString)>) -> io::Result<Option<Rc<Dir>>> {
    while let Some((parent, name)) = waiting.pop() {
        match parent.open_dir_nofollow(&name) {
            Err(error) if is_absent(&error) => {}
            opened => return opened.map(Rc::new).map(Some),
        }
    }
    Ok(None)
}

fn changed(metadata: &Metadata) -> Option<std::time::SystemTime> {
    Some(metadata.modified().ok()?.into_std())
}

fn measure_stale(root: &Dir) -> io::Result<Usage> {
    let mut usage = Usage::default();
    let Some(folder) = staged(root)? else {
        return Ok(usage);
    };
    for entry in folder.entries()? {
        let entry = entry?;
        if !stale(&entry)? {
            continue;
        }
        match entry.metadata()?.is_dir() {
            true => usage += measure(folder.open_dir_nofollow(entry.file_name())?)?,
            false => usage.add_file(entry.metadata()?.len(), None),
        }
    }
    Ok(usage)
}
