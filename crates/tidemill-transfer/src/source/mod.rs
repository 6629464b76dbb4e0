//! Where things can be taken from.

mod bundle;
mod copying;
mod files;
mod mlflow_database;
mod own_database;
mod relocated;
mod server;

use std::collections::HashSet;
use std::path::Path;

use tidemill_core::experiments::{Experiment, ExperimentId};
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{CarriedModel, Fault, Kind, RunHead, RunPiece};

use tidemill_store::{Archive, DatabaseUrl, MlflowDatabase};

use crate::bundle::Bundle;
use crate::report::Listed;
use crate::{Error, Result};
use bundle::BundleSource;
use mlflow_database::Tables;

pub use copying::{CopyArtifacts, FolderFiles, FolderList, ListedFile};
pub use files::FileStore;
pub use own_database::OwnDatabase;
pub use relocated::Relocated;
pub use server::{Credentials, Server, ServerArtifacts};

/// What is carried of a source, which may be all of it.
#[derive(Debug, Clone)]
pub struct Part {
    /// Runs and logged models of these experiments.
    pub experiments: HashSet<ExperimentId>,
    /// Of those, what was started or made at this time or later, in milliseconds since the epoch.
    pub since: Option<i64>,
    /// Registered models of these names; `None` stands for all.
    pub models: Option<HashSet<String>>,
}

impl Part {
    /// Whether something that was made at this time in this experiment is in it.
    pub fn holds(&self, experiment: ExperimentId, time: i64) -> bool {
        self.experiments.contains(&experiment) && self.since.is_none_or(|since| time >= since)
    }

    /// Whether a registered model is.
    pub fn holds_model(&self, name: &str) -> bool {
        self.models
            .as_ref()
            .is_none_or(|names| names.contains(name))
    }
}

/// How many there are of something.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Count {
    /// What is counted, in the plural: `runs`, `metric points`, or the name of a table.
    pub what: String,
    /// How many.
    pub count: u64,
}

impl<T: Into<String>> From<(T, u64)> for Count {
    fn from((what, count): (T, u64)) -> Self {
        let what = what.into();
        Self { what, count }
    }
}

/// Opens whatever is at `place`: the URI of a database, the address of a server, the path of a
/// SQLite file or of a bundle. A database of ours is read as it is at this moment, whatever is
/// written meanwhile. The credentials are for a server.
pub fn open(place: &str, credentials: Credentials) -> Result<Box<dyn Source>> {
    match place.split_once("://") {
        Some(("http" | "https", _)) => Ok(Box::new(Server::open(place, credentials)?)),
        Some(_) => open_database(place.parse()?),
        None => open_path(Path::new(place)),
    }
}

fn open_path(path: &Path) -> Result<Box<dyn Source>> {
    if path.is_file() {
        if let Some(mut bundle) = Bundle::open(path)? {
            bundle.check()?;
            return Ok(Box::new(BundleSource::new(bundle)));
        }
        return open_database(DatabaseUrl::Sqlite(path.to_owned()));
    }
    if path.is_dir()
        && let Some(store) = FileStore::open(path)?
    {
        return Ok(Box::new(store));
    }
    Err(Error::Source(format!(
        "There is nothing at {} to import. {ACCEPTED}",
        path.display()
    )))
}

/// A database with MLflow's tables, or one of ours.
pub(crate) fn open_database(url: DatabaseUrl) -> Result<Box<dyn Source>> {
    let url = with_whole_path(url)?;
    let name = format!("{url:?}");
    if let Some(database) = MlflowDatabase::open(&url)? {
        return Ok(Box::new(Tables::new(name, database)));
    }
    if let Some(mut archive) = Archive::open(&url)? {
        archive.begin_snapshot()?;
        return Ok(Box::new(OwnDatabase::new(name, archive)));
    }
    Err(Error::Source(format!(
        "The tables in {name} are neither MLflow's nor Tidemill's. {ACCEPTED}"
    )))
}

/// The same file is the same source wherever the command is given.
pub(crate) fn with_whole_path(url: DatabaseUrl) -> Result<DatabaseUrl> {
    match url {
        DatabaseUrl::Sqlite(path) => std::fs::canonicalize(&path)
            .map(DatabaseUrl::Sqlite)
            .map_err(|error| Error::Source(format!("{} cannot be read: {error}", path.display()))),
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        other => Ok(other),
    }
}

const ACCEPTED: &str = "Use the URI of an MLflow or Tidemill database (sqlite:///file.db, \
     postgresql://…, mysql://…), the path of a SQLite file, of a bundle or of a file store (./mlruns), \
     or the address of a server (https://…).";

/// A place that holds what MLflow holds. Everything is read in pages of a bounded size.
///
/// What is broken is left out and handed to `faults`; an error means that the source as a whole
/// cannot be read on.
pub trait Source: Send {
    /// What it is, for people and for our notes about what was carried from it: the same at every
    /// visit, without secrets.
    fn name(&self) -> String;

    /// How many things of the kinds that are carried it has, as far as that is cheap to know, for
    /// showing progress: `experiments`, `runs`, `metric points`, `logged models`,
    /// `registered models`.
    fn counts(&mut self) -> Result<Vec<Count>>;

    /// What it has of kinds that cannot be carried. Empty kinds are left out.
    fn left_out(&mut self) -> Result<Vec<Count>>;

    /// What belongs to things that are not there, and so cannot be carried. Asked for at the end.
    fn orphans(&mut self) -> Result<Vec<Fault>> {
        Ok(Vec::new())
    }

    /// Every experiment, active or deleted.
    fn experiments(&mut self, faults: &mut Vec<Fault>) -> Result<Vec<Experiment>>;

    /// At most `limit` runs in the source's own order, active and deleted, from the one after
    /// `after` on. Empty when nothing follows.
    fn run_heads(
        &mut self,
        after: Option<&RunId>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<RunHead>>;

    /// These runs, some of the last heads, each followed by its points. `each` may refuse to go
    /// on. At most some hundred thousand points are held at once, whatever a run has.
    fn runs(
        &mut self,
        heads: &[RunHead],
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
        faults: &mut Vec<Fault>,
    ) -> Result<()>;

    /// At most `limit` logged models by id, active and deleted, from the one after `after` on.
    fn logged_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>>;

    /// At most `limit` registered models by name, prompts among them, from the one after `after`
    /// on.
    fn registered_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<CarriedModel>>;

    /// Says before runs and models are read what is going to be carried of them.
    fn only(&mut self, _part: Part) {}

    /// Whose artifacts were to be copied and could not be. Asked for at the end.
    fn uncopied(&mut self) -> Listed<Fault> {
        Listed::default()
    }

    /// Which of these models it certainly has no more. They were carried from it once and were not
    /// among those that it has just listed, of which none was broken.
    fn gone(&mut self, kind: Kind, names: Vec<String>) -> Result<Vec<String>> {
        // Deleted logged models are listed; what is missing was purged.
        match kind {
            Kind::RegisteredModel => Ok(names),
            Kind::Experiment | Kind::Run | Kind::LoggedModel | Kind::Artifacts => Ok(Vec::new()),
        }
    }
}
