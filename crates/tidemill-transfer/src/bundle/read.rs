//! Reading a bundle. Nothing in it is believed: every object is held against its hash, every size
//! has a bound, and no name in it is a path of ours.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use super::forms::Line;
use super::{
    FORMAT, Hash, MANIFEST, MANIFEST_HASH, Manifest, OBJECT, OBJECTS, Page, PageKind, README,
    UNPACKED, VERSION,
};
use crate::{Count, Error, Result};

/// A bundle in a file.
pub struct Bundle {
    file: BufReader<File>,
    /// Where each object begins, and how long it is.
    objects: HashMap<Hash, (u64, u64)>,
    manifest: Manifest,
    hash: Hash,
}

/// Where an entry of the archive is.
type Place = (u64, u64);

/// An unpacked page.
pub(crate) struct Lines {
    text: String,
    /// Where each line begins; the last is the end.
    starts: Vec<usize>,
}

impl Bundle {
    /// Opens a bundle, and reads its manifest. `None` when it is something else.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let unread = |error: std::io::Error| {
            Error::Bundle(format!("{} cannot be read: {error}", path.display()))
        };
        let file = File::open(path).map_err(unread)?;
        let length = file.metadata().map_err(unread)?.len();
        let mut file = BufReader::new(file);
        if !is_tar(&mut file).map_err(unread)? {
            return Ok(None);
        }
        let listed = list(&mut file, length)?;
        if !listed.is_bundle {
            return Ok(None);
        }
        let (Some(manifest), Some(hash)) = (listed.manifest, listed.hash) else {
            return Err(broken(
                "it ends before its manifest: it was not written whole",
            ));
        };
        let manifest = bytes(&mut file, manifest)?;
        let given = bytes(&mut file, hash)?;
        let hash = Hash::of(&manifest);
        let is_same = std::str::from_utf8(&given)
            .is_ok_and(|given| Hash::parse(given.trim_end()) == Some(hash));
        if !is_same {
            return Err(broken("its manifest is not as it was written"));
        }
        let manifest = manifest_of(&manifest)?;
        Ok(Some(Self {
            file,
            objects: listed.objects,
            manifest,
            hash,
        }))
    }

    /// What it is, wherever the file lies: the same for the same content.
    pub fn name(&self) -> String {
        format!("bundle {}", self.hash)
    }

    /// What it was made from.
    pub fn source(&self) -> &str {
        &self.manifest.source
    }

    /// When it was made, in milliseconds since the epoch.
    pub fn made_at(&self) -> i64 {
        self.manifest.made_at
    }

    /// What was left out when it was made.
    pub fn left_out(&self) -> &[Count] {
        &self.manifest.left_out
    }

    /// Whether files of artifacts are in it.
    pub fn has_artifacts(&self) -> bool {
        self.count(PageKind::Artifacts) > 0
    }

    /// The pages of a kind, in order.
    pub(crate) fn pages(&self, kind: PageKind) -> Vec<Page> {
        let pages = self.manifest.pages.iter();
        pages.filter(|page| page.kind == kind).cloned().collect()
    }

    /// How many lines there are of a kind.
    pub(crate) fn count(&self, kind: PageKind) -> u64 {
        let pages = self.manifest.pages.iter();
        pages
            .filter(|page| page.kind == kind)
            .fold(0, |sum, page| sum.saturating_add(page.lines))
    }

    /// Whether an object is there.
    pub(super) fn has(&self, hash: &Hash) -> bool {
        self.objects.contains_key(hash)
    }

    /// The hashes of all objects.
    pub(super) fn hashes(&self) -> Vec<Hash> {
        self.objects.keys().copied().collect()
    }

    /// An object, as it was written.
    pub(super) fn object(&mut self, hash: &Hash) -> Result<Vec<u8>> {
        let Some(place) = self.objects.get(hash) else {
            return Err(broken(&format!("the object {hash} is missing")));
        };
        let bytes = bytes(&mut self.file, *place)?;
        match Hash::of(&bytes) == *hash {
            true => Ok(bytes),
            false => Err(broken(&format!(
                "the object {hash} is not as it was written"
            ))),
        }
    }

    /// A page, unpacked.
    pub(crate) fn page(&mut self, page: &Page) -> Result<Lines> {
        let packed = self.object(&page.sha256)?;
        let broken = |why: &str| broken(&format!("the page {}: {why}", page.sha256));
        let mut text = String::new();
        MultiGzDecoder::new(&packed[..])
            .take(UNPACKED + 1)
            .read_to_string(&mut text)
            .map_err(|error| broken(&error.to_string()))?;
        if text.len() as u64 > UNPACKED {
            return Err(broken("it is larger than a page may be"));
        }
        let mut starts = vec![0];
        starts.extend(
            text.bytes()
                .enumerate()
                .filter_map(|(at, byte)| (byte == b'\n').then_some(at + 1)),
        );
        let lines = Lines { text, starts };
        match lines.len() as u64 == page.lines && lines.ends_well() {
            true => Ok(lines),
            false => Err(broken(
                "it has another number of lines than the manifest says",
            )),
        }
    }
}

impl Lines {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn ends_well(&self) -> bool {
        self.starts.last() == Some(&self.text.len())
    }

    /// A line as what it says; `None` after the last.
    pub(crate) fn get<L: Line>(&self, line: usize) -> Option<Result<L>> {
        let range = *self.starts.get(line)?..*self.starts.get(line + 1)?;
        let text = self.text.get(range)?;
        Some(L::from_json(text).map_err(|error| broken(&format!("a line cannot be read: {error}"))))
    }
}

/// What an archive has.
#[derive(Default)]
struct Listed {
    is_bundle: bool,
    objects: HashMap<Hash, Place>,
    manifest: Option<Place>,
    hash: Option<Place>,
}

fn is_tar(file: &mut BufReader<File>) -> std::io::Result<bool> {
    let mut start = Vec::new();
    file.take(262).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(start.ends_with(b"ustar"))
}

/// Where everything is. Only plain files with our names are in a bundle: links, folders, sparse
/// files and long names are not.
fn list(file: &mut BufReader<File>, length: u64) -> Result<Listed> {
    let unlisted = |error: std::io::Error| broken(&error.to_string());
    let mut listed = Listed::default();
    let mut archive = Archive::new(file);
    let entries = archive.entries_with_seek().map_err(unlisted)?.raw(true);
    for entry in entries {
        let entry = entry.map_err(unlisted)?;
        let name = entry.path_bytes().into_owned();
        let name = std::str::from_utf8(&name).unwrap_or_default();
        let place = (entry.raw_file_position(), entry.size());
        if !listed.is_bundle && name != README {
            return Ok(listed);
        }
        let is_inside = place
            .0
            .checked_add(place.1)
            .is_some_and(|end| end <= length);
        if entry.header().entry_type() != EntryType::Regular || !is_inside {
            return Err(broken(&format!(
                "{name:?} is no plain file, or not all there"
            )));
        }
        if place.1 > OBJECT {
            return Err(broken(&format!("{name:?} is larger than it may be")));
        }
        let is_new = match name {
            README => !std::mem::replace(&mut listed.is_bundle, true),
            MANIFEST => listed.manifest.replace(place).is_none(),
            MANIFEST_HASH => listed.hash.replace(place).is_none(),
            name => match name.strip_prefix(OBJECTS).and_then(Hash::parse) {
                Some(hash) => {
                    listed.objects.entry(hash).or_insert(place);
                    true
                }
                None => return Err(broken(&format!("{name:?} does not belong there"))),
            },
        };
        if !is_new {
            return Err(broken(&format!("{name} is there twice")));
        }
    }
    Ok(listed)
}

fn bytes(file: &mut BufReader<File>, (start, length): Place) -> Result<Vec<u8>> {
    let unread = |error: std::io::Error| broken(&error.to_string());
    file.seek(SeekFrom::Start(start)).map_err(unread)?;
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| broken("it is too large"))?];
    file.read_exact(&mut bytes).map_err(unread)?;
    Ok(bytes)
}

fn manifest_of(text: &[u8]) -> Result<Manifest> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let unread =
        |error: serde_json::Error| broken(&format!("its manifest cannot be read: {error}"));
    let head: Head = serde_json::from_slice(text).map_err(unread)?;
    if head.format != FORMAT {
        return Err(broken("its manifest is of another format"));
    }
    if head.version != VERSION {
        return Err(Error::Bundle(format!(
            "The bundle has version {}, and this program reads version {VERSION}: use a newer one.",
            head.version
        )));
    }
    serde_json::from_slice(text).map_err(unread)
}

/// What is said of a bundle that cannot be used.
pub(super) fn broken(why: &str) -> Error {
    Error::Bundle(format!("The bundle is damaged: {why}."))
}
