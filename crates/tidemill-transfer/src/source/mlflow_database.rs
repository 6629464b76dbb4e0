//! A database with MLflow's own tables.

use tidemill_core::experiments::Experiment;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{CarriedModel, Fault, RunHead, RunPiece};
use tidemill_store::MlflowDatabase;

use super::{Count, Source};
use crate::Result;

pub(super) struct Tables {
    name: String,
    database: MlflowDatabase,
}

impl Tables {
    pub(super) fn new(name: String, database: MlflowDatabase) -> Self {
        Self { name, database }
    }
}

impl Source for Tables {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn counts(&mut self) -> Result<Vec<Count>> {
        let counts = self.database.counts()?;
        Ok(counts.into_iter().map(Count::from).collect())
    }

    fn left_out(&mut self) -> Result<Vec<Count>> {
        let left_out = self.database.left_out()?;
        Ok(left_out.into_iter().map(Count::from).collect())
    }

    fn orphans(&mut self) -> Result<Vec<Fault>> {
        Ok(self.database.orphans()?)
    }

    fn experiments(&mut self, faults: &mut Vec<Fault>) -> Result<Vec<Experiment>> {
        Ok(self.database.experiments(faults)?)
    }

    fn run_heads(
        &mut self,
        after: Option<&RunId>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<RunHead>> {
        Ok(self.database.run_heads(after, limit, faults)?)
    }

    fn runs(
        &mut self,
        heads: &[RunHead],
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
        faults: &mut Vec<Fault>,
    ) -> Result<()> {
        let ids: Vec<RunId> = heads.iter().map(|head| head.id.clone()).collect();
        self.database.runs(&ids, each, faults)
    }

    fn logged_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>> {
        Ok(self.database.logged_models(after, limit, faults)?)
    }

    fn registered_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<CarriedModel>> {
        Ok(self.database.registered_models(after, limit, faults)?)
    }
}
