//! A source whose artifacts come along: they are copied before whose they are is handed over, and
//! what is carried says where they are now.

use std::collections::{HashMap, HashSet};

use tidemill_core::experiments::{ArtifactLocation, Experiment, ExperimentId};
use tidemill_core::logged_models::{self, LoggedModel};
use tidemill_core::runs::{RunId, artifact_uri};
use tidemill_core::transfer::{CarriedModel, Fault, Kind, RunHead, RunPiece, digest};
use tidemill_store::DatabaseUrl;

use super::copying::{Brought, CopyArtifacts, Copying, Folder, Into};
use super::{Count, Part, Source};
use crate::Result;
use crate::import::OnConflict;
use crate::report::Listed;

/// What experiments are below, in our destination for artifacts.
const ROOT: &str = "mlflow-artifacts:/";
/// Tells runs that are carried with their artifacts from the same runs without.
const COPIED: u128 = 0x636f_7069_6564;

/// A source with other locations of artifacts.
pub struct Relocated {
    inner: Box<dyn Source>,
    /// `None` when nothing is to be copied.
    copying: Option<Copying>,
    /// Numbers of experiments by where their artifacts were; `None` where several share a place.
    experiments: HashMap<String, Option<ExperimentId>>,
    /// What is not all here of the last page of runs.
    incomplete: HashMap<RunId, Incomplete>,
    /// Where artifacts are in the source that are not here.
    uncopied: HashSet<String>,
    /// Where artifacts are here that could not be brought up to date.
    outdated: HashSet<String>,
    /// Whose those are, and why.
    failed: Listed<Fault>,
    /// What is carried, if it is not all.
    only: Option<Part>,
}

/// What is not all here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Incomplete {
    /// Nothing of it counts: its location stays what it was.
    Stays,
    /// What was copied before is here.
    Outdated,
}

impl Relocated {
    /// The same things with locations below our destination for artifacts.
    pub fn new(inner: Box<dyn Source>) -> Self {
        Self {
            inner,
            copying: None,
            experiments: HashMap::new(),
            incomplete: HashMap::new(),
            uncopied: HashSet::new(),
            outdated: HashSet::new(),
            failed: Listed::default(),
            only: None,
        }
    }

    /// Also copies the files of each run and model before it is handed over, and notes in the
    /// database that is imported into what was copied.
    #[must_use]
    pub fn with_files(
        mut self,
        copier: Box<dyn CopyArtifacts>,
        into: DatabaseUrl,
        on_conflict: OnConflict,
    ) -> Self {
        let into = Into {
            database: into,
            source: self.inner.name(),
            on_conflict,
        };
        self.copying = Some(Copying::new(copier, Some(into)));
        self
    }

    /// Also compares the files of each run and model with those that are here.
    #[must_use]
    pub fn comparing_files(mut self, copier: Box<dyn CopyArtifacts>) -> Self {
        self.copying = Some(Copying::new(copier, None));
        self
    }

    /// Brings the folders of things, and says of each what is not all here, in the same order.
    fn bring(&mut self, folders: Vec<(String, Folder)>) -> Result<Vec<Option<Incomplete>>> {
        let Some(copying) = &mut self.copying else {
            return Ok(vec![None; folders.len()]);
        };
        let (whats, folders): (Vec<_>, Vec<_>) = folders.into_iter().unzip();
        let brought = copying.bring(&folders)?;
        let mut incomplete = Vec::new();
        for ((what, Folder { from, to, .. }), brought) in
            whats.into_iter().zip(folders).zip(brought)
        {
            let (outcome, why) = match brought {
                Brought::Whole => {
                    incomplete.push(None);
                    continue;
                }
                Brought::Outdated(why) => (Incomplete::Outdated, why),
                Brought::Not(why) => (Incomplete::Stays, why),
            };
            let why = copying.complaint(&from, &why);
            self.failed.push(Fault::new(what, why));
            match outcome {
                Incomplete::Stays => self.uncopied.insert(from.trim_end_matches('/').to_owned()),
                Incomplete::Outdated => self.outdated.insert(to),
            };
            incomplete.push(Some(outcome));
        }
        Ok(incomplete)
    }

    /// Brings the files of those runs of a page that are carried.
    fn bring_runs(&mut self, heads: &[RunHead]) -> Result<()> {
        let (mut places, mut untold) = (Vec::new(), Vec::new());
        for head in heads {
            let part = self.only.as_ref();
            if !part.is_none_or(|part| part.holds(head.experiment_id, head.start_time)) {
                continue;
            }
            match &head.artifact_uri {
                Some(uri) => places.push((head.id.clone(), head.experiment_id, uri.clone())),
                None => untold.push(head.clone()),
            }
        }
        let mut each = |piece| {
            if let RunPiece::Run(carried) = piece {
                let info = carried.run.info;
                places.push((info.id, info.experiment_id, info.artifact_uri));
            }
            Ok(())
        };
        if !untold.is_empty() {
            // What is broken in them is told when they are carried.
            self.inner.runs(&untold, &mut each, &mut Vec::new())?;
        }
        let signatures: HashMap<&RunId, u128> = heads
            .iter()
            .map(|head| (&head.id, head.signature))
            .collect();
        let folder = |(id, experiment, from): &(RunId, ExperimentId, String)| {
            let folder = Folder {
                from: from.clone(),
                to: artifact_uri(&home(*experiment), id),
                owner: signatures.get(id).copied().unwrap_or_default(),
            };
            (format!("run {id}"), folder)
        };
        let brought = self.bring(places.iter().map(folder).collect())?;
        let brought = places.into_iter().zip(brought);
        let incomplete = brought.filter_map(|((id, _, _), incomplete)| Some((id, incomplete?)));
        self.incomplete = incomplete.collect();
        Ok(())
    }

    /// Where something is now: a file or folder of a run or a logged model, told by the location
    /// of its experiment. `None` when it is none of those, when that does not tell whose it is, or
    /// when it is still where it was.
    fn moved(&self, location: &str) -> Option<String> {
        let places = location.match_indices('/').map(|(at, _)| at);
        let is_uncopied = |end| self.uncopied.contains(&location[..end]);
        if places.clone().chain([location.len()]).any(is_uncopied) {
            return None;
        }
        let (at, id) = places.rev().find_map(|at| {
            let id = self.experiments.get(&location[..at])?;
            Some((at, *id))
        })?;
        Some(format!("{}{}", home(id?), &location[at..]))
    }

    /// Puts the new place of a version's files where their old one was, if they are there: its run
    /// may be one that was not carried.
    fn follow(&mut self, location: &mut String, what: &str) -> Result<()> {
        let Some(new) = self.moved(location) else {
            return Ok(());
        };
        let above = new.match_indices('/').map(|(at, _)| &new[..at]);
        let folders: Vec<&str> = above.chain([new.as_str()]).collect();
        let is_outdated = folders.iter().any(|folder| self.outdated.contains(*folder));
        let was_here = match &mut self.copying {
            None => true,
            Some(copying) => copying.has_one(&folders)?,
        };
        let folder = Folder {
            from: location.clone(),
            to: new.clone(),
            owner: 0,
        };
        let is_here = (was_here && !is_outdated)
            || self.bring(vec![(what.to_owned(), folder)])? == [None]
            || (was_here
                && self
                    .copying
                    .as_ref()
                    .is_some_and(|copying| copying.holds(&new)));
        if is_here {
            *location = new;
        }
        Ok(())
    }
}

/// Where an experiment's artifacts are now.
fn home(id: ExperimentId) -> String {
    ArtifactLocation::Below(String::from(ROOT)).resolve(id)
}

impl Source for Relocated {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn counts(&mut self) -> Result<Vec<Count>> {
        self.inner.counts()
    }

    fn left_out(&mut self) -> Result<Vec<Count>> {
        self.inner.left_out()
    }

    fn orphans(&mut self) -> Result<Vec<Fault>> {
        self.inner.orphans()
    }

    fn only(&mut self, part: Part) {
        self.only = Some(part);
    }

    fn uncopied(&mut self) -> Listed<Fault> {
        std::mem::take(&mut self.failed)
    }

    fn gone(&mut self, kind: Kind, names: Vec<String>) -> Result<Vec<String>> {
        self.inner.gone(kind, names)
    }

    fn experiments(&mut self, faults: &mut Vec<Fault>) -> Result<Vec<Experiment>> {
        let mut experiments = self.inner.experiments(faults)?;
        for experiment in &mut experiments {
            let new = home(experiment.id);
            let old = std::mem::replace(&mut experiment.artifact_location, new);
            let old = old.trim_end_matches('/').to_owned();
            let shared = |id: &mut Option<ExperimentId>| *id = id.filter(|id| *id == experiment.id);
            self.experiments
                .entry(old)
                .and_modify(shared)
                .or_insert(Some(experiment.id));
        }
        Ok(experiments)
    }

    fn run_heads(
        &mut self,
        after: Option<&RunId>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<RunHead>> {
        let mut heads = self.inner.run_heads(after, limit, faults)?;
        if self.copying.is_some() {
            self.bring_runs(&heads)?;
        }
        heads.iter_mut().for_each(|head| head.signature ^= COPIED);
        Ok(heads)
    }

    fn runs(
        &mut self,
        heads: &[RunHead],
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
        faults: &mut Vec<Fault>,
    ) -> Result<()> {
        let heads: Vec<RunHead> = heads
            .iter()
            .map(|head| RunHead {
                signature: head.signature ^ COPIED,
                ..head.clone()
            })
            .collect();
        let mut is_copied = true;
        let mut each = |mut piece: RunPiece| {
            match &mut piece {
                RunPiece::Run(carried) => {
                    let info = &mut carried.run.info;
                    let incomplete = self.incomplete.get(&info.id);
                    is_copied = incomplete.is_none();
                    if incomplete != Some(&Incomplete::Stays) {
                        info.artifact_uri = artifact_uri(&home(info.experiment_id), &info.id);
                    }
                }
                RunPiece::End { whole } => *whole &= is_copied,
                RunPiece::Points { .. } => {}
            }
            each(piece)
        };
        self.inner.runs(&heads, &mut each, faults)
    }

    fn logged_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>> {
        let mut models = self.inner.logged_models(after, limit, faults)?;
        let part = self.only.clone();
        let is_carried = |model: &&mut LoggedModel| {
            let part = part.as_ref();
            part.is_none_or(|part| part.holds(model.experiment_id, model.creation_time))
        };
        let carried: Vec<&mut LoggedModel> = models.iter_mut().filter(is_carried).collect();
        let new = |model: &LoggedModel| {
            logged_models::artifact_location(&home(model.experiment_id), &model.id)
        };
        let folder = |model: &&mut LoggedModel| {
            let folder = Folder {
                from: model.artifact_location.clone(),
                to: new(model),
                owner: digest::logged_model(model),
            };
            (format!("logged model {}", model.id), folder)
        };
        let incomplete = self.bring(carried.iter().map(folder).collect())?;
        for (model, incomplete) in carried.into_iter().zip(incomplete) {
            if incomplete != Some(Incomplete::Stays) {
                model.artifact_location = new(model);
            }
        }
        Ok(models)
    }

    fn registered_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<CarriedModel>> {
        let mut models = self.inner.registered_models(after, limit, faults)?;
        let part = self.only.clone();
        let is_carried = |model: &&mut CarriedModel| {
            let part = part.as_ref();
            part.is_none_or(|part| part.holds_model(&model.name))
        };
        let carried = models.iter_mut().filter(is_carried);
        for version in carried.flat_map(|model| &mut model.versions) {
            let what = format!("version {} of model {}", version.version, version.name);
            self.follow(&mut version.source, &what)?;
            if let Some(place) = &mut version.storage_location {
                self.follow(place, &what)?;
            }
        }
        Ok(models)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credentials, Server};

    #[test]
    fn a_place_is_told_by_the_nearest_experiment_unless_several_share_it() {
        let server = Server::open("http://localhost", Credentials::None).unwrap();
        let mut source = Relocated::new(Box::new(server));
        for (place, id) in [
            ("s3://b", Some(1)),
            ("s3://b/x", Some(2)),
            ("s3://shared", None),
        ] {
            let id = id.map(ExperimentId);
            source.experiments.insert(String::from(place), id);
        }
        let moved = |location| source.moved(location);
        let new = |text| Some(String::from(text));
        assert_eq!(
            moved("s3://b/r/artifacts/m"),
            new("mlflow-artifacts:/1/r/artifacts/m")
        );
        assert_eq!(
            moved("s3://b/x/r/artifacts/m"),
            new("mlflow-artifacts:/2/r/artifacts/m")
        );
        assert_eq!(moved("s3://shared/r/artifacts/m"), None);
        assert_eq!(moved("s3://other/r/artifacts/m"), None);
        assert_eq!(moved("runs:/r/m"), None);

        source.uncopied.insert(String::from("s3://b/r/artifacts"));
        assert_eq!(source.moved("s3://b/r/artifacts/m"), None);
        assert_eq!(source.moved("s3://b/r/artifacts"), None);
        assert_eq!(
            source.moved("s3://b/r/artifacts2/m"),
            new("mlflow-artifacts:/1/r/artifacts2/m")
        );
    }
}
