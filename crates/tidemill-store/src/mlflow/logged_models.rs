//! Logged models with params, tags and metrics, a page at a time.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Double, Nullable};
use tidemill_core::Result;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::logged_models::{LoggedModel, LoggedModelStatus, ModelMetric};
use tidemill_core::metrics::{comparable, finite};
use tidemill_core::params::Param;
use tidemill_core::transfer::Fault;

use super::experiments::{stage, tag};
use super::tables::{Bytes, Pairs, Text, Whole, required, required_whole, span, text, whole_or_0};
use super::{MlflowDatabase, fault};
use crate::search::sql::Sql;

#[derive(Queryable)]
struct Row {
    id: Bytes,
    experiment: Option<i64>,
    name: Bytes,
    artifact_location: Bytes,
    creation_time: Option<i64>,
    last_updated_time: Option<i64>,
    status: Option<i64>,
    status_message: Bytes,
    stage: Bytes,
    model_type: Bytes,
    source_run_id: Bytes,
}

type RowType = (
    Text,
    Whole,
    Text,
    Text,
    Whole,
    Whole,
    Whole,
    Text,
    Text,
    Text,
    Text,
);

#[derive(Queryable)]
struct MetricRow {
    model: Bytes,
    name: Bytes,
    time: Option<i64>,
    step: Option<i64>,
    value: Option<f64>,
    run: Bytes,
    dataset_name: Bytes,
    dataset_digest: Bytes,
}

type MetricType = (Text, Text, Whole, Whole, Nullable<Double>, Text, Text, Text);

impl MlflowDatabase {
    /// At most `limit` logged models, active or deleted, from the one after `after` on, in the
    /// order in which the database sorts their ids.
    pub fn logged_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>> {
        if self.tables.named("logged_models").is_none() {
            return Ok(Vec::new());
        }
        let mut after = after.map(str::to_owned);
        loop {
            let rows = self.model_rows(after.as_deref(), limit)?;
            let ids = rows.iter().map(|row| &row.id);
            let Some((first, last)) = span("logged models", ids, after.as_deref(), faults) else {
                return Ok(Vec::new());
            };
            let models = self.complete((&first, &last), rows, faults)?;
            if !models.is_empty() {
                return Ok(models);
            }
            after = Some(last);
        }
    }

    fn model_rows(&mut self, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        let mut select = self.tables.select(self.dialect(), "logged_models");
        select.text("model_id").whole("experiment_id").text("name");
        select
            .text("artifact_location")
            .whole("creation_timestamp_ms");
        select.whole("last_updated_timestamp_ms").whole("status");
        select.text("status_message").text("lifecycle_stage");
        select.text("model_type").text("source_run_id");
        let mut sql = select.all();
        if let Some(after) = after {
            sql.push(" WHERE model_id > ").text(after);
        }
        sql.push(" ORDER BY model_id LIMIT ");
        sql.number(i64::try_from(limit).unwrap_or(i64::MAX));
        sql.query::<RowType>().load(&mut self.db).map_err(fault)
    }

    fn complete(
        &mut self,
        span: (&str, &str),
        rows: Vec<Row>,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>> {
        let mut tags = self.model_texts("logged_model_tags", "tag_key", "tag_value", span)?;
        let mut params =
            self.model_texts("logged_model_params", "param_key", "param_value", span)?;
        let mut metrics = self.model_metrics(span)?;
        let mut models = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.id.clone().unwrap_or_default();
            let what = || format!("logged model {}", String::from_utf8_lossy(&id));
            match row.experiment.map(|id| self.experiments.get(&id)) {
                Some(Some(false)) => continue,
                Some(Some(true)) => {}
                _ => {
                    faults.push(Fault::new(what(), "its experiment is not there"));
                    continue;
                }
            }
            let model = row.model().and_then(|mut model| {
                for (key, value) in tags.remove(&id).unwrap_or_default() {
                    model.tags.push(tag(key, value)?);
                }
                for (key, value) in params.remove(&id).unwrap_or_default() {
                    let (key, value) = (required(key, "key")?, required(value, "value")?);
                    model.params.push(Param { key, value });
                }
                for metric in metrics.remove(&id).unwrap_or_default() {
                    model.metrics.push(metric.metric()?);
                }
                Ok(model)
            });
            match model {
                Ok(model) => models.push(model),
                Err(why) => faults.push(Fault::new(what(), why)),
            }
        }
        Ok(models)
    }

    fn model_texts(
        &mut self,
        table: &'static str,
        key: &'static str,
        value: &'static str,
        span: (&str, &str),
    ) -> Result<HashMap<Vec<u8>, Pairs>> {
        let mut by_model: HashMap<_, Vec<_>> = HashMap::new();
        if self.tables.named(table).is_none() {
            return Ok(by_model);
        }
        let mut select = self.tables.select(self.dialect(), table);
        select.text("model_id").text(key).text(value);
        let mut sql = select.all();
        between(&mut sql, span);
        let rows: Vec<(Bytes, Bytes, Bytes)> = sql
            .query::<(Text, Text, Text)>()
            .load(&mut self.db)
            .map_err(fault)?;
        for (model, key, value) in rows {
            by_model
                .entry(model.unwrap_or_default())
                .or_default()
                .push((key, value));
        }
        Ok(by_model)
    }

    fn model_metrics(&mut self, span: (&str, &str)) -> Result<HashMap<Vec<u8>, Vec<MetricRow>>> {
        let mut by_model: HashMap<_, Vec<_>> = HashMap::new();
        if self.tables.named("logged_model_metrics").is_none() {
            return Ok(by_model);
        }
        let mut select = self.tables.select(self.dialect(), "logged_model_metrics");
        select
            .text("model_id")
            .text("metric_name")
            .whole("metric_timestamp_ms");
        select
            .whole("metric_step")
            .real("metric_value")
            .text("run_id");
        select.text("dataset_name").text("dataset_digest");
        let mut sql = select.all();
        between(&mut sql, span);
        let rows: Vec<MetricRow> = sql
            .query::<MetricType>()
            .load(&mut self.db)
            .map_err(fault)?;
        for mut row in rows {
            by_model
                .entry(row.model.take().unwrap_or_default())
                .or_default()
                .push(row);
        }
        Ok(by_model)
    }
}

fn between(sql: &mut Sql, (first, last): (&str, &str)) {
    sql.push(" WHERE model_id >= ").text(first);
    sql.push(" AND model_id <= ").text(last);
}

impl Row {
    fn model(self) -> Result<LoggedModel, String> {
        let status = required_whole(self.status, "status")?;
        let status = i16::try_from(status)
            .ok()
            .and_then(LoggedModelStatus::from_number)
            .ok_or_else(|| format!("its status is {status}"))?;
        Ok(LoggedModel {
            id: required(self.id, "id")?,
            experiment_id: ExperimentId(required_whole(self.experiment, "experiment")?),
            name: required(self.name, "name")?,
            artifact_location: text(self.artifact_location)?.unwrap_or_default(),
            creation_time: whole_or_0(self.creation_time)?,
            last_updated_time: whole_or_0(self.last_updated_time)?,
            status,
            status_message: text(self.status_message)?,
            model_type: text(self.model_type)?,
            source_run_id: text(self.source_run_id)?,
            stage: stage(self.stage)?,
            tags: Vec::new(),
            params: Vec::new(),
            metrics: Vec::new(),
        })
    }
}

impl MetricRow {
    fn metric(self) -> Result<ModelMetric, String> {
        Ok(ModelMetric {
            key: required(self.name, "metric's name")?,
            value: comparable(finite(self.value.unwrap_or_default())),
            timestamp: required_whole(self.time, "metric's time")?,
            step: whole_or_0(self.step)?,
            run_id: text(self.run)?.unwrap_or_default(),
            dataset_name: text(self.dataset_name)?,
            dataset_digest: text(self.dataset_digest)?,
        })
    }
}
