//! Comparing a source with what is here.

use std::collections::{BTreeMap, HashMap};

use tidemill_core::experiments::Experiment;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{CarriedModel, CarriedRun, Fault, Kind, RunPiece, digest};
use tidemill_store::{Archive, DatabaseUrl};

use crate::digests::PieceDigests;
use crate::gone::gone;
use crate::import::Expected;
use crate::progress::Progress;
use crate::report::{Difference, Listed, VerifyReport};
use crate::{Error, Result, Source, differences};

/// How many things are read at once.
const PAGE: usize = 500;

/// How many differences are looked into.
const EXPLAINED: usize = 100;

/// Compares everything in a source with the database at `here`: that each thing is there with the
/// same content, and for each experiment how many runs there are. `progress` is told how far it
/// is.
pub fn verify(
    source: &mut dyn Source,
    here: &DatabaseUrl,
    progress: impl Fn(&str) + Send + 'static,
) -> Result<VerifyReport> {
    let mut archive = open(here)?;
    let (mut digests, mut untold) = (Expected::new(), HashMap::new());
    for kind in Kind::ALL {
        digests.insert(kind, ours(&mut archive, kind, None, &mut untold)?);
    }
    let mut here_too = Here {
        archive,
        digests,
        untold,
        lost: Listed::default(),
        differences: HashMap::new(),
    };
    let progress = Progress::new(source.counts()?, progress);
    let mut faults = Vec::new();
    let read = read(source, &mut faults, &progress, Some(&mut here_too))?;
    let mut report = VerifyReport::default();
    for (kind, expected) in &read.expected {
        let nothing = HashMap::new();
        let found = here_too.digests.get(kind).unwrap_or(&nothing);
        report.compare(*kind, expected, found, "here");
    }
    for difference in &mut report.differences.first {
        if let Some(how) = here_too.differences.remove(&difference.what) {
            difference.how = how;
        }
    }
    report.differences.append(here_too.lost);
    let uncopied = source.uncopied();
    let more = uncopied.count - uncopied.first.len() as u64;
    report
        .differences
        .extend(uncopied.first.into_iter().map(|fault| Difference {
            what: fault.what,
            how: vec![fault.why],
        }));
    report.differences.count += more;
    let ours = runs_by_experiment(here)?;
    for (experiment, theirs) in &read.runs_by_experiment {
        let ours = ours.get(experiment).copied().unwrap_or_default();
        if ours < *theirs {
            report.runs_by_experiment.push(Difference {
                what: format!("experiment {experiment}"),
                how: vec![format!("{theirs} runs in the source, {ours} here")],
            });
        }
    }
    for kind in [Kind::LoggedModel, Kind::RegisteredModel] {
        let listed = read.expected.get(&kind).filter(|_| faults.is_empty());
        let Some(listed) = listed else { continue };
        let seen = listed.keys().cloned().collect();
        for name in gone(source, here, kind, &seen)? {
            report.differences.push(Difference {
                what: format!("{} {name}", kind.as_str()),
                how: vec![String::from("it is here, and not in the source any more")],
            });
        }
    }
    report.faults.extend(faults);
    report.faults.extend(source.orphans()?);
    Ok(report)
}

pub(crate) struct Read {
    pub(crate) expected: Expected,
    runs_by_experiment: BTreeMap<i64, u64>,
}

/// What is here, to be held against what is read.
pub(crate) struct Here {
    archive: Archive,
    digests: Expected,
    /// When deleted runs were deleted and the last versions of models, by what they are.
    untold: HashMap<String, i64>,
    /// Where the source tells more of that.
    lost: Listed<Difference>,
    /// What differs in things, by what they are.
    differences: HashMap<String, Vec<String>>,
}

impl Here {
    /// Whether a thing is here with another content, and is to be looked into.
    fn differs(&self, kind: Kind, name: &str, digest: u128) -> bool {
        let found = self.digests.get(&kind).and_then(|found| found.get(name));
        found.is_some_and(|found| *found != digest) && self.differences.len() < EXPLAINED
    }

    /// Compares what digests leave out of a thing whose content is the same otherwise.
    fn compare_untold(&mut self, kind: Kind, name: &str, digest: u128, field: &str, theirs: i64) {
        let found = self.digests.get(&kind).and_then(|found| found.get(name));
        let what = format!("{} {name}", kind.as_str());
        let ours = self.untold.get(&what).copied();
        if found == Some(&digest) && ours < Some(theirs) {
            let ours = ours.map_or(String::from("nothing"), |ours| ours.to_string());
            let how = vec![format!("{field}: {theirs} in the source, {ours} here")];
            self.lost.push(Difference { what, how });
        }
    }

    fn note(&mut self, difference: Difference) {
        self.differences.insert(difference.what, difference.how);
    }

    fn experiments(&mut self, theirs: &[Experiment]) -> Result<()> {
        let differing = theirs.iter().filter(|theirs| {
            let id = theirs.id.to_string();
            self.differs(Kind::Experiment, &id, digest::experiment(theirs))
        });
        let differing: Vec<_> = differing.collect();
        if differing.is_empty() {
            return Ok(());
        }
        let ours = self.archive.experiments()?;
        for theirs in differing {
            if let Some(ours) = ours.iter().find(|ours| ours.id == theirs.id) {
                self.note(differences::of_experiments(theirs, ours));
            }
        }
        Ok(())
    }

    fn run(&mut self, theirs: &CarriedRun) -> Result<()> {
        let id = theirs.run.info.id.clone();
        let mut ours = None;
        self.archive.runs(std::slice::from_ref(&id), &mut |piece| {
            if let RunPiece::Run(run) = piece {
                ours = Some(run);
            }
            Ok::<(), Error>(())
        })?;
        if let Some(ours) = ours {
            let what = format!("{} {id}", Kind::Run.as_str());
            let how = differences::of_runs(theirs, &ours);
            self.note(Difference { what, how });
        }
        Ok(())
    }

    fn logged_models(&mut self, theirs: &[LoggedModel]) -> Result<()> {
        for theirs in theirs {
            if self.differs(Kind::LoggedModel, &theirs.id, digest::logged_model(theirs))
                && let Some(ours) = self.archive.logged_model(&theirs.id)?
            {
                self.note(differences::of_logged_models(theirs, &ours));
            }
        }
        Ok(())
    }

    fn registered_models(&mut self, theirs: &[CarriedModel]) -> Result<()> {
        for theirs in theirs {
            let digest = digest::registered_model(theirs);
            if self.differs(Kind::RegisteredModel, &theirs.name, digest)
                && let Some(ours) = self.archive.registered_model(&theirs.name)?
            {
                self.note(differences::of_registered_models(theirs, &ours));
            }
            let (kind, last) = (Kind::RegisteredModel, theirs.last_version);
            self.compare_untold(kind, &theirs.name, digest, "last version", last);
        }
        Ok(())
    }
}

/// Digests of everything in a source. What is different `here` is looked into.
pub(crate) fn read(
    source: &mut dyn Source,
    faults: &mut Vec<Fault>,
    progress: &Progress,
    mut here: Option<&mut Here>,
) -> Result<Read> {
    let mut expected = Expected::new();
    let mut runs_by_experiment = BTreeMap::new();
    let experiments = source.experiments(faults)?;
    if let Some(here) = &mut here {
        here.experiments(&experiments)?;
    }
    expected.insert(
        Kind::Experiment,
        experiments
            .iter()
            .map(|e| (e.id.to_string(), digest::experiment(e)))
            .collect(),
    );
    let runs = expected.entry(Kind::Run).or_default();
    let mut after: Option<RunId> = None;
    loop {
        let heads = source.run_heads(after.as_ref(), PAGE, faults)?;
        let Some(last) = heads.last() else { break };
        after = Some(last.id.clone());
        // A list that changes while it is read may bring one twice.
        let heads: Vec<_> = heads
            .into_iter()
            .filter(|head| !runs.contains_key(head.id.as_str()))
            .collect();
        if heads.is_empty() {
            break;
        }
        let (mut digests, mut read) = (PieceDigests::default(), Vec::new());
        source.runs(
            &heads,
            &mut |piece| {
                if let RunPiece::Run(run) = &piece
                    && here.is_some()
                {
                    read.push(run.clone());
                }
                progress.add("metric points", digests.add(piece) as u64);
                Ok(())
            },
            faults,
        )?;
        for run in digests.finish() {
            progress.add("runs", 1);
            *runs_by_experiment.entry(run.experiment_id.0).or_default() += 1;
            if let Some(here) = &mut here
                && here.differs(Kind::Run, run.id.as_str(), run.digest)
                && let Some(theirs) = read.iter().find(|read| read.run.info.id == run.id)
            {
                here.run(theirs)?;
            }
            runs.insert(run.id.0, run.digest);
        }
        if let Some(here) = &mut here {
            for theirs in &read {
                let id = theirs.run.info.id.as_str();
                if let (Some(deleted), Some(digest)) = (theirs.deleted_time, runs.get(id)) {
                    here.compare_untold(Kind::Run, id, *digest, "deleted time", deleted);
                }
            }
        }
    }
    let models = expected.entry(Kind::LoggedModel).or_default();
    let mut after: Option<String> = None;
    loop {
        let page = source.logged_models(after.as_deref(), PAGE, faults)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        if let Some(here) = &mut here {
            here.logged_models(&page)?;
        }
        models.extend(page.iter().map(|m| (m.id.clone(), digest::logged_model(m))));
    }
    let models = expected.entry(Kind::RegisteredModel).or_default();
    let mut after: Option<String> = None;
    loop {
        let page = source.registered_models(after.as_deref(), PAGE, faults)?;
        let Some(last) = page.last() else { break };
        after = Some(last.name.clone());
        if let Some(here) = &mut here {
            here.registered_models(&page)?;
        }
        models.extend(
            page.iter()
                .map(|m| (m.name.clone(), digest::registered_model(m))),
        );
    }
    Ok(Read {
        expected,
        runs_by_experiment,
    })
}

/// Compares digests with those of what is in a database, read afresh.
pub(crate) fn against(here: &DatabaseUrl, expected: &Expected) -> Result<VerifyReport> {
    let mut archive = open(here)?;
    let mut report = VerifyReport::default();
    for (kind, expected) in expected {
        let ours = ours(&mut archive, *kind, Some(expected), &mut HashMap::new())?;
        report.compare(*kind, expected, &ours, "here");
    }
    Ok(report)
}

impl VerifyReport {
    /// Compares things by name with those that are expected. `place` is where they were read.
    pub(crate) fn compare(
        &mut self,
        kind: Kind,
        expected: &HashMap<String, u128>,
        found: &HashMap<String, u128>,
        place: &str,
    ) {
        self.compared.insert(kind, expected.len() as u64);
        for (name, digest) in expected {
            let how = match found.get(name) {
                Some(found) if found == digest => continue,
                Some(_) => format!("it has another content {place}"),
                None => format!("it is not {place}"),
            };
            self.differences.push(Difference {
                what: format!("{} {name}", kind.as_str()),
                how: vec![how],
            });
        }
    }
}

fn open(here: &DatabaseUrl) -> Result<Archive> {
    Archive::open(here)?
        .ok_or_else(|| Error::Source(format!("{here:?} is no database of Tidemill's.")))
}

/// Digests of what is here of a kind; of runs, as far as they are asked for. What the digests
/// leave out goes to `untold`.
fn ours(
    archive: &mut Archive,
    kind: Kind,
    wanted: Option<&HashMap<String, u128>>,
    untold: &mut HashMap<String, i64>,
) -> Result<HashMap<String, u128>> {
    let mut ours = HashMap::new();
    match kind {
        Kind::Experiment => {
            let all = archive.experiments()?;
            ours.extend(
                all.iter()
                    .map(|e| (e.id.to_string(), digest::experiment(e))),
            );
        }
        Kind::Run => {
            let mut after: Option<RunId> = None;
            loop {
                let ids = archive.run_ids(after.as_ref(), PAGE as i64)?;
                let Some(last) = ids.last() else { break };
                after = Some(last.clone());
                let ids: Vec<RunId> = ids
                    .into_iter()
                    .filter(|id| wanted.is_none_or(|wanted| wanted.contains_key(&id.0)))
                    .collect();
                let mut digests = PieceDigests::default();
                archive.runs(&ids, &mut |piece| {
                    if let RunPiece::Run(run) = &piece
                        && let Some(deleted) = run.deleted_time
                    {
                        untold.insert(format!("{} {}", kind.as_str(), run.run.info.id), deleted);
                    }
                    digests.add(piece);
                    Ok::<(), Error>(())
                })?;
                let runs = digests.finish().into_iter();
                ours.extend(runs.map(|run| (run.id.0, run.digest)));
            }
        }
        Kind::LoggedModel => {
            let mut after: Option<String> = None;
            loop {
                let page = archive.logged_models(after.as_deref(), PAGE as i64)?;
                let Some(last) = page.last() else { break };
                after = Some(last.id.clone());
                ours.extend(page.iter().map(|m| (m.id.clone(), digest::logged_model(m))));
            }
        }
        Kind::RegisteredModel => {
            let mut after: Option<String> = None;
            loop {
                let page = archive.registered_models(after.as_deref(), PAGE as i64)?;
                let Some(last) = page.last() else { break };
                after = Some(last.name.clone());
                let last_version =
                    |m: &CarriedModel| (format!("{} {}", kind.as_str(), m.name), m.last_version);
                untold.extend(page.iter().map(last_version));
                ours.extend(
                    page.iter()
                        .map(|m| (m.name.clone(), digest::registered_model(m))),
                );
            }
        }
        Kind::Artifacts => {}
    }
    Ok(ours)
}

/// How many runs each experiment has here.
fn runs_by_experiment(here: &DatabaseUrl) -> Result<BTreeMap<i64, u64>> {
    Ok(open(here)?.runs_by_experiment()?)
}
