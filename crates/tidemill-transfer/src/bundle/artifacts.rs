//! Artifacts in a bundle. Where they come from and go to is for the caller to know.

use std::io::Read;

use super::read::broken;
use super::{Artifact, Bundle, Hash, PageKind};
use crate::Result;

/// Takes a file: its path below the destination for artifacts, and its bytes.
pub type TakeFile<'t> = dyn FnMut(&str, &mut dyn Read) -> Result<()> + 't;

/// Somewhere artifacts are.
pub trait ArtifactFiles {
    /// Hands over every file, by path.
    fn each(&mut self, take: &mut TakeFile<'_>) -> Result<()>;
}

impl ArtifactFiles for Bundle {
    fn each(&mut self, take: &mut TakeFile<'_>) -> Result<()> {
        for page in self.pages(PageKind::Artifacts) {
            let lines = self.page(&page)?;
            for line in 0..lines.len() {
                let Some(artifact) = lines.get::<Artifact>(line).transpose()? else {
                    break;
                };
                let mut pieces = Pieces {
                    bundle: self,
                    hashes: artifact.objects.iter(),
                    piece: Vec::new(),
                    read: 0,
                    left: artifact.bytes,
                };
                take(&artifact.path, &mut pieces)?;
            }
        }
        Ok(())
    }
}

/// The bytes of an artifact, one object after the other.
struct Pieces<'b> {
    bundle: &'b mut Bundle,
    hashes: std::slice::Iter<'b, Hash>,
    piece: Vec<u8>,
    /// Of the piece.
    read: usize,
    /// Of the artifact, beyond the piece.
    left: u64,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.read == self.piece.len() {
            let Some(hash) = self.hashes.next() else {
                return match self.left {
                    0 => Ok(0),
                    _ => Err(std::io::Error::other(broken("an artifact is too short"))),
                };
            };
            self.piece = self.bundle.object(hash).map_err(std::io::Error::other)?;
            self.read = 0;
            let length = self.piece.len() as u64;
            self.left = self
                .left
                .checked_sub(length)
                .ok_or_else(|| std::io::Error::other(broken("an artifact is too long")))?;
        }
        let count = into.len().min(self.piece.len() - self.read);
        into[..count].copy_from_slice(&self.piece[self.read..self.read + count]);
        self.read += count;
        Ok(count)
    }
}
