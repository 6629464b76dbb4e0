//! Runs, a page at a time, in the order of their ids as the database sorts them.
//!
//! A page reads everything about its runs but their points, because that is what tells whether a
//! run has changed; it is kept until the next page, so that it is read once.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Nullable};
use tidemill_core::Result;
use tidemill_core::datasets::{Dataset, DatasetInput};
use tidemill_core::experiments::ExperimentId;
use tidemill_core::params::Param;
use tidemill_core::runs::{ModelOutput, Run, RunId, RunInfo, RunStatus};
use tidemill_core::tags::{RUN_NAME, Tag};
use tidemill_core::transfer::{CarriedRun, Fault, RunHead};

use super::experiments::{stage, tag};
use super::tables::{
    Bytes, Pairs, Text, Whole, required, required_whole, span, text, whole, whole_or_0,
};
use super::{MlflowDatabase, fault};
use crate::search::sql::Sql;

/// A run of the last page.
pub(super) struct PageRun {
    pub(super) run: CarriedRun,
    /// How many points it had.
    pub(super) points: i64,
    signature: Signature,
}

/// A sum over everything that says whether a run has changed, in any order.
#[derive(Debug, Clone, Copy, Default)]
struct Signature(u128);

impl Signature {
    fn add(&mut self, what: &str, value: &impl std::fmt::Debug) {
        let text = format!("{what} {value:?}");
        self.0 = self
            .0
            .wrapping_add(xxhash_rust::xxh3::xxh3_128(text.as_bytes()));
    }
}

#[derive(Queryable)]
struct Row {
    id: Bytes,
    experiment: Option<i64>,
    name: Bytes,
    user_id: Bytes,
    status: Bytes,
    start_time: Option<i64>,
    end_time: Option<i64>,
    deleted_time: Option<i64>,
    stage: Bytes,
    artifact_uri: Bytes,
}

type RowType = (
    Text,
    Whole,
    Text,
    Text,
    Text,
    Whole,
    Whole,
    Whole,
    Text,
    Text,
);
type TextRow = (Bytes, Bytes, Bytes);
type LatestRow = (
    Bytes,
    Bytes,
    Option<f64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);
/// Run, input, then the dataset's name, digest, source type, source, schema and profile.
type InputRow = (Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes);

impl MlflowDatabase {
    /// At most `limit` runs from the one after `after` on, in the order in which the database
    /// sorts their ids. Runs of other workspaces are passed over.
    pub fn run_heads(
        &mut self,
        after: Option<&RunId>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<RunHead>> {
        // Behind the last run of a page may be broken ones, which were reported.
        let mut after = match self.read_to.take() {
            Some((head, row)) if Some(&head) == after => Some(row),
            _ => after.cloned(),
        };
        loop {
            let Some(last) = self.load_page(after.as_ref(), limit, faults)? else {
                return Ok(Vec::new());
            };
            if let Some(run) = self.page.last() {
                self.read_to = Some((run.run.run.info.id.clone(), last));
                break;
            }
            after = Some(last);
        }
        Ok(self.page.iter().map(PageRun::head).collect())
    }

    /// Reads the next page; the id of its last row, or nothing at the end.
    fn load_page(
        &mut self,
        after: Option<&RunId>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Option<RunId>> {
        self.page.clear();
        let rows = self.rows(after, limit)?;
        let ids = rows.iter().map(|row| &row.id);
        let Some((first, last)) = span("runs", ids, after.map(RunId::as_str), faults) else {
            return Ok(None);
        };
        let (first, last) = (RunId(first), RunId(last));
        let mut page = Page {
            span: (first, last.clone()),
            runs: self.bare_runs(rows, faults),
            broken: BTreeMap::new(),
        };
        self.add_texts(&mut page)?;
        self.add_signs(&mut page)?;
        self.add_datasets(&mut page)?;
        self.add_models(&mut page)?;
        let broken = std::mem::take(&mut page.broken);
        self.page = page
            .runs
            .into_iter()
            .filter(|run| !broken.contains_key(&run.run.run.info.id.0))
            .collect();
        faults.extend(
            broken
                .into_iter()
                .map(|(id, why)| Fault::new(format!("run {id}"), why)),
        );
        for run in &mut self.page {
            run.finish();
        }
        Ok(Some(last))
    }

    fn rows(&mut self, after: Option<&RunId>, limit: usize) -> Result<Vec<Row>> {
        let mut select = self.tables.select(self.dialect(), "runs");
        select.text("run_uuid").whole("experiment_id").text("name");
        select.text("user_id").text("status").whole("start_time");
        select.whole("end_time").whole("deleted_time");
        select.text("lifecycle_stage").text("artifact_uri");
        let mut sql = select.all();
        if let Some(after) = after {
            sql.push(" WHERE run_uuid > ").text(after.as_str());
        }
        sql.push(" ORDER BY run_uuid LIMIT ");
        sql.number(i64::try_from(limit).unwrap_or(i64::MAX));
        sql.query::<RowType>().load(&mut self.db).map_err(fault)
    }

    /// The runs of these rows that are carried.
    fn bare_runs(&self, rows: Vec<Row>, faults: &mut Vec<Fault>) -> Vec<PageRun> {
        let mut runs = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.id.as_deref().map_or_else(
                || String::from("without an id"),
                |id| String::from_utf8_lossy(id).into_owned(),
            );
            match row.experiment.map(|id| self.experiments.get(&id)) {
                Some(Some(false)) => continue,
                Some(Some(true)) => {}
                _ => {
                    let why = "its experiment is not there";
                    faults.push(Fault::new(format!("run {id}"), why));
                    continue;
                }
            }
            match row.run() {
                Ok(run) => runs.push(PageRun {
                    run,
                    points: 0,
                    signature: Signature::default(),
                }),
                Err(why) => faults.push(Fault::new(format!("run {id}"), why)),
            }
        }
        runs
    }

    fn add_texts(&mut self, page: &mut Page) -> Result<()> {
        for table in ["params", "tags"] {
            let mut select = self.tables.select(self.dialect(), table);
            select.text("run_uuid").text("key").text("value");
            let mut sql = select.all();
            page.between(&mut sql, "run_uuid");
            let rows: Vec<TextRow> = sql
                .query::<(Text, Text, Text)>()
                .load(&mut self.db)
                .map_err(fault)?;
            let mut rows = page.by_run(
                rows.into_iter()
                    .map(|(run, key, value)| (run, (key, value))),
            );
            page.fill(|run, id| {
                for (key, value) in rows.remove(id).unwrap_or_default() {
                    let Tag { key, value } = tag(key, value)?;
                    match table {
                        "params" => run.run.params.push(Param { key, value }),
                        _ => run.run.tags.push(Tag { key, value }),
                    }
                }
                Ok(())
            });
        }
        Ok(())
    }

    /// What tells that points were added: the latest ones, and how many there are.
    fn add_signs(&mut self, page: &mut Page) -> Result<()> {
        let mut select = self.tables.select(self.dialect(), "metrics");
        let mut sql = Sql::default();
        sql.push("SELECT ")
            .append(select.text("run_uuid").columns());
        sql.push(", COUNT(*) FROM metrics");
        page.between(&mut sql, "run_uuid");
        sql.push(" GROUP BY run_uuid");
        let rows: Vec<(Bytes, i64)> = sql
            .query::<(Text, BigInt)>()
            .load(&mut self.db)
            .map_err(fault)?;
        let mut counts = page.by_run(rows.into_iter());
        let mut latest = self.latest(page)?;
        for run in &mut page.runs {
            let id = &run.run.run.info.id.0;
            run.points = counts.remove(id).unwrap_or_default().into_iter().sum();
            run.signature.add("points", &run.points);
            for latest in latest.remove(id).unwrap_or_default() {
                run.signature.add("latest", &latest);
            }
        }
        Ok(())
    }

    fn latest(&mut self, page: &Page) -> Result<ByRun<impl std::fmt::Debug + use<>>> {
        if self.tables.named("latest_metrics").is_none() {
            return Ok(HashMap::new());
        }
        let mut select = self.tables.select(self.dialect(), "latest_metrics");
        select.text("run_uuid").text("key").real("value");
        select.whole("timestamp").whole("step").flag("is_nan");
        let mut sql = select.all();
        page.between(&mut sql, "run_uuid");
        let rows: Vec<LatestRow> = sql
            .query::<(Text, Text, Nullable<Double>, Whole, Whole, Whole)>()
            .load(&mut self.db)
            .map_err(fault)?;
        let rows = rows.into_iter();
        Ok(page.by_run(rows.map(|(run, key, value, time, step, nan)| {
            (run, (key, value.map(f64::to_bits), time, step, nan))
        })))
    }

    fn add_datasets(&mut self, page: &mut Page) -> Result<()> {
        if ["inputs", "datasets"]
            .iter()
            .any(|table| self.tables.named(table).is_none())
        {
            return Ok(());
        }
        let dialect = self.dialect();
        let mut inputs = self.tables.select(dialect, "inputs");
        inputs.text("destination_id").text("input_uuid");
        let mut datasets = self.tables.select(dialect, "datasets");
        datasets
            .text("name")
            .text("digest")
            .text("dataset_source_type");
        datasets
            .text("dataset_source")
            .text("dataset_schema")
            .text("dataset_profile");
        let mut sql = Sql::default();
        sql.push("SELECT ")
            .append(inputs.columns())
            .append(datasets.further_columns());
        sql.push(
            " FROM inputs JOIN datasets ON inputs.source_id = datasets.dataset_uuid \
             WHERE inputs.source_type = 'DATASET' AND inputs.destination_type = 'RUN' AND",
        );
        page.is_between(&mut sql, "inputs.destination_id");
        let rows: Vec<InputRow> = sql
            .query::<(Text, Text, Text, Text, Text, Text, Text, Text)>()
            .load(&mut self.db)
            .map_err(fault)?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut tags = self.input_tags(page)?;
        let rows = rows.into_iter();
        let mut rows = page.by_run(rows.map(|row| (row.0.clone(), row)));
        page.fill(|run, id| {
            for (_, input, name, digest, source_type, source, schema, profile) in
                rows.remove(id).unwrap_or_default()
            {
                let dataset = Dataset {
                    name: required(name, "dataset's name")?,
                    digest: required(digest, "dataset's digest")?,
                    source_type: text(source_type)?.unwrap_or_default(),
                    source: text(source)?.unwrap_or_default(),
                    schema: text(schema)?,
                    profile: text(profile)?,
                };
                let input = input.unwrap_or_default();
                let mut of_input = Vec::new();
                for (key, value) in tags.remove(&input).unwrap_or_default() {
                    of_input.push(tag(key, value)?);
                }
                run.run.dataset_inputs.push(DatasetInput {
                    dataset,
                    tags: of_input,
                });
            }
            Ok(())
        });
        Ok(())
    }

    fn input_tags(&mut self, page: &Page) -> Result<HashMap<Vec<u8>, Pairs>> {
        let mut by_input: HashMap<_, Vec<_>> = HashMap::new();
        if self.tables.named("input_tags").is_none() {
            return Ok(by_input);
        }
        let mut select = self.tables.select(self.dialect(), "input_tags");
        select.text("input_uuid").text("name").text("value");
        let mut sql = select.all();
        sql.push(
            " JOIN inputs ON inputs.input_uuid = input_tags.input_uuid \
             WHERE inputs.destination_type = 'RUN' AND",
        );
        page.is_between(&mut sql, "inputs.destination_id");
        let rows: Vec<TextRow> = sql
            .query::<(Text, Text, Text)>()
            .load(&mut self.db)
            .map_err(fault)?;
        for (input, key, value) in rows {
            by_input
                .entry(input.unwrap_or_default())
                .or_default()
                .push((key, value));
        }
        Ok(by_input)
    }

    fn add_models(&mut self, page: &mut Page) -> Result<()> {
        if self.tables.named("inputs").is_none() {
            return Ok(());
        }
        let mut select = self.tables.select(self.dialect(), "inputs");
        select
            .text("source_id")
            .text("source_type")
            .text("destination_id")
            .whole("step");
        let mut sql = select.all();
        sql.push(
            " WHERE inputs.source_type IN ('RUN_INPUT', 'RUN_OUTPUT') \
             AND inputs.destination_type IN ('MODEL_INPUT', 'MODEL_OUTPUT') AND",
        );
        page.is_between(&mut sql, "inputs.source_id");
        let rows: Vec<(Bytes, Bytes, Bytes, Option<i64>)> = sql
            .query::<(Text, Text, Text, Whole)>()
            .load(&mut self.db)
            .map_err(fault)?;
        let rows = rows.into_iter();
        let mut rows = page.by_run(rows.map(|(run, kind, model, step)| (run, (kind, model, step))));
        page.fill(|run, id| {
            for (kind, model, step) in rows.remove(id).unwrap_or_default() {
                let model_id = required(model, "model's id")?;
                match kind.as_deref() {
                    Some(b"RUN_INPUT") => run.run.model_inputs.push(model_id),
                    _ => run.run.model_outputs.push(ModelOutput {
                        model_id,
                        step: whole_or_0(step)?,
                    }),
                }
            }
            Ok(())
        });
        Ok(())
    }
}

impl PageRun {
    fn head(&self) -> RunHead {
        let info = &self.run.run.info;
        RunHead {
            id: info.id.clone(),
            experiment_id: info.experiment_id,
            start_time: info.start_time,
            artifact_uri: Some(info.artifact_uri.clone()),
            signature: self.signature.0,
        }
    }

    /// Puts what it has into an order, and into the signature. The name of a run from before runs
    /// had names is in a tag.
    fn finish(&mut self) {
        let run = &mut self.run.run;
        run.params.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        run.tags.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        run.model_inputs.sort_unstable();
        run.model_outputs
            .sort_unstable_by(|a, b| a.model_id.cmp(&b.model_id));
        if run.info.name.is_empty()
            && let Some(tag) = run.tags.iter().find(|tag| tag.key == RUN_NAME)
        {
            run.info.name.clone_from(&tag.value);
        }
        self.signature.add("run", &self.run);
    }
}

impl Row {
    fn run(self) -> Result<CarriedRun, String> {
        let status = required(self.status, "status")?;
        let status = RunStatus::ALL
            .into_iter()
            .find(|known| known.as_str() == status)
            .ok_or_else(|| format!("its status is '{status}'"))?;
        let info = RunInfo {
            id: RunId(required(self.id, "id")?),
            experiment_id: ExperimentId(required_whole(self.experiment, "experiment")?),
            name: text(self.name)?.unwrap_or_default(),
            user_id: text(self.user_id)?.unwrap_or_default(),
            status,
            start_time: whole_or_0(self.start_time)?,
            end_time: whole(self.end_time)?,
            artifact_uri: text(self.artifact_uri)?.unwrap_or_default(),
            stage: stage(self.stage)?,
        };
        Ok(CarriedRun {
            run: Run {
                info,
                metrics: Vec::new(),
                params: Vec::new(),
                tags: Vec::new(),
                dataset_inputs: Vec::new(),
                model_inputs: Vec::new(),
                model_outputs: Vec::new(),
            },
            deleted_time: whole(self.deleted_time)?,
        })
    }
}

type ByRun<T> = HashMap<String, Vec<T>>;

/// A page while it is read.
struct Page {
    /// Ids of its first and last row.
    span: (RunId, RunId),
    runs: Vec<PageRun>,
    /// Runs that turned out to be broken, and why.
    broken: BTreeMap<String, String>,
}

impl Page {
    fn between(&self, sql: &mut Sql, column: &'static str) {
        sql.push(" WHERE");
        self.is_between(sql, column);
    }

    fn is_between(&self, sql: &mut Sql, column: &'static str) {
        sql.push(" ")
            .push(column)
            .push(" >= ")
            .text(self.span.0.as_str());
        sql.push(" AND ")
            .push(column)
            .push(" <= ")
            .text(self.span.1.as_str());
    }

    /// Rows by the runs they belong to.
    fn by_run<T>(&self, rows: impl Iterator<Item = (Bytes, T)>) -> ByRun<T> {
        let mut by_run: ByRun<T> = HashMap::new();
        for (run, row) in rows {
            // Runs whose ids cannot be read are broken already.
            if let Ok(Some(run)) = text(run) {
                by_run.entry(run).or_default().push(row);
            }
        }
        by_run
    }

    /// Gives every run what belongs to it; a run whose things are broken is broken.
    fn fill(&mut self, mut give: impl FnMut(&mut CarriedRun, &str) -> Result<(), String>) {
        for run in &mut self.runs {
            let id = run.run.run.info.id.0.clone();
            if let Err(why) = give(&mut run.run, &id) {
                self.broken.entry(id).or_insert(why);
            }
        }
    }
}
