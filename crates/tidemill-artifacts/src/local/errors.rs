//! What failures of the file system mean to a caller.

use std::io::{self, ErrorKind};

use tidemill_core::Error;
use tidemill_core::artifact_path::{ArtifactPath, invalid_path};

/// A path that is not there. Links count as absent, since they lead nowhere, and so do names
/// that the disk could not hold.
pub(super) fn is_absent(error: &io::Error) -> bool {
    let absent = [
        ErrorKind::NotFound,
        ErrorKind::NotADirectory,
        ErrorKind::InvalidFilename,
    ];
    absent.contains(&error.kind()) || is_link(error)
}

pub(super) fn no_such_artifact(path: &ArtifactPath) -> Error {
    Error::not_found(format!("No such artifact: '{path}'"))
}

pub(super) fn is_a_folder(path: &ArtifactPath) -> Error {
    Error::invalid_parameter(format!(
        "Artifact path refers to a directory, not a file: '{path}'"
    ))
}

/// A failed read.
pub(super) fn read_error(path: &ArtifactPath, error: io::Error) -> Error {
    if is_absent(&error) {
        no_such_artifact(path)
    } else {
        Error::internal(error)
    }
}

/// A failed write.
pub(super) fn write_error(path: &ArtifactPath, error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::IsADirectory | ErrorKind::DirectoryNotEmpty => is_a_folder(path),
        ErrorKind::NotADirectory | ErrorKind::InvalidFilename => invalid_path(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            Error::unavailable("There is no space left in the artifact store.")
        }
        ErrorKind::ReadOnlyFilesystem => Error::unavailable("The artifact store is read-only."),
        _ if is_link(&error) => invalid_path(),
        _ => Error::internal(error),
    }
}

/// `ELOOP`, the answer to opening a link that must not be followed; std has no stable name for
/// it.
fn is_link(error: &io::Error) -> bool {
    const ELOOP: i32 = if cfg!(target_os = "linux") { 40 } else { 62 };
    error.raw_os_error() == Some(ELOOP)
}
