//! A source whose artifacts come along: they are copied as they are met, and what is carried says
//! where they are now.

use std::collections::HashMap;

use tidemill_core::experiments::{ArtifactLocation, Experiment, ExperimentId};
use tidemill_core::logged_models::{self, LoggedModel};
use tidemill_core::runs::{RunId, artifact_uri};
use tidemill_core::transfer::{CarriedModel, Fault, RunHead, RunPiece};

use super::{Count, Source};
use crate::Result;

/// What experiments are below, in our destination for artifacts.
const ROOT: &str = "mlflow-artifacts:/";
/// Tells runs that are carried with their artifacts from the same runs without.
const COPIED: u128 = 0x636f_7069_6564;

/// Copies artifacts.
pub trait CopyArtifacts: Send {
    /// Copies every file below `from`, a location as the source has it, to `to`, one of ours. A
    /// file that is there already and the same is left; one that differs is an error, in words.
    fn copy(&mut self, from: &str, to: &str) -> Result<(), String>;
}

/// A source with other locations of artifacts.
pub struct Relocated {
    inner: Box<dyn Source>,
    /// `None` when they were copied before.
    copier: Option<Box<dyn CopyArtifacts>>,
    /// Numbers of experiments by where their artifacts were; `None` where several share a place.
    experiments: HashMap<String, Option<ExperimentId>>,
}

impl Relocated {
    /// The same things with locations below our destination for artifacts. With a copier, each
    /// run's and model's files are copied before it is handed over; without, only the locations
    /// change, for comparing.
    pub fn new(inner: Box<dyn Source>, copier: Option<Box<dyn CopyArtifacts>>) -> Self {
        Self {
            inner,
            copier,
            experiments: HashMap::new(),
        }
    }

    /// Where something is now: a file or folder of a run or a logged model, told by the location
    /// of its experiment. `None` when it is none of those, or when that does not tell whose it is.
    fn moved(&self, location: &str) -> Option<String> {
        let places = location.match_indices('/').map(|(at, _)| at);
        let (at, id) = places.rev().find_map(|at| {
            let id = self.experiments.get(&location[..at])?;
            Some((at, *id))
        })?;
        Some(format!("{}{}", home(id?), &location[at..]))
    }
}

/// Where an experiment's artifacts are now.
fn home(id: ExperimentId) -> String {
    ArtifactLocation::Below(String::from(ROOT)).resolve(id)
}

/// Copies what is at `location` and puts its new place there. Where it cannot be copied it stays
/// what it was.
fn relocate(
    copier: Option<&mut Box<dyn CopyArtifacts>>,
    location: &mut String,
    new: String,
    what: impl FnOnce() -> String,
    faults: &mut Vec<Fault>,
) -> bool {
    if let Some(copier) = copier
        && let Err(why) = copier.copy(location, &new)
    {
        let why = format!("its artifacts at {location} cannot be copied: {why}");
        faults.push(Fault::new(what(), why));
        return false;
    }
    *location = new;
    true
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
        let (mut uncopied, mut is_copied) = (Vec::new(), true);
        let copier = &mut self.copier;
        let mut each = |mut piece: RunPiece| {
            match &mut piece {
                RunPiece::Run(carried) => {
                    let info = &mut carried.run.info;
                    let new = artifact_uri(&home(info.experiment_id), &info.id);
                    let what = || format!("run {}", info.id);
                    let uri = &mut info.artifact_uri;
                    is_copied = relocate(copier.as_mut(), uri, new, what, &mut uncopied);
                }
                RunPiece::End { whole } => *whole &= is_copied,
                RunPiece::Points { .. } => {}
            }
            each(piece)
        };
        let outcome = self.inner.runs(&heads, &mut each, faults);
        faults.append(&mut uncopied);
        outcome
    }

    fn logged_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>> {
        let mut models = self.inner.logged_models(after, limit, faults)?;
        for model in &mut models {
            let new = logged_models::artifact_location(&home(model.experiment_id), &model.id);
            let what = || format!("logged model {}", model.id);
            let location = &mut model.artifact_location;
            relocate(self.copier.as_mut(), location, new, what, faults);
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
        for version in models.iter_mut().flat_map(|model| &mut model.versions) {
            if let Some(moved) = self.moved(&version.source) {
                version.source = moved;
            }
            if let Some(place) = &mut version.storage_location
                && let Some(moved) = self.moved(place)
            {
                *place = moved;
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
        let mut source = Relocated::new(Box::new(server), None);
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
    }
}
