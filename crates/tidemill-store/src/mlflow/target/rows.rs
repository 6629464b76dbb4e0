//! Rows that wait to be written together.

use std::sync::Arc;

use diesel::prelude::*;
use tidemill_core::metrics::{Point, comparable, finite};

use super::schema::{
    datasets, experiment_tags, experiments, input_tags, inputs, latest_metrics,
    logged_model_metrics, logged_model_params, logged_model_tags, logged_models, metrics,
    model_version_tags, model_versions, params, registered_model_aliases, registered_model_tags,
    registered_models, runs, tags,
};
use crate::connection::DbConnection;
use crate::dialect::MlflowNumber;
use crate::dialect::bulk::add_all;

/// From how many gathered rows on they are written.
const GATHERED: usize = 50_000;
/// How many bytes count as a row.
const ROW: usize = 100;

/// Makes a row of a table: its fields are the columns, by name.
macro_rules! row {
    ($(#[$doc:meta])* $name:ident $(<$life:lifetime>)? of $table:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Insertable)]
        #[diesel(table_name = $table, treat_none_as_default_value = false)]
        pub(super) struct $name $(<$life>)? {
            $(pub(super) $field: $type,)+
        }
    };
}

row!(NewExperiment of experiments {
    experiment_id: MlflowNumber, name: String, artifact_location: String, lifecycle_stage: &'static str,
    creation_time: i64, last_update_time: i64, workspace: &'static str,
});
row!(NewExperimentTag of experiment_tags { key: String, value: String, experiment_id: MlflowNumber });
row!(NewRun of runs {
    run_uuid: String, name: String, source_type: &'static str, source_name: &'static str,
    entry_point_name: &'static str, source_version: &'static str, user_id: String,
    status: &'static str, start_time: i64, end_time: Option<i64>, deleted_time: Option<i64>,
    lifecycle_stage: &'static str, artifact_uri: String, experiment_id: MlflowNumber,
});
row!(NewParam of params { key: String, value: String, run_uuid: String });
row!(NewTag of tags { key: String, value: String, run_uuid: String });
row!(NewPoint<'a> of metrics {
    key: &'a str, value: f64, timestamp: i64, run_uuid: &'a str, step: i64, is_nan: bool,
});
row!(NewLatest<'a> of latest_metrics {
    key: &'a str, value: f64, timestamp: i64, run_uuid: &'a str, step: i64, is_nan: bool,
});
row!(NewDataset of datasets {
    dataset_uuid: String, experiment_id: MlflowNumber, name: String, digest: String,
    dataset_source_type: String, dataset_source: String, dataset_schema: Option<String>,
    dataset_profile: Option<String>,
});
row!(NewInput of inputs {
    input_uuid: String, source_type: &'static str, source_id: String,
    destination_type: &'static str, destination_id: String, step: i64,
});
row!(NewInputTag of input_tags { input_uuid: String, name: String, value: String });
row!(NewLoggedModel of logged_models {
    model_id: String, experiment_id: MlflowNumber, name: String, artifact_location: String,
    creation_timestamp_ms: i64, last_updated_timestamp_ms: i64, status: i32,
    lifecycle_stage: &'static str, model_type: Option<String>, source_run_id: Option<String>,
    status_message: Option<String>,
});
row!(NewLoggedModelParam of logged_model_params {
    model_id: String, experiment_id: MlflowNumber, param_key: String, param_value: String,
});
row!(NewLoggedModelTag of logged_model_tags {
    model_id: String, experiment_id: MlflowNumber, tag_key: String, tag_value: String,
});
row!(NewLoggedModelMetric of logged_model_metrics {
    model_id: String, metric_name: String, metric_timestamp_ms: i64, metric_step: i64,
    metric_value: f64, experiment_id: MlflowNumber, run_id: String, dataset_name: Option<String>,
    dataset_digest: Option<String>,
});
row!(NewRegisteredModel of registered_models {
    name: String, creation_time: i64, last_updated_time: i64, description: Option<String>,
    workspace: &'static str,
});
row!(NewRegisteredModelTag of registered_model_tags {
    key: String, value: String, name: String, workspace: &'static str,
});
row!(NewAlias of registered_model_aliases {
    alias: String, version: MlflowNumber, name: String, workspace: &'static str,
});
row!(NewVersion of model_versions {
    name: String, version: MlflowNumber, creation_time: i64, last_updated_time: i64,
    description: Option<String>, user_id: Option<String>, current_stage: &'static str,
    source: Option<String>, storage_location: Option<String>, run_id: Option<String>,
    run_link: Option<String>, status: &'static str, status_message: Option<String>,
    workspace: &'static str,
});
row!(NewVersionTag of model_version_tags {
    key: String, value: String, name: String, version: MlflowNumber, workspace: &'static str,
});

/// Points of one metric of one run.
pub(super) struct History {
    pub(super) run: Arc<str>,
    pub(super) key: Arc<str>,
    pub(super) points: Vec<Point>,
}

/// The newest point of a metric.
pub(super) struct Latest {
    pub(super) run: Arc<str>,
    pub(super) key: Arc<str>,
    pub(super) point: Point,
}

/// Rows by table.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) experiments: Vec<NewExperiment>,
    pub(super) experiment_tags: Vec<NewExperimentTag>,
    pub(super) runs: Vec<NewRun>,
    pub(super) params: Vec<NewParam>,
    pub(super) tags: Vec<NewTag>,
    pub(super) histories: Vec<History>,
    pub(super) latest: Vec<Latest>,
    pub(super) datasets: Vec<NewDataset>,
    pub(super) inputs: Vec<NewInput>,
    pub(super) input_tags: Vec<NewInputTag>,
    pub(super) logged_models: Vec<NewLoggedModel>,
    pub(super) logged_model_params: Vec<NewLoggedModelParam>,
    pub(super) logged_model_tags: Vec<NewLoggedModelTag>,
    pub(super) logged_model_metrics: Vec<NewLoggedModelMetric>,
    pub(super) registered_models: Vec<NewRegisteredModel>,
    pub(super) registered_model_tags: Vec<NewRegisteredModelTag>,
    pub(super) aliases: Vec<NewAlias>,
    pub(super) versions: Vec<NewVersion>,
    pub(super) version_tags: Vec<NewVersionTag>,
    weight: usize,
}

impl Rows {
    /// Says that so many rows were added, with so much text.
    pub(super) fn grew(&mut self, rows: usize, bytes: usize) {
        self.weight += rows + bytes / ROW;
    }

    /// Writes what has come together, if that is much.
    pub(super) fn flush_if_many(&mut self, db: &mut DbConnection) -> QueryResult<()> {
        match self.weight > GATHERED {
            true => self.flush(db),
            false => Ok(()),
        }
    }

    /// Writes what has come together: first what others refer to.
    pub(super) fn flush(&mut self, db: &mut DbConnection) -> QueryResult<()> {
        let rows = std::mem::take(self);
        add_all!(db, experiments::table, &rows.experiments);
        add_all!(db, experiment_tags::table, &rows.experiment_tags);
        add_all!(db, runs::table, &rows.runs);
        add_all!(db, params::table, &rows.params);
        add_all!(db, tags::table, &rows.tags);
        let points: Vec<NewPoint<'_>> = rows.histories.iter().flat_map(History::rows).collect();
        add_all!(db, metrics::table, &points);
        let latest: Vec<NewLatest<'_>> = rows.latest.iter().map(Latest::row).collect();
        add_all!(db, latest_metrics::table, &latest);
        add_all!(db, datasets::table, &rows.datasets);
        add_all!(db, inputs::table, &rows.inputs);
        add_all!(db, input_tags::table, &rows.input_tags);
        add_all!(db, logged_models::table, &rows.logged_models);
        add_all!(db, logged_model_params::table, &rows.logged_model_params);
        add_all!(db, logged_model_tags::table, &rows.logged_model_tags);
        add_all!(db, logged_model_metrics::table, &rows.logged_model_metrics);
        add_all!(db, registered_models::table, &rows.registered_models);
        add_all!(
            db,
            registered_model_tags::table,
            &rows.registered_model_tags
        );
        add_all!(db, registered_model_aliases::table, &rows.aliases);
        add_all!(db, model_versions::table, &rows.versions);
        add_all!(db, model_version_tags::table, &rows.version_tags);
        Ok(())
    }
}

/// A value as MLflow keeps it: NaN is 0 with a flag beside it, infinity the largest double.
pub(super) fn kept(value: f64) -> f64 {
    comparable(finite(value))
}

impl History {
    fn rows(&self) -> impl Iterator<Item = NewPoint<'_>> {
        self.points.iter().map(|point| NewPoint {
            key: &self.key,
            value: kept(point.value),
            timestamp: point.timestamp,
            run_uuid: &self.run,
            step: point.step,
            is_nan: point.value.is_nan(),
        })
    }
}

impl Latest {
    fn row(&self) -> NewLatest<'_> {
        NewLatest {
            key: &self.key,
            value: kept(self.point.value),
            timestamp: self.point.timestamp,
            run_uuid: &self.run,
            step: self.point.step,
            is_nan: self.point.value.is_nan(),
        }
    }
}
