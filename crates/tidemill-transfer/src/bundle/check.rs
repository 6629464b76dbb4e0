//! Whether a bundle is whole: every object as it was written, every line readable, every run with
//! the digest that its index has.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Serialize;
use tidemill_core::experiments::Experiment;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::transfer::{CarriedModel, RunPiece};

use super::forms::Line;
use super::read::broken;
use super::{Artifact, Bundle, PageKind, RunPlace};
use crate::Result;
use crate::digests::PieceDigests;

/// What a bundle holds, after all of it was read.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct BundleReport {
    /// How many there are of each kind, in the plural.
    pub counts: BTreeMap<&'static str, u64>,
    /// Bytes of artifacts, each counted as often as it is there.
    pub artifact_bytes: u64,
}

impl Bundle {
    /// Reads all of it; an error says what is wrong.
    pub fn check(&mut self) -> Result<BundleReport> {
        let mut report = BundleReport::default();
        let experiments = self.lines::<Experiment>(PageKind::Experiments, |_| Ok(()))?;
        report.counts.insert("experiments", experiments);
        let (runs, points) = self.check_runs()?;
        report.counts.insert("runs", runs);
        report.counts.insert("metric points", points);
        let logged = self.lines::<LoggedModel>(PageKind::LoggedModels, |_| Ok(()))?;
        report.counts.insert("logged models", logged);
        let registered = self.lines::<CarriedModel>(PageKind::RegisteredModels, |_| Ok(()))?;
        report.counts.insert("registered models", registered);
        let mut pieces = HashSet::new();
        let artifacts = self.lines::<Artifact>(PageKind::Artifacts, |artifact| {
            report.artifact_bytes = report.artifact_bytes.saturating_add(artifact.bytes);
            pieces.extend(artifact.objects);
            Ok(())
        })?;
        report.counts.insert("artifacts", artifacts);
        if let Some(missing) = pieces.iter().find(|hash| !self.has(hash)) {
            return Err(broken(&format!("the object {missing} is missing")));
        }
        for hash in self.hashes() {
            self.object(&hash)?;
        }
        Ok(report)
    }

    /// Reads every line of a kind, and says how many there are.
    fn lines<L: Line>(
        &mut self,
        kind: PageKind,
        mut each: impl FnMut(L) -> Result<()>,
    ) -> Result<u64> {
        let mut count = 0;
        for page in self.pages(kind) {
            let lines = self.page(&page)?;
            for line in 0..lines.len() {
                if let Some(thing) = lines.get(line) {
                    each(thing?)?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    /// Holds the runs against their index, and counts runs and points.
    fn check_runs(&mut self) -> Result<(u64, u64)> {
        let mut index = Vec::new();
        self.lines::<RunPlace>(PageKind::RunIndex, |place| {
            index.push(place);
            Ok(())
        })?;
        let mut index = index.into_iter();
        let (mut runs, mut points, mut begun) = (0, 0, (0, 0));
        let mut digests = PieceDigests::default();
        for (number, page) in self.pages(PageKind::Runs).iter().enumerate() {
            let lines = self.page(page)?;
            for line in 0..lines.len() {
                let Some(piece) = lines.get(line).transpose()? else {
                    break;
                };
                if let RunPiece::Run(_) = piece {
                    begun = (number, line);
                }
                let is_end = matches!(piece, RunPiece::End { .. });
                points += digests.add(piece) as u64;
                if is_end {
                    runs += 1;
                    let read = std::mem::take(&mut digests).finish().pop();
                    let place = read.map(|run| run.at(begun));
                    if place.is_none() || place != index.next() {
                        return Err(broken("a run is not as its index says"));
                    }
                }
            }
        }
        match index.next() {
            None => Ok((runs, points)),
            Some(place) => Err(broken(&format!("the run {} is missing", place.run_id))),
        }
    }
}

impl fmt::Display for BundleReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &self.counts {
            writeln!(f, "  {what}: {count}")?;
        }
        writeln!(f, "  bytes of artifacts: {}", self.artifact_bytes)
    }
}
