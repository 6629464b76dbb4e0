//! Experiments: folders named for their ids, in the root or, when deleted, in `.trash`.
//!
//! MLflow ignores a folder that says it is another experiment, and fails on one whose file lacks
//! a name; both are faults. An experiment that is in the root and in the trash is the one in the
//! root. Before MLflow 2 the file of a deleted experiment went on saying that it is active.

use std::collections::BTreeMap;

use tidemill_core::experiments::{Experiment, ExperimentId};
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::location;
use tidemill_core::tags::Tag;
use tidemill_core::transfer::Fault;
use url::Url;

use super::registry::MODELS;
use super::root::{Entry, Kind, Readable, Root, join};
use super::texts::Values;
use super::yaml::{Fields, META};

const TRASH: &str = ".trash";

/// Where an experiment is and where its artifacts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home {
    /// Its folder.
    pub(super) folder: String,
    /// Root of its runs' artifacts.
    pub(super) artifact_location: String,
}

/// The homes of experiments that can be read.
pub(super) type Homes = BTreeMap<ExperimentId, Home>;

/// Every experiment with its home, by id.
pub(super) fn read_all(root: &Root, faults: &mut Vec<Fault>) -> Readable<Vec<(Home, Experiment)>> {
    let mut found: BTreeMap<ExperimentId, (Home, Experiment)> = BTreeMap::new();
    for (id, folder) in folders(root, faults)? {
        if let Some((home, _)) = found.get(&id) {
            let why = format!("it is left out, because '{}' is the same one", home.folder);
            faults.push(Fault::new(format!("experiment in '{folder}'"), why));
            continue;
        }
        match read(root, id, &folder, faults) {
            Ok(experiment) => drop(found.insert(id, experiment)),
            Err(why) => faults.push(broken(root, id, &folder, &why)),
        }
    }
    Ok(found.into_values().collect())
}

/// Whether any experiment is in this folder, as far as one can tell without reading it.
pub(super) fn has_any(root: &Root) -> Readable<bool> {
    let folders = folders(root, &mut Vec::new())?;
    Ok(folders
        .iter()
        .any(|(_, folder)| root.has(&join(folder, META))))
}

/// The folders that are named for ids, those in the root first.
fn folders(root: &Root, faults: &mut Vec<Fault>) -> Readable<Vec<(ExperimentId, String)>> {
    let mut entries: Vec<(&str, Entry)> = Vec::new();
    entries.extend(root.list("")?.into_iter().map(|entry| ("", entry)));
    match root.list_if_there(TRASH) {
        Ok(trash) => entries.extend(trash.into_iter().map(|entry| (TRASH, entry))),
        Err(why) => faults.push(Fault::new("deleted experiments", why)),
    }
    let mut folders = Vec::new();
    for (parent, entry) in entries {
        let folder = join(parent, &entry.name);
        match (id_of(&entry.name), entry.kind) {
            (Some(id), Kind::Folder) => folders.push((id, folder)),
            (Some(id), Kind::Odd(why)) => faults.push(Fault::new(named(id), why)),
            (None, Kind::Folder) if is_foreign(root, parent, &entry.name) => {
                let why = "it and its runs are left out, because its id is not a number";
                faults.push(Fault::new(format!("experiment in '{folder}'"), why));
            }
            _ => {}
        }
    }
    Ok(folders)
}

/// The number that a folder is named for, as MLflow writes it.
fn id_of(name: &str) -> Option<ExperimentId> {
    let id: i64 = name.parse().ok()?;
    (id.to_string() == name).then_some(ExperimentId(id))
}

fn is_foreign(root: &Root, parent: &str, name: &str) -> bool {
    name != TRASH && name != MODELS && root.has(&join(&join(parent, name), META))
}

fn named(id: ExperimentId) -> String {
    format!("experiment {id}")
}

fn broken(root: &Root, id: ExperimentId, folder: &str, why: &str) -> Fault {
    let entries = root.list(folder).unwrap_or_default();
    let is_run = |entry: &&Entry| root.has(&format!("{folder}/{}/{META}", entry.name));
    let runs = entries.iter().filter(is_run).count();
    let why = format!("it is left out, and so are its {runs} runs: {why}");
    Fault::new(named(id), why)
}

fn read(
    root: &Root,
    id: ExperimentId,
    folder: &str,
    faults: &mut Vec<Fault>,
) -> Readable<(Home, Experiment)> {
    let fields = Fields::of_folder(root, folder)?;
    let said = fields.required("experiment_id")?;
    if said != id.to_string() {
        return Err(format!("its {META} says that it is experiment '{said}'"));
    }
    let artifact_location = match fields.filled("artifact_location")? {
        Some(location) => location,
        None => location::append(&root_uri(root)?, said),
    };
    let what = named(id);
    let tags = Values::new(join(folder, "tags"), "tag", &what);
    let experiment = Experiment {
        id,
        name: fields.required("name")?.to_owned(),
        artifact_location: artifact_location.clone(),
        stage: stage_in(folder, &fields)?,
        // MLflow before 1.29 did not note the times, and its clients show that as no time, which
        // on the wire is 0.
        creation_time: fields.number("creation_time")?.unwrap_or(0),
        last_update_time: fields.number("last_update_time")?.unwrap_or(0),
        tags: tags.read(root, faults, Tag::new),
    };
    let home = Home {
        folder: folder.to_owned(),
        artifact_location,
    };
    Ok((home, experiment))
}

fn stage_in(folder: &str, fields: &Fields) -> Readable<LifecycleStage> {
    match stage(fields)? {
        _ if folder.starts_with(TRASH) => Ok(LifecycleStage::Deleted),
        stage => Ok(stage),
    }
}

/// The field `lifecycle_stage`; active where it is missing.
pub(super) fn stage(fields: &Fields) -> Readable<LifecycleStage> {
    let Some(word) = fields.text("lifecycle_stage")? else {
        return Ok(LifecycleStage::Active);
    };
    LifecycleStage::ALL
        .into_iter()
        .find(|stage| stage.as_str() == word)
        .ok_or_else(|| format!("its lifecycle stage is '{word}'"))
}

/// Where MLflow puts artifacts when nobody says where.
fn root_uri(root: &Root) -> Readable<String> {
    Url::from_directory_path(root.path())
        .map(String::from)
        .map_err(|()| String::from("its artifact location is missing"))
}

#[cfg(test)]
mod tests {
    use super::super::given::{Given, lines};
    use super::*;

    fn read(given: &Given) -> (Vec<Experiment>, Vec<String>) {
        let mut faults = Vec::new();
        let found = read_all(&given.root(), &mut faults).unwrap();
        (
            found
                .into_iter()
                .map(|(_, experiment)| experiment)
                .collect(),
            lines(&faults),
        )
    }

    #[test]
    fn an_experiment_is_whole() {
        let given = Given::new();
        given.experiment("12", "'1e5'");
        given.file("12/tags/a/b", "c");
        let expected = Experiment {
            id: ExperimentId(12),
            name: String::from("1e5"),
            artifact_location: String::from("s3://b/12"),
            stage: LifecycleStage::Active,
            creation_time: 5,
            last_update_time: 6,
            tags: vec![Tag::new("a/b", "c")],
        };
        assert_eq!(read(&given), (vec![expected], vec![]));
    }

    #[test]
    fn what_old_versions_did_not_write_is_filled_in() {
        let given = Given::new();
        given.file("3/meta.yaml", "experiment_id: 3\nname: old\n");
        let (experiments, faults) = read(&given);
        let root = given.path().canonicalize().unwrap();
        let location = format!("file://{}/3", root.display());
        assert_eq!(experiments[0].artifact_location, location);
        assert_eq!(experiments[0].creation_time, 0);
        assert_eq!(experiments[0].stage, LifecycleStage::Active);
        assert!(faults.is_empty());
    }

    #[test]
    fn what_is_in_the_trash_is_deleted() {
        let given = Given::new();
        given.experiment(".trash/2", "two");
        given.experiment("3", "three");
        given.experiment(".trash/3", "three");
        let (experiments, faults) = read(&given);
        let stages: Vec<_> = experiments.iter().map(|e| (e.id.0, e.stage)).collect();
        assert_eq!(
            stages,
            [(2, LifecycleStage::Deleted), (3, LifecycleStage::Active)]
        );
        assert_eq!(
            faults,
            ["experiment in '.trash/3': it is left out, because '3' is the same one"]
        );
    }

    #[test]
    fn what_is_broken_is_a_fault() {
        let given = Given::new();
        given.experiment("1", "one");
        given.run("1", "r1", "");
        given.file("1/meta.yaml", "experiment_id: '2'\nname: x\n");
        given.file("2/meta.yaml", ": : [");
        given.file("3/notes.txt", "");
        given.experiment("abc", "letters");
        given.link("1", "4");
        given.file("models/meta.yaml", "");
        given.file("notes/readme", "");
        let (experiments, faults) = read(&given);
        assert!(experiments.is_empty());
        assert_eq!(faults.len(), 5, "{faults:?}");
        assert_eq!(
            faults[..3],
            [
                "experiment 4: it is a symlink, and symlinks are not followed",
                "experiment in 'abc': it and its runs are left out, because its id is not a number",
                "experiment 1: it is left out, and so are its 1 runs: its meta.yaml says that it \
                 is experiment '2'",
            ]
        );
        assert!(faults[3].contains("its meta.yaml cannot be understood"));
        assert!(faults[4].starts_with(
            "experiment 3: it is left out, and so are its 0 runs: its meta.yaml cannot be read"
        ));
    }
}
