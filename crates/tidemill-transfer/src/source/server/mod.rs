//! A live tracking server, MLflow's from 1.30 on or our own, read over its REST API.
//!
//! What the API does not tell is not carried: when a run was deleted, logged models in the bin,
//! deleted versions of registered models, and points of a run that are not listed under one of
//! its latest metrics. The highest version that can be seen stands for the last version ever.
//!
//! A run's signature is made from what `runs/search` answers for it: its info, params, tags,
//! latest metrics, inputs and outputs. A point logged with an older step than the latest one is
//! therefore not noticed as long as nothing else of the run changes, nor is a logged model that
//! the run read. A run that has not ended gets another signature at each visit, so it is always
//! read again.
//!
//! The server is a stranger. Answers are bounded in size and time, page tokens that go in
//! circles are an error, and one thing that makes no sense is a [`Fault`] and spoils no other.
//!
//! Requests block; this cannot be used on the threads of an async runtime.

mod address;
mod artifacts;
mod client;
mod experiments;
mod failure;
mod histories;
mod json;
mod listing;
mod logged_models;
mod registry;
mod runs;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;
mod traces;
mod wire;

pub use address::Credentials;
pub use artifacts::ServerArtifacts;

use tidemill_core::experiments::Experiment;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{CarriedModel, Fault, Kind, RunHead, RunPiece};

use self::address::Address;
use self::client::Client;
use self::listing::Walk;
use self::registry::Names;
use self::runs::Runs;
use super::{Count, Source};
use crate::Result;

/// A tracking server that is asked over HTTP.
pub struct Server {
    client: Client,
    runs: Runs,
    logged_models: Walk<LoggedModel>,
    registered_models: Option<Names>,
}

impl Server {
    /// The server at this `http` or `https` address, which may have a path, and a user and a
    /// password before the host; `credentials` count more than those. Nothing is asked yet.
    pub fn open(url: &str, credentials: Credentials) -> Result<Self> {
        Ok(Self::asking(Client::new(Address::new(url, credentials)?)?))
    }

    fn asking(client: Client) -> Self {
        Self {
            client,
            runs: Runs::default(),
            logged_models: Walk::default(),
            registered_models: None,
        }
    }
}

impl Source for Server {
    fn name(&self) -> String {
        self.client.name()
    }

    /// Only lists that are short as a rule are counted; the API has no other way to count.
    fn counts(&mut self) -> Result<Vec<Count>> {
        let experiments = experiments::all(&self.client, &mut Vec::new())?.len();
        let models = registry::names(&self.client, &mut Vec::new())?.len();
        let count = |kind: Kind, count: usize| Count {
            what: format!("{}s", kind.as_str()),
            count: count as u64,
        };
        Ok(vec![
            count(Kind::Experiment, experiments),
            count(Kind::RegisteredModel, models),
        ])
    }

    fn left_out(&mut self) -> Result<Vec<Count>> {
        traces::count(&self.client)
    }

    fn experiments(&mut self, faults: &mut Vec<Fault>) -> Result<Vec<Experiment>> {
        experiments::all(&self.client, faults)
    }

    fn run_heads(
        &mut self,
        after: Option<&RunId>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<RunHead>> {
        self.runs.heads(&self.client, after, limit, faults)
    }

    fn runs(
        &mut self,
        heads: &[RunHead],
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
        faults: &mut Vec<Fault>,
    ) -> Result<()> {
        self.runs.whole(&self.client, heads, each, faults)
    }

    fn logged_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>> {
        self.logged_models.page(&self.client, after, limit, faults)
    }

    fn registered_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<CarriedModel>> {
        let names = match (&self.registered_models, after) {
            (Some(names), Some(_)) => names,
            _ => self
                .registered_models
                .insert(registry::names(&self.client, faults)?),
        };
        registry::page(&self.client, names, after, limit, faults)
    }

    /// Each is asked for: lists may hide what is there.
    fn gone(&mut self, kind: Kind, names: Vec<String>) -> Result<Vec<String>> {
        let mut gone = Vec::new();
        for name in names {
            let is_gone = match kind {
                Kind::RegisteredModel => registry::is_gone(&self.client, &name)?,
                Kind::LoggedModel => logged_models::is_gone(&self.client, &name)?,
                Kind::Experiment | Kind::Run | Kind::Artifacts => false,
            };
            if is_gone {
                gone.push(name);
            }
        }
        Ok(gone)
    }
}
