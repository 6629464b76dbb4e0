//! Listing of a folder.

use std::io;

use cap_std::fs::DirEntry;
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
        for entry in self.folder(path)?.entries()? {
            match described(&entry?, shown) {
                // Removed since the folder was read.
                Err(error) if is_absent(&error) => {}
                described => described?
                    .into_iter()
                    .for_each(|entry| collector.add(entry)),
            }
        }
        Ok(())
    }
}

/// Files and folders with names that can be asked for; links and devices are not artifacts.
fn described(entry: &DirEntry, folder: &ArtifactPath) -> io::Result<Option<FileInfo>> {
    let kind = entry.file_type()?;
    let name = entry.file_name();
    let Some(name) = name.to_str().filter(|name| !is_hidden(name)) else {
        return Ok(None);
    };
    let path = if folder.is_root() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    };
    Ok(match (kind.is_dir(), kind.is_file()) {
        (true, _) => Some(FileInfo {
            path,
            is_dir: true,
            file_size: None,
        }),
        (_, true) => Some(FileInfo {
            path,
            is_dir: false,
            file_size: Some(entry.metadata()?.len()),
        }),
        _ => None,
    })
}
