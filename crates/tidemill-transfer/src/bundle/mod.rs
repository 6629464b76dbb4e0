//! A bundle: everything of a store in one file that can be read without us.
//!
//! It is a tar archive. Everything in it is an object, named by the SHA-256 of its bytes, so that
//! what is there twice is stored once and nothing can change unseen.
//!
//! | entry | what it is |
//! | --- | --- |
//! | `README.txt` | what this is, for whoever finds it in ten years |
//! | `objects/<sha256>` | a page (JSON, one thing a line, compressed by gzip), or a piece of an artifact as it is |
//! | `manifest.json` | the pages in order, by kind, with how much is in each |
//! | `manifest.sha256` | the SHA-256 of the manifest |
//!
//! It is written from front to back, so it may go through a pipe, and read from its manifest on,
//! so it must be a file then.

mod artifacts;
mod check;
mod forms;
mod pack;
mod read;
mod write;

use serde::{Deserialize, Serialize};
use tidemill_core::runs::RunId;

use crate::Count;
use crate::digests::ReadRun;

pub use artifacts::{ArtifactFiles, TakeFile};
pub use check::BundleReport;
pub(crate) use forms::Line;
pub(crate) use pack::now;
pub use pack::{PackReport, pack};
pub use read::Bundle;
pub(crate) use read::Lines;

const FORMAT: &str = "tidemill-bundle";
/// Of the forms of pages and manifest. A reader refuses what is newer.
const VERSION: u32 = 1;
const README: &str = "README.txt";
const MANIFEST: &str = "manifest.json";
const MANIFEST_HASH: &str = "manifest.sha256";
const OBJECTS: &str = "objects/";

/// The largest object there may be.
const OBJECT: u64 = 64 << 20;
/// The largest page there may be when it is unpacked.
const UNPACKED: u64 = 512 << 20;

/// What a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PageKind {
    /// Experiments, by number.
    Experiments,
    /// Runs in pieces, each run from its first to its last; one may go over several pages.
    Runs,
    /// Where each run begins, and its digest.
    RunIndex,
    /// Logged models, by id.
    LoggedModels,
    /// Registered models with their versions, by name.
    RegisteredModels,
    /// Artifacts, by path, with the objects that their bytes are in.
    Artifacts,
}

/// The list of everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: String,
    version: u32,
    /// The version of Tidemill that wrote it.
    made_by: String,
    /// Milliseconds since the epoch.
    made_at: i64,
    /// What it was made from.
    source: String,
    pages: Vec<Page>,
    /// What the source had of kinds that are not in here.
    left_out: Vec<Count>,
}

/// A page in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    kind: PageKind,
    /// The object that it is in.
    sha256: Hash,
    /// Bytes of that object.
    bytes: u64,
    lines: u64,
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunPlace {
    pub(crate) run_id: String,
    pub(crate) experiment_id: i64,
    /// Milliseconds since the epoch.
    pub(crate) start_time: i64,
    /// Of its content, in hexadecimal digits.
    pub(crate) digest: String,
    /// Which of the pages of runs it begins on, from 0.
    pub(crate) page: usize,
    /// On which line of that page, from 0.
    pub(crate) line: usize,
}

/// An artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Artifact {
    /// Below the destination for artifacts, with slashes.
    path: String,
    bytes: u64,
    /// The objects that its bytes are in, one after the other.
    objects: Vec<Hash>,
}

impl ReadRun {
    /// What the index of a bundle says of it.
    fn at(self, (page, line): (usize, usize)) -> RunPlace {
        RunPlace {
            run_id: self.id.0,
            experiment_id: self.experiment_id.0,
            start_time: self.start_time,
            digest: format!("{:032x}", self.digest),
            page,
            line,
        }
    }
}

impl RunPlace {
    pub(crate) fn id(&self) -> RunId {
        RunId(self.run_id.clone())
    }

    /// The digest as a number.
    pub(crate) fn digest(&self) -> Option<u128> {
        u128::from_str_radix(&self.digest, 16).ok()
    }
}

/// A SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    fn of(bytes: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.as_ref());
        Self(hash)
    }

    /// Of the 64 small hexadecimal digits that [`std::fmt::Display`] writes, and of nothing else.
    fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        let is_plain = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 64 || !text.bytes().all(is_plain) {
            return None;
        }
        for (place, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the 64 digits of a SHA-256")
    }
}
