//! Runs, piece by piece.

use tidemill_core::runs::RunId;
use tidemill_core::transfer::RunPiece;
use tidemill_core::transfer::digest::RunDigest;
use tidemill_store::MlflowPage;

use crate::Result;

/// Writes runs from their pieces.
pub(super) struct Runs<'p, 't> {
    page: &'p mut MlflowPage<'t>,
    current: Option<(RunId, RunDigest)>,
    /// Ids and digests of those that have come to their end.
    pub(super) done: Vec<(String, u128)>,
    /// How many points were written.
    pub(super) points: u64,
}

impl<'p, 't> Runs<'p, 't> {
    pub(super) fn new(page: &'p mut MlflowPage<'t>) -> Self {
        Self {
            page,
            current: None,
            done: Vec::new(),
            points: 0,
        }
    }

    pub(super) fn add(&mut self, piece: RunPiece) -> Result<()> {
        match (piece, &mut self.current) {
            (RunPiece::Run(carried), current) => {
                self.page.add_run(&carried)?;
                *current = Some((carried.run.info.id.clone(), RunDigest::new(&carried)));
            }
            // From a database of ours a metric comes as one piece, with each point once.
            (RunPiece::Points { key, points }, Some((run, digest))) => {
                self.points += points.len() as u64;
                digest.add(&key, &points);
                self.page.add_metric(run.as_str(), key, points)?;
            }
            (RunPiece::End { .. }, current) => {
                let ended = current.take();
                self.done
                    .extend(ended.map(|(id, digest)| (id.0, digest.finish())));
            }
            (RunPiece::Points { .. }, None) => {}
        }
        Ok(())
    }
}
