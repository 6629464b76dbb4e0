//! Bringing a source in.
//!
//! One thread reads the source and asks the notes what it may pass over; another writes. Between
//! them is a short queue, so that memory does not grow with the source. Each page is one
//! transaction, which also writes the notes: an import that is stopped goes on where it was.
//!
//! What is here already is compared by digest. If it is as it was when it was carried, it follows
//! the source; if somebody has changed it since, that is a conflict.

mod models;
mod runs;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use tidemill_core::experiments::{Experiment, ExperimentId};
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{Carried, Fault, Kind, digest};
use tidemill_store::{Archive, DatabaseUrl, Importer, Notes, Writing};

use crate::progress::Progress;
use crate::report::{Difference, ImportReport, Listed, Tally};
use crate::source::{Part, with_whole_path};
use crate::{Error, Result, Source, differences};

/// What to do with a thing that was changed on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// Leave it as it is here and say so; the import is not a success.
    #[default]
    Fail,
    /// Leave it as it is here.
    Keep,
    /// Replace it by what the source has.
    Replace,
}

/// What to carry, and how.
#[derive(Debug, Clone)]
pub struct Import {
    /// Where to.
    pub into: DatabaseUrl,
    /// What to do with a thing that was changed on both sides.
    pub on_conflict: OnConflict,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Only these experiments, by name or number; all when empty.
    pub experiments: Vec<String>,
    /// Only these registered models, by name. When neither experiments nor models are named, all
    /// models are carried.
    pub models: Vec<String>,
    /// Only runs and logged models that were started or made at this time or later, in
    /// milliseconds since the epoch.
    pub since: Option<i64>,
}

/// What was carried, or was here already, by kind and name: digests that are expected here now.
pub(crate) type Expected = BTreeMap<Kind, HashMap<String, u128>>;

/// An import on its way.
struct Job<'s> {
    source: &'s mut dyn Source,
    import: &'s Import,
    importer: Importer,
    notes: Notes,
    progress: Progress,
    report: ImportReport,
    expected: Expected,
    /// Experiments whose things are carried.
    open: HashSet<ExperimentId>,
    /// Experiments that were not asked for.
    unwanted: HashSet<ExperimentId>,
}

/// What is to happen to a thing that is here already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Unchanged,
    /// Changed here since it was carried, and not in the source.
    ChangedHere,
    Update,
    Keep,
    Replace,
    Conflict,
}

impl Import {
    /// Carries everything that is asked for. `progress` is told how far it is, in a sentence, now
    /// and then.
    pub fn run(
        &self,
        source: &mut dyn Source,
        progress: impl Fn(&str) + Send + 'static,
    ) -> Result<ImportReport> {
        if self.dry_run && !has_schema(&self.into)? {
            // All of it would be new: what that means is seen in a database of no consequence.
            let folder = tempfile::tempdir().map_err(|error| Error::Source(error.to_string()))?;
            let scratch = Self {
                into: DatabaseUrl::Sqlite(folder.path().join("scratch.db")),
                ..self.clone()
            };
            Importer::open(&scratch.into, &source.name())?;
            return scratch.run(source, progress);
        }
        let started = Instant::now();
        let name = source.name();
        if let Ok(whole) = with_whole_path(self.into.clone())
            && format!("{whole:?}") == name
        {
            return Err(Error::Target(format!(
                "{name} is the source itself; name another database."
            )));
        }
        // A source that does not answer leaves no empty database.
        let counts = source.counts()?;
        let importer = match self.dry_run {
            true => Importer::look(&self.into, &name)?,
            false => Importer::open(&self.into, &name)?,
        };
        let notes = Notes::open(&self.into, &name)?;
        let mut job = Job {
            progress: Progress::new(counts, progress),
            source,
            import: self,
            importer,
            notes,
            report: ImportReport {
                source: name,
                dry_run: self.dry_run,
                ..ImportReport::default()
            },
            expected: Expected::new(),
            open: HashSet::new(),
            unwanted: HashSet::new(),
        };
        job.experiments()?;
        job.source.only(self.part(&job.open));
        if !self.dry_run {
            job.importer.number_after_the_last()?;
        }
        job.runs()?;
        job.logged_models()?;
        job.registered_models()?;
        job.report.left_out = job.source.left_out()?;
        let orphans = job.source.orphans()?;
        job.fault(orphans);
        job.report.uncopied = job.source.uncopied();
        let Job {
            mut report,
            expected,
            importer,
            ..
        } = job;
        importer.finish();
        if !self.dry_run {
            report.verified = Some(crate::verify::against(&self.into, &expected)?);
        }
        report.seconds = started.elapsed().as_secs_f64();
        Ok(report)
    }

    /// Which of two sides counts. `signature` is what the source says of its side.
    fn judge(&self, signature: u128, source: u128, here: u128, before: Option<Carried>) -> Verdict {
        if source == here {
            return Verdict::Unchanged;
        }
        match (self.on_conflict, before) {
            (_, Some(before)) if before.digest == here => Verdict::Update,
            (OnConflict::Replace, Some(before)) if is_kept(before) => Verdict::Replace,
            (_, Some(before)) if before.signature == signature => match is_kept(before) {
                true => Verdict::Keep,
                false => Verdict::ChangedHere,
            },
            (OnConflict::Replace, _) => Verdict::Replace,
            (OnConflict::Keep, _) => Verdict::Keep,
            (OnConflict::Fail, _) => Verdict::Conflict,
        }
    }

    /// The note to make after a verdict.
    fn note(verdict: Verdict, signature: u128, source: u128) -> Carried {
        let digest = match verdict {
            Verdict::Keep => Carried::KEPT,
            _ => source,
        };
        Carried { signature, digest }
    }

    fn wants(&self, experiment: &Experiment) -> bool {
        let number = experiment.id.to_string();
        let named = |wanted: &String| *wanted == experiment.name || *wanted == number;
        match (&self.experiments[..], &self.models[..]) {
            ([], []) => true,
            (experiments, _) => experiments.iter().any(named),
        }
    }

    fn wants_model(&self, name: &str) -> bool {
        let everything = self.experiments.is_empty() && self.models.is_empty();
        everything || self.models.iter().any(|wanted| wanted == name)
    }

    /// What is carried when these experiments are.
    fn part(&self, experiments: &HashSet<ExperimentId>) -> Part {
        let everything = self.experiments.is_empty() && self.models.is_empty();
        Part {
            experiments: experiments.clone(),
            since: self.since,
            models: (!everything).then(|| self.models.iter().cloned().collect()),
        }
    }
}

/// Whether there is a database of ours.
fn has_schema(url: &DatabaseUrl) -> Result<bool> {
    if let DatabaseUrl::Sqlite(path) = url
        && !path.exists()
    {
        return Ok(false);
    }
    Ok(Archive::open(url)?.is_some())
}

/// Whether somebody has decided to keep what was here.
fn is_kept(before: Carried) -> bool {
    before.digest == Carried::KEPT
}

impl Verdict {
    /// Whether the source's side is written.
    fn writes(self) -> bool {
        matches!(self, Self::Update | Self::Replace)
    }

    /// Whether the question is settled until one of the sides changes again.
    fn is_noted(self) -> bool {
        !matches!(self, Self::Conflict | Self::ChangedHere)
    }
}

impl Tally {
    fn count(&mut self, verdict: Verdict) {
        let counter = match verdict {
            Verdict::Unchanged => &mut self.unchanged,
            Verdict::ChangedHere => &mut self.changed_here,
            Verdict::Update => &mut self.updated,
            Verdict::Keep => &mut self.kept,
            Verdict::Replace => &mut self.replaced,
            Verdict::Conflict => &mut self.conflicts,
        };
        *counter += 1;
    }
}

impl Job<'_> {
    fn tally(&mut self, kind: Kind) -> &mut Tally {
        self.report.kinds.entry(kind).or_default()
    }

    fn fault(&mut self, faults: Vec<Fault>) {
        self.report.faults.extend(faults);
    }

    fn expect(&mut self, kind: Kind, name: String, digest: u128) {
        self.expected.entry(kind).or_default().insert(name, digest);
    }

    fn experiments(&mut self) -> Result<()> {
        let mut faults = Vec::new();
        let experiments = self.source.experiments(&mut faults)?;
        self.fault(faults);
        let named = |wanted: &&String| {
            let is_it = |e: &Experiment| e.name == **wanted || e.id.to_string() == **wanted;
            !experiments.iter().any(is_it)
        };
        let missing: Vec<&String> = self.import.experiments.iter().filter(named).collect();
        if !missing.is_empty() {
            return Err(Error::Source(format!(
                "The source has no experiment {missing:?}."
            )));
        }
        let names: Vec<String> = experiments.iter().map(|e| e.id.to_string()).collect();
        let notes = self.notes.carried(Kind::Experiment, &names)?;
        let mut clashes = Vec::new();
        for experiment in experiments {
            if !self.import.wants(&experiment) {
                self.unwanted.insert(experiment.id);
                continue;
            }
            self.tally(Kind::Experiment).read += 1;
            self.progress.add("experiments", 1);
            let before = notes.get(&experiment.id.to_string()).copied();
            if self.experiment(&experiment, before)?.is_some() {
                clashes.push((experiment, before));
            }
        }
        // The name may have been that of one that came after it and was renamed, too.
        for (experiment, before) in clashes {
            if let Some(clash) = self.experiment(&experiment, before)? {
                self.tally(Kind::Experiment).conflicts += 1;
                self.report.conflicts.push(clash);
            }
        }
        Ok(())
    }

    /// Carries an experiment, unless it cannot be under any rule.
    fn experiment(
        &mut self,
        new: &Experiment,
        before: Option<Carried>,
    ) -> Result<Option<Difference>> {
        let (import, mut added) = (self.import, false);
        let theirs = digest::experiment(new);
        let outcome = self.importer.write(|writing| {
            writing.check_experiment(new)?;
            let (same, other) = writing.experiments_like(new.id, &new.name)?;
            if let Some(other) = other {
                return Ok::<_, Error>(Outcome::Clash(name_taken(new, &other)));
            }
            if let Some(here) = &same
                && here.name != new.name
                && before.is_none()
                && !is_fresh_default(writing, here)?
            {
                return Ok(Outcome::Clash(number_taken(new, here)));
            }
            let verdict = match &same {
                None => {
                    added = true;
                    Verdict::Update
                }
                Some(here)
                    if theirs != digest::experiment(here) && is_fresh_default(writing, here)? =>
                {
                    Verdict::Update
                }
                Some(here) => import.judge(theirs, theirs, digest::experiment(here), before),
            };
            let differs = same.filter(|_| verdict == Verdict::Conflict);
            if !import.dry_run {
                if verdict.writes() {
                    writing.put_experiment(new)?;
                }
                if verdict.is_noted() {
                    let note = Import::note(verdict, theirs, theirs);
                    writing.note(Kind::Experiment, &new.id.to_string(), note, before)?;
                }
            }
            let difference = differs.map(|here| differences::of_experiments(new, &here));
            Ok(Outcome::Done(verdict, difference))
        });
        let outcome = match outcome {
            Err(Error::Refused(why)) => {
                let what = format!("experiment {}", new.id);
                self.fault(vec![Fault::new(what, why)]);
                return Ok(None);
            }
            outcome => outcome?,
        };
        match outcome {
            Outcome::Clash(clash) => return Ok(Some(clash)),
            Outcome::Done(verdict, difference) => {
                self.open.insert(new.id);
                match added {
                    true => self.tally(Kind::Experiment).added += 1,
                    false => self.tally(Kind::Experiment).count(verdict),
                }
                if verdict.writes() || verdict == Verdict::Unchanged {
                    self.expect(Kind::Experiment, new.id.to_string(), theirs);
                }
                self.report.conflicts.extend(difference);
            }
        }
        Ok(None)
    }
}

enum Outcome {
    Done(Verdict, Option<Difference>),
    /// It can be carried under no rule.
    Clash(Difference),
}

/// The experiment that exists from the start, as nobody has used it yet.
fn is_fresh_default(writing: &mut Writing<'_>, here: &Experiment) -> Result<bool> {
    let untouched = here.id == ExperimentId::DEFAULT
        && here.name == ExperimentId::DEFAULT_NAME
        && here.tags.is_empty();
    Ok(untouched && !writing.is_in_use(here.id)?)
}

fn name_taken(new: &Experiment, other: &Experiment) -> Difference {
    Difference {
        what: format!("experiment {}", new.id),
        how: vec![format!(
            "its name '{}' belongs to experiment {} here: rename one of them; its runs and models \
             were left out",
            new.name, other.id
        )],
    }
}

fn number_taken(new: &Experiment, here: &Experiment) -> Difference {
    Difference {
        what: format!("experiment {}", new.id),
        how: vec![format!(
            "it is '{}' in the source and '{}' here: import into another database, or leave it \
             out; its runs and models were left out",
            new.name, here.name
        )],
    }
}

/// What a thread that writes runs has done.
#[derive(Default)]
struct Written {
    tally: Tally,
    points: u64,
    artifacts: BTreeMap<String, u64>,
    conflicts: Listed<Difference>,
    faults: Listed<Fault>,
    expected: Vec<(RunId, u128)>,
}
