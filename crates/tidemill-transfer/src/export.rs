//! Taking everything out, into a database that MLflow serves.
//!
//! MLflow makes its tables itself; they are filled once, and nothing is merged. Each page is one
//! transaction. When the target refuses something of a page, the page is written again, one thing
//! after the other: what is refused by itself is left out and reported. At the end everything is
//! read back and compared.

mod program;
mod report;
mod runs;
mod things;

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use tidemill_core::experiments::ExperimentId;
use tidemill_core::transfer::{CarriedModel, Fault, Kind};
use tidemill_store::{Archive, DatabaseUrl, MlflowPage, MlflowTarget};

use crate::import::Expected;
use crate::progress::Progress;
use crate::report::{Difference, VerifyReport};
use crate::source::{open_database, with_whole_path};
use crate::verify::read;
use crate::{Count, Error, Result, Source};

pub use program::MlflowProgram;
pub use report::{ExportReport, Exported};
use things::Thing;

/// How many things are written in one transaction.
const PAGE: usize = 200;

/// What to export, and where to.
#[derive(Debug, Clone)]
pub struct Export {
    /// A database of ours.
    pub from: DatabaseUrl,
    /// A database for MLflow: empty, or with tables that hold nothing.
    pub to: DatabaseUrl,
    /// The same as MLflow takes it.
    pub uri: String,
    /// What makes the tables.
    pub mlflow: MlflowProgram,
}

/// An export on its way.
struct Job {
    source: Box<dyn Source>,
    target: MlflowTarget,
    progress: Progress,
    report: ExportReport,
    /// Digests of what was written.
    expected: Expected,
    /// Experiments that the target does not hold.
    missing: HashSet<ExperimentId>,
    /// Versions that named a logged model beside their source.
    linked: u64,
}

impl Export {
    /// Writes everything. `progress` is told how far it is, in a sentence, now and then.
    pub fn run(&self, progress: impl Fn(&str) + Send + Clone + 'static) -> Result<ExportReport> {
        let started = Instant::now();
        if Archive::open(&self.from)?.is_none() {
            let name = &self.from;
            return Err(Error::Source(format!(
                "{name:?} is no database of Tidemill's."
            )));
        }
        let mut source = open_database(self.from.clone())?;
        let counts = source.counts()?;
        let mut job = Job {
            target: self.target()?,
            progress: Progress::new(counts.clone(), progress.clone()),
            report: ExportReport {
                source: source.name(),
                target: format!("{:?}", self.to),
                ..ExportReport::default()
            },
            source,
            expected: Expected::new(),
            missing: HashSet::new(),
            linked: 0,
        };
        let unfinished = |error: &Error| unfinished(&self.to, error);
        job.write().map_err(|error| unfinished(&error))?;
        let Job {
            target,
            mut report,
            expected,
            ..
        } = job;
        target.finish().map_err(|error| unfinished(&error.into()))?;
        let progress = Progress::new(counts, move |how_far| {
            progress(&format!("comparing: {how_far}"));
        });
        report.verified = self.compare(&expected, &progress)?;
        report.seconds = started.elapsed().as_secs_f64();
        Ok(report)
    }

    /// The target, with MLflow's tables in it.
    fn target(&self) -> Result<MlflowTarget> {
        let name = &self.to;
        // A target that is not there yet has no whole path.
        if let Ok(to) = with_whole_path(self.to.clone())
            && to == with_whole_path(self.from.clone())?
        {
            return Err(Error::Target(format!(
                "{name:?} is the database to export from; name another one."
            )));
        }
        if MlflowTarget::is_bare(&self.to)? {
            may_be_made(&self.to)?;
            self.mlflow.make_tables(&self.uri)?;
        }
        MlflowTarget::begin(&self.to).map_err(|error| match error {
            tidemill_core::Error::InvalidState(why) => {
                Error::Target(format!("Nothing is exported into {name:?}. {why}"))
            }
            error => error.into(),
        })
    }

    /// Reads back what was written.
    fn compare(&self, expected: &Expected, progress: &Progress) -> Result<VerifyReport> {
        let mut written = open_database(self.to.clone())?;
        let mut faults = Vec::new();
        let found = read(&mut *written, &mut faults, progress, None)?.expected;
        let mut report = VerifyReport::default();
        report.faults.extend(faults);
        report.faults.extend(written.orphans()?);
        let nothing = Default::default();
        for kind in Kind::ALL {
            let expected = expected.get(&kind).unwrap_or(&nothing);
            let found = found.get(&kind).unwrap_or(&nothing);
            report.compare(kind, expected, found, "there");
            for name in found.keys().filter(|name| !expected.contains_key(*name)) {
                report.differences.push(Difference {
                    what: format!("{} {name}", kind.as_str()),
                    how: vec![String::from("it is there, and was not written")],
                });
            }
        }
        Ok(report)
    }
}

impl Job {
    fn write(&mut self) -> Result<()> {
        self.experiments()?;
        self.runs()?;
        self.logged_models()?;
        self.registered_models()?;
        self.report.left_out = self.source.left_out()?;
        if self.linked > 0 {
            let what =
                "versions with a logged model beside their source; MLflow has no column for it";
            self.report.left_out.push(Count::from((what, self.linked)));
        }
        Ok(())
    }

    fn tally(&mut self, kind: Kind) -> &mut Exported {
        self.report.kinds.entry(kind).or_default()
    }

    fn written(&mut self, kind: Kind, name: String, digest: u128) {
        self.tally(kind).written += 1;
        self.expected.entry(kind).or_default().insert(name, digest);
    }

    fn refused(&mut self, kind: Kind, name: &str, why: String) {
        let fault = Fault::new(format!("{} {name}", kind.as_str()), why);
        self.report.faults.push(fault);
    }

    fn broken(&mut self, faults: Vec<Fault>) {
        self.report.faults.extend(faults);
    }

    /// Writes a page of things in one transaction, or each in one of its own.
    fn page<T: Thing>(&mut self, page: &[T]) -> Result<()> {
        self.tally(T::KIND).read += page.len() as u64;
        let add = |page: &mut MlflowPage<'_>, things: &[T]| {
            things.iter().try_for_each(|thing| thing.add(page))
        };
        match self.target.write(|rows| add(rows, page)) {
            Ok(()) => {
                for thing in page {
                    self.written(T::KIND, thing.key(), thing.digest());
                }
            }
            Err(Error::Refused(_)) => {
                for thing in page {
                    match self.target.write(|rows| thing.add(rows)) {
                        Ok(()) => self.written(T::KIND, thing.key(), thing.digest()),
                        Err(Error::Refused(why)) => self.refused(T::KIND, &thing.key(), why),
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn experiments(&mut self) -> Result<()> {
        let mut faults = Vec::new();
        let experiments = self.source.experiments(&mut faults)?;
        self.broken(faults);
        self.page(&experiments)?;
        self.progress.add("experiments", experiments.len() as u64);
        let written = self.expected.get(&Kind::Experiment);
        let is_missing = |id: &ExperimentId| {
            written.is_none_or(|written| !written.contains_key(&id.to_string()))
        };
        let ids = experiments.iter().map(|experiment| experiment.id);
        self.missing = ids.filter(is_missing).collect();
        Ok(())
    }

    fn logged_models(&mut self) -> Result<()> {
        let mut after: Option<String> = None;
        loop {
            let mut faults = Vec::new();
            let name = after.as_deref();
            let page = self.source.logged_models(name, PAGE, &mut faults)?;
            self.broken(faults);
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id.clone());
            self.page(&page)?;
        }
    }

    fn registered_models(&mut self) -> Result<()> {
        let mut after: Option<String> = None;
        loop {
            let mut faults = Vec::new();
            let name = after.as_deref();
            let mut page = self.source.registered_models(name, PAGE, &mut faults)?;
            self.broken(faults);
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.name.clone());
            for model in &mut page {
                self.linked += unlink(model);
            }
            self.page(&page)?;
        }
    }
}

/// Refuses a file that cannot be made. MLflow would try for minutes, and end with a stack.
fn may_be_made(target: &DatabaseUrl) -> Result<()> {
    let path = match target {
        DatabaseUrl::Sqlite(path) => path,
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        _ => return Ok(()),
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    match tempfile::tempfile_in(folder) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Target(format!(
            "{} cannot be written to: {error}",
            folder.display()
        ))),
    }
}

/// A target that was begun and cannot be written on.
fn unfinished(target: &DatabaseUrl, error: &Error) -> Error {
    Error::Target(format!(
        "{error}\nWhat is in {target:?} is not whole, and MLflow does not serve it: drop the \
         database, or delete the file, and export again."
    ))
}

/// Makes a model what MLflow's tables can say of it: a version's logged model, which no answer
/// shows, is not in them. How many versions had one.
fn unlink(model: &mut CarriedModel) -> u64 {
    let versions = model.versions.iter_mut();
    let links = versions.filter_map(|version| version.model_id.take());
    links.count() as u64
}
