//! Which runs and logged models there are, by id: all that is held of a whole store.

use tidemill_core::experiments::ExperimentId;
use tidemill_core::transfer::Fault;

use super::experiments::Homes;
use super::root::{Entry, Kind, Root, join};
use super::yaml::META;

/// Folders of an experiment that are no runs.
const RESERVED: [&str; 4] = ["tags", "datasets", "traces", "models"];
/// Folders that only runs have.
const OF_RUNS: [&str; 3] = ["params", "metrics", "inputs"];

/// A folder that is named for the id of what it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The folder's name.
    pub(super) id: String,
    /// In whose folder it is.
    pub(super) experiment: ExperimentId,
}

/// Places by id.
#[derive(Debug, Default)]
pub(super) struct Places {
    sorted: Vec<Place>,
    faults: Vec<Fault>,
}

impl Places {
    /// The folders of runs.
    pub(super) fn of_runs(root: &Root, homes: &Homes) -> Self {
        let mut places = Self::default();
        for (experiment, home) in homes {
            let is_run = |entry: &Entry| !RESERVED.contains(&entry.name.as_str());
            places.add(root, *experiment, &home.folder, "run", is_run);
        }
        places.sorted.sort();
        places
    }

    /// The folders of logged models.
    pub(super) fn of_models(root: &Root, homes: &Homes) -> Self {
        let mut places = Self::default();
        for (experiment, home) in homes {
            let folder = models_folder(&home.folder);
            places.add(root, *experiment, &folder, "logged model", |_| true);
        }
        places.sorted.sort();
        places
    }

    /// What is wrong with folders that are not listed.
    pub(super) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The places after an id, those of one id together.
    pub(super) fn groups_after<'a>(
        &'a self,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = &'a [Place]> {
        let is_before = |place: &Place| after.is_some_and(|after| place.id.as_str() <= after);
        let from = self.sorted.partition_point(is_before);
        self.sorted[from..].chunk_by(|a, b| a.id == b.id)
    }

    fn add(
        &mut self,
        root: &Root,
        experiment: ExperimentId,
        folder: &str,
        what: &str,
        is_one: impl Fn(&Entry) -> bool,
    ) {
        let entries = match root.list_if_there(folder) {
            Ok(entries) => entries,
            Err(why) => {
                let why = format!("its {what}s cannot be listed: {why}");
                let fault = Fault::new(format!("experiment {experiment}"), why);
                return self.faults.push(fault);
            }
        };
        for entry in entries.into_iter().filter(is_one) {
            let path = join(folder, &entry.name);
            let what = format!("{what} {}", entry.name);
            match entry.kind {
                Kind::Folder if root.has(&join(&path, META)) => self.sorted.push(Place {
                    id: entry.name,
                    experiment,
                }),
                Kind::Folder if has_data(root, &path) => {
                    let why = format!("it is left out, because it has no {META}");
                    self.faults.push(Fault::new(what, why));
                }
                Kind::Odd(why) => self.faults.push(Fault::new(what, why)),
                // Artifacts may lie beside the runs.
                Kind::Folder | Kind::File => {}
            }
        }
    }
}

/// Where an experiment's logged models are.
pub(super) fn models_folder(experiment: &str) -> String {
    join(experiment, "models")
}

fn has_data(root: &Root, folder: &str) -> bool {
    OF_RUNS
        .iter()
        .any(|name| root.has_folder(&join(folder, name)))
}

/// Reads places until there are `limit` things. Of several places of one id the first that can be
/// read is it.
pub(super) fn page<'a, T>(
    groups: impl Iterator<Item = &'a [Place]>,
    limit: usize,
    what: &str,
    faults: &mut Vec<Fault>,
    mut read: impl FnMut(&Place, &mut Vec<Fault>) -> Result<T, String>,
) -> Vec<T> {
    let mut things = Vec::new();
    for group in groups {
        let mut owner = None;
        for place in group {
            let what = || format!("{what} {} in experiment {}", place.id, place.experiment);
            if let Some(owner) = owner {
                let why = format!("it is left out, because experiment {owner} has it too");
                faults.push(Fault::new(what(), why));
                continue;
            }
            match read(place, faults) {
                Ok(thing) => {
                    owner = Some(place.experiment);
                    things.push(thing);
                }
                Err(why) => faults.push(Fault::new(what(), format!("it is left out: {why}"))),
            }
        }
        if things.len() >= limit {
            break;
        }
    }
    things
}
