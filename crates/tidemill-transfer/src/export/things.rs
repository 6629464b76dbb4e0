//! What is written as a whole.

use tidemill_core::experiments::Experiment;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::transfer::{CarriedModel, Kind, digest};
use tidemill_store::MlflowPage;

use crate::Result;

/// A thing that is written as a whole.
pub(super) trait Thing {
    const KIND: Kind;
    fn key(&self) -> String;
    fn digest(&self) -> u128;
    fn add(&self, page: &mut MlflowPage<'_>) -> Result<()>;
}

impl Thing for Experiment {
    const KIND: Kind = Kind::Experiment;

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn digest(&self) -> u128 {
        digest::experiment(self)
    }

    fn add(&self, page: &mut MlflowPage<'_>) -> Result<()> {
        Ok(page.add_experiment(self)?)
    }
}

impl Thing for LoggedModel {
    const KIND: Kind = Kind::LoggedModel;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn digest(&self) -> u128 {
        digest::logged_model(self)
    }

    fn add(&self, page: &mut MlflowPage<'_>) -> Result<()> {
        Ok(page.add_logged_model(self)?)
    }
}

impl Thing for CarriedModel {
    const KIND: Kind = Kind::RegisteredModel;

    fn key(&self) -> String {
        self.name.clone()
    }

    fn digest(&self) -> u128 {
        digest::registered_model(self)
    }

    fn add(&self, page: &mut MlflowPage<'_>) -> Result<()> {
        Ok(page.add_registered_model(self)?)
    }
}
