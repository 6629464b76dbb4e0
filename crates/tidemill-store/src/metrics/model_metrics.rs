//! Points that belong to a logged model as well.

use std::collections::HashMap;

use diesel::prelude::*;
use tidemill_core::Error;
use tidemill_core::metrics::{Metric, comparable};
use tidemill_core::runs::RunId;

use crate::connection::DbConnection;
use crate::dialect::{self, ModelMetricRow};
use crate::error::DbResult;
use crate::schema::logged_model;

/// Adds those of a run's points that name a logged model to that model. An unknown model is
/// refused, a deleted one is not. `runs/log-metric` keeps NaN as 0 here.
pub(crate) fn add_model_metrics(
    db: &mut DbConnection,
    run: &RunId,
    metrics: &[Metric],
) -> DbResult<()> {
    let named: Vec<(&str, &Metric)> = metrics
        .iter()
        .filter_map(|metric| Some((metric.model_id.as_deref()?, metric)))
        .collect();
    if named.is_empty() {
        return Ok(());
    }
    let models = models(db, &named)?;
    let rows = named
        .into_iter()
        .map(|(model, metric)| {
            Ok(ModelMetricRow {
                model_id: *models.get(model).ok_or_else(|| unknown(model))?,
                name: &metric.key,
                ts: metric.timestamp,
                step: metric.step,
                run_uuid: run.as_str(),
                value: Some(comparable(metric.value)),
                dataset_name: metric.dataset_name.as_deref(),
                dataset_digest: metric.dataset_digest.as_deref(),
            })
        })
        .collect::<DbResult<Vec<_>>>()?;
    Ok(dialect::add_model_metrics(db, &rows)?)
}

/// The numbers of the models that exist.
fn models(db: &mut DbConnection, named: &[(&str, &Metric)]) -> DbResult<HashMap<String, i64>> {
    let mut uuids: Vec<&str> = named.iter().map(|(model, _)| *model).collect();
    uuids.sort_unstable();
    uuids.dedup();
    let rows: Vec<(String, i64)> = logged_model::table
        .filter(logged_model::uuid.eq_any(uuids))
        .select((logged_model::uuid, logged_model::id))
        .load(db)?;
    Ok(rows.into_iter().collect())
}

fn unknown(model: &str) -> Error {
    Error::bad_request(format!("Logged model with ID '{model}' not found."))
}
