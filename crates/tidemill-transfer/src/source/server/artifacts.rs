//! Artifacts that a server hands out itself, those at `mlflow-artifacts:`.

use std::io::Read;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tidemill_core::artifact_path::ArtifactPath;

use super::Credentials;
use super::address::Address;
use super::client::Client;
use super::failure::Failure;
use super::json::Int;
use crate::source::copying::{FolderFiles, ListedFile};
use crate::{Error, Result};

const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts";
/// What stays as it is in the path of a URL, beside letters and digits.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// How many folders may be in each other.
const DEPTH: usize = 100;

/// A folder of what a server serves.
pub struct ServerArtifacts {
    client: Arc<Client>,
    folder: ArtifactPath,
}

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    files: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// Within the folder that was asked for.
    path: String,
    #[serde(default)]
    is_dir: bool,
    file_size: Option<Int>,
}

impl ServerArtifacts {
    /// Everything that the server at this address serves, which is taken as that of a source is.
    pub fn open(url: &str, credentials: Credentials) -> Result<Self> {
        Ok(Self::asking(Client::new(Address::new(url, credentials)?)?))
    }

    pub(super) fn asking(client: Client) -> Self {
        Self {
            client: Arc::new(client),
            folder: ArtifactPath::root(),
        }
    }

    /// The folder at this path.
    #[must_use]
    pub fn below(&self, path: &ArtifactPath) -> Self {
        Self {
            client: Arc::clone(&self.client),
            folder: self.folder.join(path),
        }
    }

    /// Every file in this folder and below. A server tells no times.
    pub fn files(&self) -> Result<FolderFiles> {
        let mut found = FolderFiles::default();
        let mut folders = vec![ArtifactPath::root()];
        while let Some(folder) = folders.pop() {
            for entry in self.list(&folder)? {
                let Ok(name) = name(&entry.path) else {
                    found.refused.push(format!("{folder}/{}", entry.path));
                    continue;
                };
                let path = folder.join(&name);
                if !entry.is_dir {
                    found.files.push(ListedFile {
                        path: path.to_string(),
                        size: entry.file_size.map_or(0, |Int(size)| size.cast_unsigned()),
                        changed: None,
                    });
                    continue;
                }
                if path.segments().count() > DEPTH {
                    return Err(Error::Source(format!("{path} is too deep")));
                }
                folders.push(path);
            }
        }
        Ok(found)
    }

    /// One of them, as it comes.
    pub fn file(&self, path: &ArtifactPath) -> Result<impl Read + use<>> {
        let full = self.folder.join(path);
        let full = utf8_percent_encode(full.as_str(), PLAIN);
        Ok(self.client.open(&format!("{ARTIFACTS}/{full}"))?)
    }

    fn list(&self, folder: &ArtifactPath) -> Result<Vec<Entry>> {
        let path = self.folder.join(folder);
        let listing = self.client.get(ARTIFACTS, &[("path", path.as_str())]);
        match listing {
            Ok(Listing { files }) => Ok(files),
            Err(Failure::NotThere(_)) => Ok(Vec::new()),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// One name: a server that lists anything else does not decide where files go.
fn name(text: &str) -> Result<ArtifactPath> {
    let path = ArtifactPath::parse(text)?;
    match path.segments().count() {
        1 => Ok(path),
        _ => Err(Error::Source(format!(
            "the server lists {text:?} where a name should be"
        ))),
    }
}
