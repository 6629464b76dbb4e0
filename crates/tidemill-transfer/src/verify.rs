//! Comparing a source with what is here.

use std::collections::{BTreeMap, HashMap};

use tidemill_core::runs::RunId;
use tidemill_core::transfer::{Fault, Kind, digest};
use tidemill_store::{Archive, DatabaseUrl};

use crate::digests::PieceDigests;
use crate::import::Expected;
use crate::progress::Progress;
use crate::report::{Difference, VerifyReport};
use crate::{Error, Result, Source};

/// How many things are read at once.
const PAGE: usize = 500;

/// Compares everything in a source with the database at `here`: that each thing is there with the
/// same content, and for each experiment how many runs there are. `progress` is told how far it
/// is.
pub fn verify(
    source: &mut dyn Source,
    here: &DatabaseUrl,
    progress: impl Fn(&str) + Send + 'static,
) -> Result<VerifyReport> {
    let progress = Progress::new(source.counts()?, progress);
    let mut faults = Vec::new();
    let read = read(source, &mut faults, &progress)?;
    let mut report = against(here, &read.expected)?;
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
    report.faults.extend(faults);
    report.faults.extend(source.orphans()?);
    Ok(report)
}

pub(crate) struct Read {
    pub(crate) expected: Expected,
    runs_by_experiment: BTreeMap<i64, u64>,
}

/// Digests of everything in a source.
pub(crate) fn read(
    source: &mut dyn Source,
    faults: &mut Vec<Fault>,
    progress: &Progress,
) -> Result<Read> {
    let mut expected = Expected::new();
    let mut runs_by_experiment = BTreeMap::new();
    let experiments = source.experiments(faults)?;
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
        let mut digests = PieceDigests::default();
        source.runs(
            &heads,
            &mut |piece| {
                progress.add("metric points", digests.add(piece) as u64);
                Ok(())
            },
            faults,
        )?;
        for run in digests.finish() {
            progress.add("runs", 1);
            *runs_by_experiment.entry(run.experiment_id.0).or_default() += 1;
            runs.insert(run.id.0, run.digest);
        }
    }
    let models = expected.entry(Kind::LoggedModel).or_default();
    let mut after: Option<String> = None;
    loop {
        let page = source.logged_models(after.as_deref(), PAGE, faults)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        models.extend(page.iter().map(|m| (m.id.clone(), digest::logged_model(m))));
    }
    let models = expected.entry(Kind::RegisteredModel).or_default();
    let mut after: Option<String> = None;
    loop {
        let page = source.registered_models(after.as_deref(), PAGE, faults)?;
        let Some(last) = page.last() else { break };
        after = Some(last.name.clone());
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
        let ours = ours(&mut archive, *kind, expected)?;
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

/// Digests of what is here of a kind, as far as they are asked for.
fn ours(
    archive: &mut Archive,
    kind: Kind,
    wanted: &HashMap<String, u128>,
) -> Result<HashMap<String, u128>> {
    let mut ours = HashMap::with_capacity(wanted.len());
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
                    .filter(|id| wanted.contains_key(&id.0))
                    .collect();
                let mut digests = PieceDigests::default();
                archive.runs(&ids, &mut |piece| {
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
                ours.extend(
                    page.iter()
                        .map(|m| (m.name.clone(), digest::registered_model(m))),
                );
            }
        }
    }
    Ok(ours)
}

/// How many runs each experiment has here.
fn runs_by_experiment(here: &DatabaseUrl) -> Result<BTreeMap<i64, u64>> {
    Ok(open(here)?.runs_by_experiment()?)
}
