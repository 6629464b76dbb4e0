//! A database of Tidemill's, for moving from one database to another.

use tidemill_core::experiments::Experiment;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{CarriedModel, Fault, RunHead, RunPiece};
use tidemill_store::Archive;

use super::{Count, Source};
use crate::Result;
use crate::digests::PieceDigests;

/// A database of ours.
pub struct OwnDatabase {
    name: String,
    archive: Archive,
}

impl OwnDatabase {
    /// What an archive holds. `name` says what it is, without secrets.
    pub fn new(name: String, archive: Archive) -> Self {
        Self { name, archive }
    }
}

/// A page of any size that a column of numbers can tell.
fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Source for OwnDatabase {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn counts(&mut self) -> Result<Vec<Count>> {
        let counts = self.archive.counts()?;
        Ok(counts.into_iter().map(Count::from).collect())
    }

    fn left_out(&mut self) -> Result<Vec<Count>> {
        Ok(Vec::new())
    }

    fn experiments(&mut self, _: &mut Vec<Fault>) -> Result<Vec<Experiment>> {
        Ok(self.archive.experiments()?)
    }

    /// The signature is the digest: reading a run is cheap here.
    fn run_heads(
        &mut self,
        after: Option<&RunId>,
        limit: usize,
        _: &mut Vec<Fault>,
    ) -> Result<Vec<RunHead>> {
        let ids = self.archive.run_ids(after, self::limit(limit))?;
        let mut digests = PieceDigests::default();
        self.archive.runs(&ids, &mut |piece| {
            digests.add(piece);
            Ok::<(), crate::Error>(())
        })?;
        let digests = digests.finish();
        Ok(digests
            .into_iter()
            .map(|run| RunHead {
                id: run.id,
                experiment_id: run.experiment_id,
                start_time: run.start_time,
                artifact_uri: Some(run.artifact_uri),
                signature: run.digest,
            })
            .collect())
    }

    fn runs(
        &mut self,
        heads: &[RunHead],
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
        _: &mut Vec<Fault>,
    ) -> Result<()> {
        let ids: Vec<RunId> = heads.iter().map(|head| head.id.clone()).collect();
        self.archive.runs(&ids, each)
    }

    fn logged_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        _: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>> {
        Ok(self.archive.logged_models(after, self::limit(limit))?)
    }

    fn registered_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        _: &mut Vec<Fault>,
    ) -> Result<Vec<CarriedModel>> {
        Ok(self.archive.registered_models(after, self::limit(limit))?)
    }
}
