//! Runs in, piece by piece. What belongs to many runs is gathered and written together.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use tidemill_core::datasets::DatasetInput;
use tidemill_core::metrics::{Point, comparable};
use tidemill_core::runs::{Run, RunId};
use tidemill_core::transfer::digest::RunDigest;
use tidemill_core::transfer::{CarriedRun, IN_ORDER, Kind};
use tidemill_core::{Error, Result};

use super::Writing;
use crate::connection::DbConnection;
use crate::datasets;
use crate::dialect::bulk::add_all;
use crate::dialect::{LatestRow, Lock, NewTail, insert_returning_id, lock_run};
use crate::error::DbResult;
use crate::gc;
use crate::keys::KeyKind;
use crate::metrics::{self, NewChunk, WORTH_A_CHUNK};
use crate::schema::{
    carried, metric_chunk, metric_latest, metric_tail, param, run, run_dataset, run_dataset_tag,
    run_model_input, run_model_output, run_tag,
};
use crate::unwritten::Unwritten;

/// From how many gathered rows on they are written.
const GATHERED: usize = 50_000;
/// How many bytes count as a row.
const ROW: usize = 100;

/// The run whose points are coming.
pub(super) struct Current {
    id: i64,
    experiment: i64,
    digest: RunDigest,
    /// The metric whose points are coming, and those that came.
    key: String,
    points: Vec<Point>,
    /// The next chunk's number of each metric that has chunks.
    chunks: HashMap<i64, i64>,
    newest: HashMap<i64, Point>,
    /// Points of metrics that have few.
    tail: Vec<(i64, Point)>,
}

#[derive(Insertable)]
#[diesel(table_name = run, treat_none_as_default_value = false)]
struct NewRun<'a> {
    uuid: &'a str,
    experiment_id: i64,
    stage: i16,
    status: i16,
    start_time: i64,
    end_time: Option<i64>,
    deleted_time: Option<i64>,
    name: &'a str,
    user_id: &'a str,
    artifact_uri: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = param, treat_none_as_default_value = false)]
struct NewParam {
    run_id: i64,
    key_id: i64,
    value: String,
}

#[derive(Insertable)]
#[diesel(table_name = run_tag, treat_none_as_default_value = false)]
struct NewTag {
    run_id: i64,
    key_id: i64,
    value: String,
}

#[derive(Insertable)]
#[diesel(table_name = run_dataset, treat_none_as_default_value = false)]
struct NewDatasetLink {
    run_id: i64,
    dataset_id: i64,
    position: i64,
}

#[derive(Insertable)]
#[diesel(table_name = run_dataset_tag, treat_none_as_default_value = false)]
struct NewDatasetTag {
    run_id: i64,
    dataset_id: i64,
    name: String,
    value: String,
}

#[derive(Insertable)]
#[diesel(table_name = run_model_input, treat_none_as_default_value = false)]
struct NewModelInput {
    run_id: i64,
    model_id: String,
}

#[derive(Insertable)]
#[diesel(table_name = run_model_output, treat_none_as_default_value = false)]
struct NewModelOutput {
    run_id: i64,
    model_id: String,
    step: i64,
}

#[derive(Insertable)]
#[diesel(table_name = carried, treat_none_as_default_value = false)]
struct NewNote {
    source_id: i64,
    kind: i16,
    name: String,
    signature: Vec<u8>,
    digest: Vec<u8>,
}

/// Rows that wait to be written together.
#[derive(Default)]
pub(super) struct Rows {
    params: Vec<NewParam>,
    tags: Vec<NewTag>,
    datasets: Vec<NewDatasetLink>,
    dataset_tags: Vec<NewDatasetTag>,
    inputs: Vec<NewModelInput>,
    outputs: Vec<NewModelOutput>,
    latest: Vec<LatestRow>,
    tails: Vec<NewTail>,
    chunks: Vec<NewChunk>,
    notes: Vec<NewNote>,
    weight: usize,
}

impl Rows {
    pub(super) fn note(
        &mut self,
        source_id: i64,
        kind: Kind,
        name: &str,
        signature: Vec<u8>,
        digest: Vec<u8>,
    ) {
        self.notes.push(NewNote {
            source_id,
            kind: kind as i16,
            name: name.to_owned(),
            signature,
            digest,
        });
    }

    /// Says that so many rows were added, with so much text.
    fn grew(&mut self, rows: usize, bytes: usize) {
        self.weight += rows + bytes / ROW;
    }

    fn are_many(&self) -> bool {
        self.weight > GATHERED
    }

    pub(super) fn flush(&mut self, db: &mut DbConnection) -> DbResult<()> {
        let rows = std::mem::take(self);
        add_all!(db, param::table, &rows.params);
        add_all!(db, run_tag::table, &rows.tags);
        add_all!(db, run_dataset::table, &rows.datasets);
        add_all!(db, run_dataset_tag::table, &rows.dataset_tags);
        add_all!(db, run_model_input::table, &rows.inputs);
        add_all!(db, run_model_output::table, &rows.outputs);
        add_all!(db, metric_latest::table, &rows.latest);
        add_all!(db, metric_tail::table, &rows.tails);
        add_all!(db, metric_chunk::table, &rows.chunks);
        add_all!(db, carried::table, &rows.notes);
        Ok(())
    }
}

impl Writing<'_> {
    /// Whether there is a run of this id. It stays as it is until the transaction ends.
    pub fn has_run(&mut self, run: &RunId) -> Result<bool, Unwritten> {
        let found = lock_run(self.db, run.as_str(), Lock::Exclusive).optional()?;
        Ok(found.is_some())
    }

    /// Refuses what this database cannot hold of a run, but for its points.
    pub fn check_run(&self, run: &Run) -> Result<(), Unwritten> {
        let info = &run.info;
        self.check([
            ("run.uuid", info.id.as_str(), "its id"),
            ("run.name", &info.name, "its name"),
            ("run.user_id", &info.user_id, "its user"),
            ("run.artifact_uri", &info.artifact_uri, "its artifact URI"),
        ])?;
        for param in &run.params {
            let what = format_args!("its param '{}'", param.key);
            self.limits.check("key.name", &param.key, what)?;
            self.limits.check("param.value", &param.value, what)?;
        }
        for tag in &run.tags {
            let what = format_args!("its tag '{}'", tag.key);
            self.limits.check("key.name", &tag.key, what)?;
            self.limits.check("run_tag.value", &tag.value, what)?;
        }
        for input in &run.dataset_inputs {
            self.check_input(input)?;
        }
        let inputs = run.model_inputs.iter();
        let outputs = run.model_outputs.iter().map(|output| &output.model_id);
        self.check(inputs.clone().chain(outputs.clone()).map(|id| {
            let what = "a logged model's id";
            ("run_model_input.model_id", &**id, what)
        }))?;
        let datasets = run.dataset_inputs.iter().map(|input| &input.dataset);
        once("param", run.params.iter().map(|param| &*param.key))?;
        once("tag", run.tags.iter().map(|tag| &*tag.key))?;
        once("dataset", datasets.map(|set| (&*set.name, &*set.digest)))?;
        once("logged model that it read", inputs)?;
        once("logged model that it made", outputs)
    }

    fn check_input(&self, input: &DatasetInput) -> Result<(), Unwritten> {
        let dataset = &input.dataset;
        let [schema, profile] =
            [&dataset.schema, &dataset.profile].map(|text| text.as_deref().unwrap_or_default());
        self.check([
            ("dataset.name", &*dataset.name, "a dataset's name"),
            ("dataset.digest", &dataset.digest, "a dataset's digest"),
            (
                "dataset.source_type",
                &dataset.source_type,
                "a dataset's type",
            ),
            ("dataset.source", &dataset.source, "a dataset's source"),
            ("dataset.schema", schema, "a dataset's schema"),
            ("dataset.profile", profile, "a dataset's profile"),
        ])?;
        self.check_tags("run_dataset_tag", &input.tags)?;
        once("tag of a dataset", input.tags.iter().map(|tag| &*tag.key))
    }

    /// Begins a run that is not there. Its points follow; [`Self::end_run`] ends it.
    pub fn begin_run(&mut self, carried: &CarriedRun) -> Result<(), Unwritten> {
        Ok(self.add_run(carried)?)
    }

    fn add_run(&mut self, carried: &CarriedRun) -> DbResult<()> {
        let run = &carried.run;
        let info = &run.info;
        let row = NewRun {
            uuid: info.id.as_str(),
            experiment_id: info.experiment_id.0,
            stage: info.stage as i16,
            status: info.status as i16,
            start_time: info.start_time,
            end_time: info.end_time,
            deleted_time: carried.deleted_time,
            name: &info.name,
            user_id: &info.user_id,
            artifact_uri: &info.artifact_uri,
        };
        let id = insert_returning_id!(self.db, run, &row)?;
        let experiment = info.experiment_id.0;
        let texts = run.params.iter().map(|param| (&*param.key, &param.value));
        for (key_id, value) in self.numbered(experiment, KeyKind::Param, texts)? {
            self.rows.grew(1, value.len());
            self.rows.params.push(NewParam {
                run_id: id,
                key_id,
                value,
            });
        }
        let texts = run.tags.iter().map(|tag| (&*tag.key, &tag.value));
        for (key_id, value) in self.numbered(experiment, KeyKind::Tag, texts)? {
            self.rows.grew(1, value.len());
            self.rows.tags.push(NewTag {
                run_id: id,
                key_id,
                value,
            });
        }
        self.add_inputs(id, experiment, &run.dataset_inputs)?;
        for model_id in &run.model_inputs {
            let model_id = model_id.clone();
            self.rows.inputs.push(NewModelInput {
                run_id: id,
                model_id,
            });
        }
        for output in &run.model_outputs {
            self.rows.outputs.push(NewModelOutput {
                run_id: id,
                model_id: output.model_id.clone(),
                step: output.step,
            });
        }
        self.current = Some(Current::new(id, carried));
        Ok(())
    }

    fn numbered<'t>(
        &mut self,
        experiment: i64,
        kind: KeyKind,
        texts: impl Iterator<Item = (&'t str, &'t String)>,
    ) -> DbResult<Vec<(i64, String)>> {
        let (names, values): (Vec<&str>, Vec<&String>) = texts.unzip();
        let numbers = self.numbers(experiment, kind, &names)?;
        Ok(numbers
            .into_iter()
            .zip(values.into_iter().cloned())
            .collect())
    }

    fn numbers(&mut self, experiment: i64, kind: KeyKind, names: &[&str]) -> DbResult<Vec<i64>> {
        self.keys(experiment);
        match self.keys.get_mut(&experiment) {
            Some(keys) => keys.numbers(self.db, kind, names),
            None => Ok(Vec::new()),
        }
    }

    fn add_inputs(&mut self, run: i64, experiment: i64, inputs: &[DatasetInput]) -> DbResult<()> {
        for (position, input) in (1..).zip(inputs) {
            let dataset = datasets::number(self.db, experiment, &input.dataset)?;
            self.rows.datasets.push(NewDatasetLink {
                run_id: run,
                dataset_id: dataset,
                position,
            });
            for tag in &input.tags {
                self.rows.dataset_tags.push(NewDatasetTag {
                    run_id: run,
                    dataset_id: dataset,
                    name: tag.key.clone(),
                    value: tag.value.clone(),
                });
            }
        }
        Ok(())
    }

    /// Refuses the name of a metric that this database cannot hold.
    pub fn check_metric(&self, key: &str) -> Result<(), Unwritten> {
        let what = format_args!("its metric '{key}'");
        self.limits.check("key.name", key, what)
    }

    /// Adds points of a metric of the run that was begun.
    pub fn add_points(&mut self, key: &str, points: Vec<Point>) -> Result<(), Unwritten> {
        let Some(current) = &self.current else {
            return Err(Error::internal("points came before their run").into());
        };
        if current.key != key {
            self.end_metric()?;
        }
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        key.clone_into(&mut current.key);
        match current.points.is_empty() {
            true => current.points = points,
            false => current.points.extend(points),
        }
        if current.points.len() >= IN_ORDER {
            self.end_metric()?;
        }
        Ok(())
    }

    fn end_metric(&mut self) -> DbResult<()> {
        let Some(mut current) = self.current.take() else {
            return Ok(());
        };
        let mut points = std::mem::take(&mut current.points);
        if !points.is_empty() {
            for point in &mut points {
                if !point.value.is_nan() {
                    point.value = comparable(point.value);
                }
            }
            metrics::sort(&mut points);
            current.digest.add(&current.key, &points);
            let key = std::mem::take(&mut current.key);
            for number in self.numbers(current.experiment, KeyKind::Metric, &[&key])? {
                current.keep(number, &points, &mut self.rows)?;
            }
        }
        self.current = Some(current);
        if self.rows.are_many() {
            self.rows.flush(self.db)?;
        }
        Ok(())
    }

    /// Ends the run that was begun, and gives the digest of what came.
    pub fn end_run(&mut self) -> Result<u128, Unwritten> {
        self.end_metric()?;
        let Some(current) = self.current.take() else {
            return Err(Error::internal("a run ended that had not begun").into());
        };
        Ok(current.end(&mut self.rows))
    }

    /// Removes a run and everything that it logged, if it is there.
    pub fn remove_run(&mut self, run: &RunId) -> Result<(), Unwritten> {
        Ok(self.remove(run)?)
    }

    fn remove(&mut self, id: &RunId) -> DbResult<()> {
        self.rows.flush(self.db)?;
        let found: Option<i64> = run::table
            .filter(run::uuid.eq(id.as_str()))
            .select(run::id)
            .first(self.db)
            .optional()?;
        let Some(id) = found else { return Ok(()) };
        gc::remove_runs(self.db, &[id])
    }
}

/// Refuses what is there twice where there is room for one.
fn once<T: Eq + std::hash::Hash + std::fmt::Debug>(
    what: &str,
    mut keys: impl Iterator<Item = T>,
) -> Result<(), Unwritten> {
    let mut known = HashSet::new();
    let twice = keys.find_map(|key| match known.contains(&key) {
        true => Some(key),
        false => {
            known.insert(key);
            None
        }
    });
    match twice {
        None => Ok(()),
        Some(key) => Err(Unwritten::Refused(format!(
            "its {what} {key:?} is there twice"
        ))),
    }
}

impl Current {
    fn new(id: i64, carried: &CarriedRun) -> Self {
        Self {
            id,
            experiment: carried.run.info.experiment_id.0,
            digest: RunDigest::new(carried),
            key: String::new(),
            points: Vec::new(),
            chunks: HashMap::new(),
            newest: HashMap::new(),
            tail: Vec::new(),
        }
    }

    /// Keeps sorted points of a metric.
    fn keep(&mut self, key: i64, points: &[Point], rows: &mut Rows) -> Result<()> {
        for point in points {
            let newest = self.newest.entry(key).or_insert(*point);
            if point.replaces(newest) {
                *newest = *point;
            }
        }
        if points.len() < WORTH_A_CHUNK {
            self.tail.extend(points.iter().map(|point| (key, *point)));
            return Ok(());
        }
        let next = self.chunks.entry(key).or_insert(0);
        let chunks = metrics::chunks(self.id, key, *next, points)?;
        *next += chunks.len() as i64;
        rows.grew(chunks.len(), size_of_val(points));
        rows.chunks.extend(chunks);
        Ok(())
    }

    fn end(self, rows: &mut Rows) -> u128 {
        rows.grew(self.newest.len(), size_of_val(self.tail.as_slice()));
        if !self.tail.is_empty() {
            rows.tails.push(NewTail {
                run_id: self.id,
                n: self.tail.len() as i64,
                data: metrics::encode_tail(self.tail.into_iter()),
            });
        }
        rows.latest
            .extend(self.newest.into_iter().map(|(key_id, point)| LatestRow {
                run_id: self.id,
                key_id,
                step: point.step,
                ts: point.timestamp,
                value: (!point.value.is_nan()).then_some(point.value),
            }));
        self.digest.finish()
    }
}
