//! Writing a bundle, from front to back.

use std::collections::HashSet;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::forms::Line;
use super::{
    Artifact, FORMAT, Hash, MANIFEST, MANIFEST_HASH, Manifest, OBJECT, OBJECTS, Page, PageKind,
    README, UNPACKED, VERSION,
};
use crate::{Count, Error, Result};

/// After how many bytes, before they are compressed, a page ends.
const PAGE: usize = 4 << 20;
/// How large the pieces of an artifact are.
const PIECE: usize = 8 << 20;
/// Hashes that are remembered, to store once what comes twice: 64 MiB of them at most.
const REMEMBERED: usize = 1 << 20;

const ABOUT: &str = "\
This is a bundle of a Tidemill tracking server: experiments, runs, metrics, models, and, where they
were asked for, artifacts. `tidemill import` and `tidemill restore` read it. It can be read by hand:

manifest.json    the pages in their order: what kind of things each holds (\"kind\"), how many
                 lines it has, and the SHA-256 of the object that it is in.
objects/SHA256   one object each. An object that is a page is compressed by gzip; unpacked, each of
                 its lines is one thing, as JSON. The other objects are pieces of artifacts, as they
                 are; lines of the pages of artifacts say which pieces make which file.
manifest.sha256  the SHA-256 of manifest.json.

Times are milliseconds since 1970-01-01, UTC. Runs come in pieces: a line \"run\", lines \"points\"
whose points are [step, time, value], and a line \"end\". Values that JSON has no number for are the
texts \"NaN\", \"Infinity\" and \"-Infinity\".
";

/// A bundle on its way.
pub(super) struct Writer<W: Write> {
    tar: Builder<W>,
    remembered: HashSet<Hash>,
    pages: Vec<Page>,
    made_at: i64,
}

/// Lines of one kind, gathered to a page.
pub(super) struct Gather {
    kind: PageKind,
    text: Vec<u8>,
    lines: u64,
    /// How many pages were written.
    pages: usize,
}

impl<W: Write> Writer<W> {
    /// Begins. `made_at` is in milliseconds since the epoch.
    pub(super) fn new(out: W, made_at: i64) -> Result<Self> {
        let mut writer = Self {
            tar: Builder::new(out),
            remembered: HashSet::new(),
            pages: Vec::new(),
            made_at,
        };
        writer.entry(README, ABOUT.as_bytes())?;
        Ok(writer)
    }

    /// Adds a line to a page, which is written when it is full.
    pub(super) fn add(&mut self, page: &mut Gather, line: &impl Line) -> Result<()> {
        let before = page.text.len();
        line.to_json(&mut page.text)
            .map_err(|error| Error::Bundle(format!("A line cannot be written: {error}")))?;
        page.text.push(b'\n');
        page.lines += 1;
        if (page.text.len() - before) as u64 > UNPACKED / 2 {
            return Err(Error::Bundle(String::from(
                "One thing is larger than a page of a bundle may be.",
            )));
        }
        match page.text.len() >= PAGE {
            true => self.page(page),
            false => Ok(()),
        }
    }

    /// Writes what is left of a page.
    pub(super) fn end(&mut self, mut page: Gather) -> Result<()> {
        match page.lines {
            0 => Ok(()),
            _ => self.page(&mut page),
        }
    }

    fn page(&mut self, page: &mut Gather) -> Result<()> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&page.text).map_err(failed)?;
        let packed = packed.finish().map_err(failed)?;
        if packed.len() as u64 > OBJECT {
            return Err(Error::Bundle(String::from(
                "One thing is larger than an object of a bundle may be.",
            )));
        }
        let sha256 = self.object(&packed)?;
        self.pages.push(Page {
            kind: page.kind,
            sha256,
            bytes: packed.len() as u64,
            lines: page.lines,
        });
        page.text.clear();
        page.lines = 0;
        page.pages += 1;
        Ok(())
    }

    /// Writes an artifact, a piece after the other.
    pub(super) fn artifact(
        &mut self,
        page: &mut Gather,
        path: &str,
        bytes: &mut dyn Read,
    ) -> Result<u64> {
        let mut artifact = Artifact {
            path: path.to_owned(),
            bytes: 0,
            objects: Vec::new(),
        };
        let mut piece = Vec::new();
        loop {
            piece.clear();
            let read = bytes.take(PIECE as u64).read_to_end(&mut piece);
            let read = read.map_err(|error| {
                Error::Bundle(format!("The artifact {path} cannot be read: {error}"))
            })?;
            if read == 0 {
                break;
            }
            artifact.bytes += read as u64;
            artifact.objects.push(self.object(&piece)?);
        }
        self.add(page, &artifact)?;
        Ok(artifact.bytes)
    }

    fn object(&mut self, bytes: &[u8]) -> Result<Hash> {
        let hash = Hash::of(bytes);
        if !self.remembered.contains(&hash) {
            if self.remembered.len() < REMEMBERED {
                self.remembered.insert(hash);
            }
            self.entry(&format!("{OBJECTS}{hash}"), bytes)?;
        }
        Ok(hash)
    }

    /// Writes the manifest, and gives back what was written to.
    pub(super) fn finish(mut self, source: String, left_out: Vec<Count>) -> Result<W> {
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: self.made_at,
            source,
            pages: std::mem::take(&mut self.pages),
            left_out,
        };
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| Error::Bundle(format!("The manifest cannot be written: {error}")))?;
        self.entry(MANIFEST, &text)?;
        self.entry(MANIFEST_HASH, format!("{}\n", Hash::of(&text)).as_bytes())?;
        self.tar.into_inner().map_err(failed)
    }

    fn entry(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(self.made_at.unsigned_abs() / 1000);
        header.set_size(bytes.len() as u64);
        self.tar
            .append_data(&mut header, name, bytes)
            .map_err(failed)
    }
}

impl Gather {
    pub(super) fn new(kind: PageKind) -> Self {
        Self {
            kind,
            text: Vec::new(),
            lines: 0,
            pages: 0,
        }
    }

    /// Where the next line will be: on which page, and on which of its lines.
    pub(super) fn place(&self) -> (usize, usize) {
        (
            self.pages,
            usize::try_from(self.lines).unwrap_or(usize::MAX),
        )
    }
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by this")]
fn failed(error: std::io::Error) -> Error {
    Error::Bundle(format!("The bundle cannot be written: {error}"))
}
