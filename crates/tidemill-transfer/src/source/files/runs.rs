//! Runs: a folder each in their experiment's, with a file each for params, tags and metrics.

use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::location;
use tidemill_core::metrics::Point;
use tidemill_core::params::Param;
use tidemill_core::runs::{Run, RunId, RunInfo, RunStatus};
use tidemill_core::tags::{RUN_NAME, Tag};
use tidemill_core::transfer::{CarriedRun, Fault, RunHead, RunPiece};
use xxhash_rust::xxh3::Xxh3;

use super::experiments::{Home, stage};
use super::inputs;
use super::lines::{Lines, run_point};
use super::root::{Readable, Root, join};
use super::texts::Values;
use super::yaml::{Fields, META};
use crate::Result;

/// How many points are handed on at once.
const PIECE: usize = 100_000;
/// Folders that belong to a run's signature. A dataset's own file is not below them, but MLflow
/// never writes it a second time.
const SIGNED: [&str; 5] = ["params", "tags", "metrics", "inputs", "outputs"];
/// How long the file that belongs to the signature may be.
const MAX_SIGNED: u64 = 32 << 20;

/// A run's folder.
pub(super) struct RunFolder<'a> {
    root: &'a Root,
    home: &'a Home,
    experiment: ExperimentId,
    id: RunId,
    path: String,
    what: String,
}

impl<'a> RunFolder<'a> {
    pub(super) fn new(root: &'a Root, home: &'a Home, experiment: ExperimentId, id: &str) -> Self {
        Self {
            root,
            home,
            experiment,
            id: RunId::from(id),
            path: join(&home.folder, id),
            what: format!("run {id}"),
        }
    }

    /// The run in a list. Whoever is in a list can be read.
    pub(super) fn head(&self) -> Readable<RunHead> {
        let (info, _) = self.info()?;
        Ok(RunHead {
            id: info.id,
            experiment_id: info.experiment_id,
            start_time: info.start_time,
            artifact_uri: Some(info.artifact_uri),
            signature: self.signature()?,
        })
    }

    /// Everything but its points.
    pub(super) fn whole(&self, faults: &mut Vec<Fault>) -> Readable<CarriedRun> {
        let (mut info, deleted_time) = self.info()?;
        let params = self
            .values("params", "param")
            .read(self.root, faults, param);
        let tags = self.values("tags", "tag").read(self.root, faults, Tag::new);
        if info.name.is_empty() {
            info.name = name_in(&tags);
        }
        let inputs = inputs::read(self.root, &self.home.folder, &self.path, &self.what, faults);
        let run = Run {
            info,
            metrics: Vec::new(),
            params,
            tags,
            dataset_inputs: inputs.datasets,
            model_inputs: inputs.models,
            model_outputs: inputs::outputs(self.root, &self.path, &self.what, faults),
        };
        Ok(CarriedRun { run, deleted_time })
    }

    /// Its points in pieces, metric by metric.
    pub(super) fn points(
        &self,
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
        faults: &mut Vec<Fault>,
    ) -> Result<()> {
        let folder = join(&self.path, "metrics");
        let metrics = Values::new(folder.clone(), "metric", &self.what);
        for key in metrics.keys(self.root, faults) {
            if let Err(why) = self.points_of(&folder, &key, each)? {
                faults.push(Fault::new(
                    self.what.as_str(),
                    format!("its metric '{key}' is not whole: {why}"),
                ));
            }
        }
        Ok(())
    }

    /// The outer result is what `each` answered, the inner one what was wrong with the file.
    fn points_of(
        &self,
        folder: &str,
        key: &str,
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
    ) -> Result<Readable<()>> {
        let mut lines = match self.root.file(&join(folder, key)) {
            Ok(file) => Lines::new(file),
            Err(why) => return Ok(Err(why)),
        };
        let mut points: Vec<Point> = Vec::new();
        let mut is_empty = true;
        while let Some(point) = lines.next(run_point) {
            is_empty = false;
            points.push(point);
            if points.len() == PIECE {
                each(piece(key, std::mem::take(&mut points)))?;
            }
        }
        if !points.is_empty() {
            each(piece(key, points))?;
        }
        Ok(match lines.fault() {
            Some(why) => Err(why),
            None if is_empty => Err(String::from("it has no points")),
            None => Ok(()),
        })
    }

    /// What the run's file says, and when the run was deleted.
    fn info(&self) -> Readable<(RunInfo, Option<i64>)> {
        RunId::parse(self.id.as_str()).map_err(|error| error.to_string())?;
        let fields = Fields::of_folder(self.root, &self.path)?;
        self.check_ids(&fields)?;
        let info = RunInfo {
            id: self.id.clone(),
            experiment_id: self.experiment,
            name: self.name(&fields)?,
            user_id: fields.filled("user_id")?.unwrap_or_default(),
            status: status(&fields)?,
            start_time: fields.number("start_time")?.unwrap_or(0),
            end_time: fields.number("end_time")?.filter(|time| *time != 0),
            artifact_uri: self.artifact_uri(&fields)?,
            stage: stage(&fields)?,
        };
        let deleted_time = match info.stage {
            LifecycleStage::Active => None,
            LifecycleStage::Deleted => fields.number("deleted_time")?,
        };
        Ok((info, deleted_time))
    }

    /// MLflow before 1.0 has only `run_uuid`.
    fn check_ids(&self, fields: &Fields) -> Readable<()> {
        let id = match fields.filled("run_id")? {
            Some(id) => id,
            None => fields.required("run_uuid")?.to_owned(),
        };
        if id != self.id.as_str() {
            return Err(format!("its {META} says that it is run '{id}'"));
        }
        let experiment = fields.required("experiment_id")?;
        if experiment != self.experiment.to_string() {
            return Err(format!(
                "its {META} says that it belongs to experiment '{experiment}'"
            ));
        }
        Ok(())
    }

    /// MLflow before 1.30 wrote no `run_name`: the tag has it, or in the very first versions
    /// `name` does.
    fn name(&self, fields: &Fields) -> Readable<String> {
        if let Some(name) = fields.filled("run_name")? {
            return Ok(name);
        }
        let tag = join(&self.path, &format!("tags/{RUN_NAME}"));
        if self.root.has(&tag) {
            return Ok(String::new());
        }
        Ok(fields.filled("name")?.unwrap_or_default())
    }

    fn artifact_uri(&self, fields: &Fields) -> Readable<String> {
        Ok(match fields.filled("artifact_uri")? {
            Some(uri) => uri,
            None => location::append(
                &self.home.artifact_location,
                &format!("{}/artifacts", self.id),
            ),
        })
    }

    fn signature(&self) -> Readable<u128> {
        let mut hash = Xxh3::new();
        let meta = self.root.text(&join(&self.path, META), MAX_SIGNED)?;
        part(&mut hash, meta.as_bytes());
        for name in SIGNED {
            let folder = join(&self.path, name);
            part(&mut hash, name.as_bytes());
            // Whatever cannot be read now is a fault when the run is read.
            for entry in self.root.files_below(&folder).unwrap_or_default() {
                part(&mut hash, entry.name.as_bytes());
                if let Ok(stamp) = self.root.stamp(&join(&folder, &entry.name)) {
                    hash.update(&stamp.size.to_le_bytes());
                    hash.update(&stamp.modified.0.to_le_bytes());
                    hash.update(&stamp.modified.1.to_le_bytes());
                }
            }
        }
        Ok(hash.digest128())
    }

    fn values(&self, folder: &str, one: &'static str) -> Values<'_> {
        Values::new(join(&self.path, folder), one, &self.what)
    }
}

/// A param as its file says.
pub(super) fn param(key: String, value: String) -> Param {
    Param { key, value }
}

fn piece(key: &str, points: Vec<Point>) -> RunPiece {
    RunPiece::Points {
        key: key.to_owned(),
        points,
    }
}

fn name_in(tags: &[Tag]) -> String {
    let mut tags = tags.iter();
    let tag = tags.find(|tag| tag.key == RUN_NAME);
    tag.map_or_else(String::new, |tag| tag.value.clone())
}

/// A number, or the word that some tools write; without any, the run is running.
fn status(fields: &Fields) -> Readable<RunStatus> {
    let Some(said) = fields.text("status")? else {
        return Ok(RunStatus::Running);
    };
    RunStatus::ALL
        .into_iter()
        .find(|status| status.as_str() == said || (*status as i16).to_string() == said)
        .ok_or_else(|| format!("its status is '{said}'"))
}

/// With its length, so that two parts cannot be mistaken for two others.
fn part(hash: &mut Xxh3, bytes: &[u8]) {
    hash.update(&(bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::super::given::{Given, lines};
    use super::*;
    use crate::Source;

    type Pieces = Vec<(String, Vec<Point>)>;

    /// The first run of a store, its points, and what was wrong.
    fn read(given: &Given) -> (Option<CarriedRun>, Pieces, Vec<String>) {
        let (mut store, mut faults) = (given.open(), Vec::new());
        let heads = store.run_heads(None, 1, &mut faults).unwrap();
        let (mut run, mut points) = (None, Vec::new());
        let mut each = |piece| {
            match piece {
                RunPiece::Run(whole) => run = Some(*whole),
                RunPiece::Points { key, points: some } => points.push((key, some)),
                RunPiece::End { .. } => {}
            }
            Ok(())
        };
        store.runs(&heads, &mut each, &mut faults).unwrap();
        (run, points, lines(&faults))
    }

    fn at(timestamp: i64, value: f64, step: i64) -> Point {
        Point {
            step,
            timestamp,
            value,
        }
    }

    #[test]
    fn a_run_is_whole() {
        let given = Given::store();
        given.run("1", "r1", "");
        given.file("1/r1/params/a/b", "1");
        given.file("1/r1/tags/t", "2");
        given.file("1/r1/metrics/m/n", "1 0.5 3\n2 0.25 4\n");
        let (run, points, faults) = read(&given);
        let info = RunInfo {
            id: RunId::from("r1"),
            experiment_id: ExperimentId(1),
            name: String::from("a name"),
            user_id: String::from("me"),
            status: RunStatus::Running,
            start_time: 7,
            end_time: None,
            artifact_uri: String::from("s3://b/1/r1/artifacts"),
            stage: LifecycleStage::Active,
        };
        let run = run.unwrap();
        assert_eq!(run.run.info, info);
        assert_eq!(
            run.run.params,
            [param(String::from("a/b"), String::from("1"))]
        );
        assert_eq!(run.run.tags, [Tag::new("t", "2")]);
        let expected = vec![at(1, 0.5, 3), at(2, 0.25, 4)];
        assert_eq!(points, [(String::from("m/n"), expected)]);
        assert!(faults.is_empty());
    }

    #[test]
    fn a_run_of_an_old_version_is_filled_in() {
        let given = Given::store();
        given.file(
            "1/r1/meta.yaml",
            "run_uuid: r1\nexperiment_id: 1\nname: ''\nstatus: FAILED\nend_time: 0\n",
        );
        given.file("1/r1/tags/mlflow.runName", "from the tag");
        let run = read(&given).0.unwrap().run;
        assert_eq!(run.info.name, "from the tag");
        assert_eq!(run.info.status, RunStatus::Failed);
        assert_eq!(run.info.end_time, None);
        assert_eq!(run.info.artifact_uri, "s3://b/1/r1/artifacts");
    }

    #[test]
    fn a_deleted_run_knows_since_when() {
        let given = Given::store();
        given.run("1", "r1", "lifecycle_stage: deleted\ndeleted_time: 99\n");
        let run = read(&given).0.unwrap();
        assert_eq!(run.run.info.stage, LifecycleStage::Deleted);
        assert_eq!(run.deleted_time, Some(99));
    }

    #[test]
    fn a_long_history_comes_in_pieces() {
        let given = Given::store();
        let text: String = (0..PIECE + 1).map(|i| format!("{i} 1 {i}\n")).collect();
        given.file("1/r1/metrics/m", &text);
        let sizes: Vec<usize> = read(&given)
            .1
            .iter()
            .map(|(_, points)| points.len())
            .collect();
        assert_eq!(sizes, [PIECE, 1]);
    }

    #[test]
    fn a_refusal_ends_it() {
        let given = Given::store();
        let (mut store, mut faults) = (given.open(), Vec::new());
        let heads = store.run_heads(None, 1, &mut faults).unwrap();
        let mut refuse = |_| Err(crate::Error::Source(String::from("no")));
        assert!(store.runs(&heads, &mut refuse, &mut faults).is_err());
    }

    #[test]
    fn broken_metrics_are_faults() {
        let given = Given::store();
        given.file("1/r1/metrics/empty", "");
        given.file("1/r1/metrics/m", "1 1 1\nbad\n");
        let (_, points, faults) = read(&given);
        assert_eq!(points, [(String::from("m"), vec![at(1, 1.0, 1)])]);
        assert_eq!(
            faults,
            [
                "run r1: its metric 'empty' is not whole: it has no points",
                "run r1: its metric 'm' is not whole: line 2 is left out: it has 1 fields",
            ]
        );
    }

    #[test]
    fn a_run_that_says_it_is_another_is_a_fault() {
        for (line, why) in [
            ("run_id: r2", "its meta.yaml says that it is run 'r2'"),
            (
                "experiment_id: '2'",
                "its meta.yaml says that it belongs to experiment '2'",
            ),
            ("status: 9", "its status is '9'"),
            ("lifecycle_stage: x", "its lifecycle stage is 'x'"),
            (
                "start_time: soon",
                "its field 'start_time' is 'soon' and not a number",
            ),
        ] {
            let given = Given::store();
            given.run("1", "r1", &format!("{line}\n"));
            let (run, _, faults) = read(&given);
            assert_eq!(run, None);
            let expected = format!("run r1 in experiment 1: it is left out: {why}");
            assert_eq!(faults, [expected]);
        }
    }

    fn signature(given: &Given) -> u128 {
        let heads = given.open().run_heads(None, 1, &mut Vec::new()).unwrap();
        heads[0].signature
    }

    #[test]
    fn the_signature_changes_with_the_run() {
        let given = Given::store();
        given.file("1/r1/metrics/m", "1 1 1\n");
        let mut seen = vec![signature(&given)];
        assert_eq!(signature(&given), seen[0]);
        for (path, text) in [
            ("metrics/m", "1 1 1\n2 1 2\n"),
            ("params/p", "1"),
            ("tags/t", "1"),
            ("inputs/i/meta.yaml", "a: b"),
            ("outputs/o/meta.yaml", "a: b"),
        ] {
            given.file(&format!("1/r1/{path}"), text);
            seen.push(signature(&given));
        }
        given.run("1", "r1", "status: 3\n");
        seen.push(signature(&given));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 7);
    }
}
