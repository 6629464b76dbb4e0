//! Download.

use std::io::{self, Read, Seek, SeekFrom};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use cap_std::fs::{File, Metadata as FileMetadata, MetadataExt};
use futures::StreamExt;
use futures::stream;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::{Error, Result};

use super::Tree;
use super::errors::{is_a_folder, no_such_artifact, read_error};
use crate::blocking::off_the_async_threads;
use crate::get::{Body, Content, Decision, GetOptions, Got, Metadata};

/// Size of the pieces given out. One is read ahead of the one being sent.
const PIECE: u64 = 256 * 1024;

impl Tree {
    pub(crate) async fn get(&self, path: &ArtifactPath, options: GetOptions) -> Result<Got> {
        let (tree, path) = (self.clone(), path.clone());
        off_the_async_threads(move || start(&tree, &path, &options)).await
    }

    pub(crate) async fn head(&self, path: &ArtifactPath) -> Result<Metadata> {
        let (tree, path) = (self.clone(), path.clone());
        off_the_async_threads(move || open(&tree, &path).map(|(_, metadata)| metadata)).await
    }
}

/// Opens the file and reads the first piece, in one visit to the disk.
fn start(tree: &Tree, path: &ArtifactPath, options: &GetOptions) -> Result<Got> {
    let (file, metadata) = open(tree, path)?;
    let range = match options.decide(&metadata) {
        Decision::NotModified => return Ok(Got::NotModified(metadata)),
        Decision::RangeNotSatisfiable => return Ok(Got::RangeNotSatisfiable(metadata)),
        Decision::Send(range) => range,
    };
    let mut reader = Reader {
        file,
        left: range.end - range.start,
    };
    if range.start > 0 {
        let seek = reader.file.seek(SeekFrom::Start(range.start));
        seek.map_err(Error::internal)?;
    }
    let first = reader.next_piece().map_err(Error::internal)?;
    Ok(Got::Content(Content {
        metadata,
        range,
        body: body(first, reader),
    }))
}

fn open(tree: &Tree, path: &ArtifactPath) -> Result<(File, Metadata)> {
    if Tree::is_reserved(path) {
        return Err(no_such_artifact(path));
    }
    if path.is_root() {
        return Err(is_a_folder(path));
    }
    let file = tree.file(path).map_err(|error| read_error(path, error))?;
    let metadata = file.metadata().map_err(Error::internal)?;
    if metadata.is_dir() {
        return Err(is_a_folder(path));
    }
    if !metadata.is_file() {
        return Err(no_such_artifact(path));
    }
    Ok((file, described(&metadata)?))
}

fn described(file: &FileMetadata) -> Result<Metadata> {
    let last_modified = file.modified().map_err(Error::internal)?.into_std();
    let nanos = last_modified
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    Ok(Metadata {
        size: file.len(),
        etag: Some(format!("\"{:x}-{nanos:x}-{:x}\"", file.ino(), file.len())),
        last_modified,
    })
}

/// What is left to send of an open file. Replacing the artifact does not touch it.
struct Reader {
    file: File,
    left: u64,
}

impl Reader {
    fn next_piece(&mut self) -> io::Result<Bytes> {
        let length = self.left.min(PIECE);
        let mut piece = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        (&mut self.file).take(length).read_to_end(&mut piece)?;
        if (piece.len() as u64) < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= length;
        Ok(piece.into())
    }
}

fn body(first: Bytes, reader: Reader) -> Body {
    if reader.left == 0 {
        return stream::once(async { Ok(first) }).boxed();
    }
    let rest = stream::unfold(Some(reader), |reader| async {
        let mut reader = reader.filter(|reader| reader.left > 0)?;
        let read = off_the_async_threads(move || {
            let piece = reader.next_piece().map_err(Error::internal)?;
            Ok((piece, reader))
        });
        Some(match read.await {
            Ok((piece, reader)) => (Ok(piece), Some(reader)),
            Err(error) => (Err(error), None),
        })
    });
    stream::once(async { Ok(first) }).chain(rest).boxed()
}
