//! MLflow's file store, the folder `mlruns`, of every version from 1.30 to 3.17 and most before.
//!
//! ```text
//! <experiment>/meta.yaml, tags/, datasets/<id>/meta.yaml
//! <experiment>/<run>/meta.yaml, params/, tags/, metrics/, inputs/, outputs/
//! <experiment>/models/<logged model>/meta.yaml, params/, tags/, metrics/
//! <experiment>/traces/                     counted, not carried
//! .trash/<experiment>/                     deleted experiments, with all of the above
//! models/<registered model>/meta.yaml, tags/, aliases/, version-<n>/meta.yaml, tags/
//! ```
//!
//! Any file may be damaged or made to do harm: see `root` for what is never opened and `yaml` for
//! what is never parsed. Lengths of names and keys are not looked at here.

mod experiments;
#[cfg(test)]
mod given;
mod inputs;
mod lines;
mod logged_models;
mod places;
mod registry;
mod root;
mod runs;
mod texts;
mod traces;
mod yaml;

use std::path::Path;

use tidemill_core::experiments::{Experiment, ExperimentId};
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{CarriedModel, Fault, RunHead, RunPiece};

use self::experiments::{Home, Homes};
use self::places::Places;
use self::root::Root;
use self::runs::RunFolder;
use super::{Count, Source};
use crate::{Error, Result};

/// A folder in which MLflow's file store keeps experiments and models.
pub struct FileStore {
    root: Root,
    survey: Option<Survey>,
}

/// Which things there are.
struct Survey {
    homes: Homes,
    runs: Places,
    models: Places,
}

impl FileStore {
    /// Opens the folder; nothing if it is no file store: it has no experiment and no registered
    /// model.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let cannot = |why| Error::Source(format!("{} cannot be read: {why}", path.display()));
        let root = match Root::open(path) {
            Ok(root) => root,
            Err(_) if path.is_file() => return Ok(None),
            Err(error) => return Err(cannot(error.to_string())),
        };
        let is_store = experiments::has_any(&root).map_err(cannot)? || registry::count(&root) > 0;
        Ok(is_store.then_some(Self { root, survey: None }))
    }

    /// Looks anew at what there is, and gives the experiments.
    fn look(&mut self, faults: &mut Vec<Fault>) -> Result<Vec<Experiment>> {
        let found = experiments::read_all(&self.root, faults).map_err(|why| {
            let root = self.root.path().display();
            Error::Source(format!("{root} cannot be read: {why}"))
        })?;
        let mut homes = Homes::new();
        let mut experiments = Vec::with_capacity(found.len());
        for (home, experiment) in found {
            homes.insert(experiment.id, home);
            experiments.push(experiment);
        }
        self.survey = Some(Survey {
            runs: Places::of_runs(&self.root, &homes),
            models: Places::of_models(&self.root, &homes),
            homes,
        });
        Ok(experiments)
    }

    /// What there is, as it was when the experiments were last asked for.
    fn survey(&mut self) -> Result<(&Root, &Survey)> {
        if self.survey.is_none() {
            // Faults of experiments are reported with the experiments.
            self.look(&mut Vec::new())?;
        }
        let survey = self.survey.as_ref();
        let survey = survey.ok_or_else(|| Error::Source(String::from("nothing was found")))?;
        Ok((&self.root, survey))
    }
}

impl Survey {
    fn home(&self, experiment: ExperimentId) -> Result<&Home, String> {
        let home = self.homes.get(&experiment);
        home.ok_or_else(|| format!("experiment {experiment} cannot be read"))
    }
}

impl Source for FileStore {
    fn name(&self) -> String {
        format!("MLflow file store {}", self.root.path().display())
    }

    fn counts(&mut self) -> Result<Vec<Count>> {
        let experiments = self.look(&mut Vec::new())?.len();
        let (root, survey) = self.survey()?;
        Ok(vec![
            count("experiments", experiments),
            count("runs", survey.runs.count()),
            count("logged models", survey.models.count()),
            count("registered models", registry::count(root)),
        ])
    }

    fn left_out(&mut self) -> Result<Vec<Count>> {
        let (root, survey) = self.survey()?;
        let traces = traces::count(root, &survey.homes);
        let kinds = [
            count("traces", traces.traces),
            count("trace assessments", traces.assessments),
        ];
        Ok(kinds.into_iter().filter(|kind| kind.count > 0).collect())
    }

    fn experiments(&mut self, faults: &mut Vec<Fault>) -> Result<Vec<Experiment>> {
        self.look(faults)
    }

    fn run_heads(
        &mut self,
        after: Option<&RunId>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<RunHead>> {
        let (root, survey) = self.survey()?;
        if after.is_none() {
            faults.extend_from_slice(survey.runs.faults());
        }
        let groups = survey.runs.groups_after(after.map(RunId::as_str));
        Ok(places::page(groups, limit, "run", faults, |place, _| {
            let home = survey.home(place.experiment)?;
            RunFolder::new(root, home, place.experiment, &place.id).head()
        }))
    }

    fn runs(
        &mut self,
        heads: &[RunHead],
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
        faults: &mut Vec<Fault>,
    ) -> Result<()> {
        let (root, survey) = self.survey()?;
        for head in heads {
            let known = faults.len();
            let home = survey.home(head.experiment_id);
            let folder = home
                .map(|home| RunFolder::new(root, home, head.experiment_id, head.id.as_str()))
                .and_then(|folder| Ok((folder.whole(faults)?, folder)));
            match folder {
                Ok((run, folder)) => {
                    each(RunPiece::Run(Box::new(run)))?;
                    folder.points(each, faults)?;
                    each(RunPiece::End {
                        whole: faults.len() == known,
                    })?;
                }
                Err(why) => {
                    let what = format!("run {}", head.id);
                    faults.push(Fault::new(what, format!("it is left out: {why}")));
                }
            }
        }
        Ok(())
    }

    fn logged_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>> {
        let (root, survey) = self.survey()?;
        if after.is_none() {
            faults.extend_from_slice(survey.models.faults());
        }
        let groups = survey.models.groups_after(after);
        let read = |place: &places::Place, faults: &mut Vec<Fault>| {
            let home = survey.home(place.experiment)?;
            logged_models::read(root, home, place.experiment, &place.id, faults)
        };
        Ok(places::page(groups, limit, "logged model", faults, read))
    }

    fn registered_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<CarriedModel>> {
        Ok(registry::page(&self.root, after, limit, faults))
    }
}

fn count(what: &str, count: usize) -> Count {
    Count {
        what: what.to_owned(),
        count: count as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::given::{Given, lines};
    use super::*;

    #[test]
    fn a_folder_without_experiments_and_models_is_no_file_store() {
        let given = Given::new();
        given.file("0/run/artifacts/model", "");
        given.file("file", "");
        let is_store = |path: &Path| FileStore::open(path).unwrap().is_some();
        assert!(!is_store(given.path()));
        assert!(!is_store(&given.path().join("file")));
        assert!(FileStore::open(&given.path().join("nowhere")).is_err());
        given.file("models/m/meta.yaml", "name: m");
        assert!(is_store(given.path()));
        assert!(is_store(Given::store().path()));
    }

    #[test]
    fn everything_is_counted() {
        let given = Given::store();
        given.experiment(".trash/2", "two");
        given.run(".trash/2", "r2", "");
        given.file("1/models/m-1/meta.yaml", "");
        given.file("models/m/meta.yaml", "name: m");
        given.file("1/traces/tr-1/trace_info.yaml", "");
        given.file("1/traces/tr-1/assessments/a-1.yaml", "");
        given.file(".trash/2/traces/tr-2/trace_info.yaml", "");
        let mut store = given.open();
        let expected = [
            count("experiments", 2),
            count("runs", 2),
            count("logged models", 1),
            count("registered models", 1),
        ];
        assert_eq!(store.counts().unwrap(), expected);
        let expected = [count("traces", 2), count("trace assessments", 1)];
        assert_eq!(store.left_out().unwrap(), expected);
    }

    fn ids(store: &mut FileStore, limit: usize, faults: &mut Vec<Fault>) -> Vec<(String, i64)> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let heads = store.run_heads(after.as_ref(), limit, faults).unwrap();
            let Some(last) = heads.last() else {
                return ids;
            };
            after = Some(last.id.clone());
            ids.extend(
                heads
                    .into_iter()
                    .map(|head| (head.id.0, head.experiment_id.0)),
            );
        }
    }

    #[test]
    fn runs_come_in_pages_over_broken_ones() {
        let given = Given::store();
        given.experiment("2", "two");
        given.run("2", "r0", "");
        given.run("2", "r2", "");
        given.file("1/r11/meta.yaml", "]");
        given.file("1/r12/params/p", "");
        given.link("r1", "1/r13");
        given.file("1/just/artifacts/x", "");
        let expected = [("r0", 2), ("r1", 1), ("r2", 2)].map(|(id, e)| (id.to_owned(), e));
        for limit in [1, 2, 10] {
            let mut faults = Vec::new();
            assert_eq!(ids(&mut given.open(), limit, &mut faults), expected);
            let faults = lines(&faults);
            assert_eq!(faults.len(), 3);
            assert_eq!(
                faults[..2],
                [
                    "run r12: it is left out, because it has no meta.yaml",
                    "run r13: it is a symlink, and symlinks are not followed",
                ]
            );
            assert!(faults[2].starts_with("run r11 in experiment 1: it is left out: its meta"));
        }
    }

    #[test]
    fn a_run_in_two_experiments_is_the_first_that_can_be_read() {
        let given = Given::store();
        given.experiment("2", "two");
        given.run("2", "r1", "");
        given.run("1", "r2", "experiment_id: '2'\n");
        given.run("2", "r2", "");
        let mut faults = Vec::new();
        let expected = [("r1", 1), ("r2", 2)].map(|(id, e)| (id.to_owned(), e));
        assert_eq!(ids(&mut given.open(), 5, &mut faults), expected);
        assert_eq!(
            lines(&faults),
            [
                "run r1 in experiment 2: it is left out, because experiment 1 has it too",
                "run r2 in experiment 1: it is left out: its meta.yaml says that it belongs to \
                 experiment '2'",
            ]
        );
    }

    #[test]
    fn a_run_that_has_gone_since_is_a_fault() {
        let given = Given::store();
        let (mut store, mut faults) = (given.open(), Vec::new());
        let heads = store.run_heads(None, 5, &mut faults).unwrap();
        std::fs::remove_dir_all(given.path().join("1/r1")).unwrap();
        store.runs(&heads, &mut |_| Ok(()), &mut faults).unwrap();
        assert!(lines(&faults)[0].starts_with("run r1: it is left out: its meta.yaml cannot"));
    }
}
