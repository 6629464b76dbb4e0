//! Runs, a page at a time and piece by piece.

use tidemill_core::runs::RunId;
use tidemill_core::transfer::digest::RunDigest;
use tidemill_core::transfer::{Kind, RunHead, RunPiece};
use tidemill_store::MlflowPage;

use super::{Job, PAGE};
use crate::{Error, Result};

impl Job {
    pub(super) fn runs(&mut self) -> Result<()> {
        let mut after: Option<RunId> = None;
        loop {
            let mut faults = Vec::new();
            let heads = self.source.run_heads(after.as_ref(), PAGE, &mut faults)?;
            self.broken(faults);
            let Some(last) = heads.last() else {
                return Ok(());
            };
            after = Some(last.id.clone());
            self.tally(Kind::Run).read += heads.len() as u64;
            let (left_out, heads): (Vec<_>, Vec<_>) = heads
                .into_iter()
                .partition(|head| self.missing.contains(&head.experiment_id));
            for head in left_out {
                let why = String::from("its experiment cannot be held there");
                self.refused(Kind::Run, head.id.as_str(), why);
            }
            match self.page_of_runs(&heads) {
                Err(Error::Refused(_)) => {
                    for head in heads {
                        match self.page_of_runs(std::slice::from_ref(&head)) {
                            Ok(()) => {}
                            Err(Error::Refused(why)) => {
                                self.refused(Kind::Run, head.id.as_str(), why);
                            }
                            Err(error) => return Err(error),
                        }
                    }
                }
                outcome => outcome?,
            }
        }
    }

    /// Writes runs in one transaction.
    fn page_of_runs(&mut self, heads: &[RunHead]) -> Result<()> {
        let mut faults = Vec::new();
        let source = &mut self.source;
        let (runs, points) = self.target.write(|page| {
            let mut runs = Runs::new(page);
            let mut each = |piece| runs.add(piece);
            source.runs(heads, &mut each, &mut faults)?;
            Ok::<_, Error>((runs.done, runs.points))
        })?;
        self.broken(faults);
        self.progress.add("metric points", points);
        self.progress.add("runs", runs.len() as u64);
        self.report.points += points;
        for (id, digest) in runs {
            self.written(Kind::Run, id, digest);
        }
        Ok(())
    }
}

/// Writes runs from their pieces.
struct Runs<'p, 't> {
    page: &'p mut MlflowPage<'t>,
    current: Option<(RunId, RunDigest)>,
    /// Ids and digests of those that have come to their end.
    done: Vec<(String, u128)>,
    /// How many points were written.
    points: u64,
}

impl<'p, 't> Runs<'p, 't> {
    fn new(page: &'p mut MlflowPage<'t>) -> Self {
        Self {
            page,
            current: None,
            done: Vec::new(),
            points: 0,
        }
    }

    fn add(&mut self, piece: RunPiece) -> Result<()> {
        match (piece, &mut self.current) {
            (RunPiece::Run(carried), current) => {
                self.page.add_run(&carried)?;
                *current = Some((carried.run.info.id.clone(), RunDigest::new(&carried)));
            }
            // From a database of ours each point comes once.
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
