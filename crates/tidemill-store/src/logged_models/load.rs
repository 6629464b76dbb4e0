//! Completing rows: tags, params and metrics for a page in three statements.

use std::collections::HashMap;

use diesel::prelude::*;
use tidemill_core::logged_models::{LoggedModel, ModelMetric};
use tidemill_core::params::Param;
use tidemill_core::tags::Tag;

use super::LoggedModelRow;
use crate::connection::DbConnection;
use crate::dialect::among;
use crate::error::DbResult;
use crate::schema::{
    logged_model_metric as metric, logged_model_param as param, logged_model_tag as tag,
};

/// The models of these rows, in their order.
pub(crate) fn load(db: &mut DbConnection, rows: Vec<LoggedModelRow>) -> DbResult<Vec<LoggedModel>> {
    let mut models = Vec::with_capacity(rows.len());
    let mut positions = HashMap::with_capacity(rows.len());
    for row in rows {
        positions.insert(row.id, models.len());
        models.push(row.into_bare_model()?);
    }
    let mut ids: Vec<i64> = positions.keys().copied().collect();
    ids.sort_unstable();
    add_tags(db, &ids, |id, tag| models[positions[&id]].tags.push(tag))?;
    add_params(db, &ids, |id, param| {
        models[positions[&id]].params.push(param)
    })?;
    add_metrics(db, &ids, |id, metric| {
        models[positions[&id]].metrics.push(metric)
    })?;
    Ok(models)
}

fn add_tags(db: &mut DbConnection, ids: &[i64], mut add: impl FnMut(i64, Tag)) -> DbResult<()> {
    let rows: Vec<(i64, String, String)> = tag::table
        .filter(among(db, "logged_model_tag.model_id", ids))
        .order((tag::model_id, tag::name))
        .load(db)?;
    for (model, key, value) in rows {
        add(model, Tag { key, value });
    }
    Ok(())
}

fn add_params(db: &mut DbConnection, ids: &[i64], mut add: impl FnMut(i64, Param)) -> DbResult<()> {
    let rows: Vec<(i64, String, String)> = param::table
        .filter(among(db, "logged_model_param.model_id", ids))
        .order((param::model_id, param::name))
        .load(db)?;
    for (model, key, value) in rows {
        add(model, Param { key, value });
    }
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = metric)]
struct MetricRow {
    model_id: i64,
    name: String,
    ts: i64,
    step: i64,
    run_uuid: String,
    value: Option<f64>,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

fn add_metrics(
    db: &mut DbConnection,
    ids: &[i64],
    mut add: impl FnMut(i64, ModelMetric),
) -> DbResult<()> {
    let rows: Vec<MetricRow> = metric::table
        .filter(among(db, "logged_model_metric.model_id", ids))
        .order((
            metric::model_id,
            metric::name,
            metric::ts,
            metric::step,
            metric::run_uuid,
        ))
        .select(MetricRow::as_select())
        .load(db)?;
    for row in rows {
        let (model, metric) = row.into_metric();
        add(model, metric);
    }
    Ok(())
}

impl MetricRow {
    fn into_metric(self) -> (i64, ModelMetric) {
        let metric = ModelMetric {
            key: self.name,
            value: self.value.unwrap_or_default(),
            timestamp: self.ts,
            step: self.step,
            run_id: self.run_uuid,
            dataset_name: self.dataset_name,
            dataset_digest: self.dataset_digest,
        };
        (self.model_id, metric)
    }
}
