//! Runs planted straight into the tables, so that a test decides everything about them: ids,
//! equal start times, NaN, values longer than an index holds.

use std::collections::BTreeMap;
use std::fmt::Write;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidemill_core::datasets::{Dataset, DatasetInput};
use tidemill_core::experiments::ExperimentId;
use tidemill_core::metrics::Metric;
use tidemill_core::params::Param;
use tidemill_core::runs::{Run, RunInfo};
use tidemill_core::tags::Tag;
use tidemill_store::DatabaseUrl;

/// A connection that writes anything.
pub(crate) enum Planter {
    Sqlite(diesel::SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(diesel::PgConnection),
    #[cfg(feature = "mysql")]
    Mysql(diesel::MysqlConnection),
}

/// The kinds of keys, as the table numbers them.
const METRIC: i16 = 1;
const PARAM: i16 = 2;
const TAG: i16 = 3;

impl Planter {
    pub(crate) fn new(url: &DatabaseUrl) -> Self {
        match url {
            DatabaseUrl::Sqlite(path) => Self::Sqlite(
                diesel::SqliteConnection::establish(&path.to_string_lossy()).expect("opens"),
            ),
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(uri) => {
                Self::Postgres(diesel::PgConnection::establish(uri).expect("opens"))
            }
            #[cfg(feature = "mysql")]
            DatabaseUrl::Mysql(uri) => {
                let mut db = diesel::MysqlConnection::establish(uri).expect("opens");
                db.batch_execute(
                    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
                )
                .expect("sets");
                Self::Mysql(db)
            }
        }
    }

    pub(crate) fn execute(&mut self, script: &str) {
        if script.is_empty() {
            return;
        }
        let script = format!("BEGIN;{script}COMMIT;");
        match self {
            Self::Sqlite(db) => db.batch_execute(&script),
            #[cfg(feature = "postgres")]
            Self::Postgres(db) => db.batch_execute(&script),
            #[cfg(feature = "mysql")]
            Self::Mysql(db) => db.batch_execute(&script),
        }
        .expect("the script is right");
    }
}

/// Numbers rows in a fresh database; experiments, keys and runs are numbered by hand.
#[derive(Default)]
pub(crate) struct Numbers {
    next: i64,
    keys: BTreeMap<(i64, i16, String), i64>,
    datasets: BTreeMap<(i64, String, String), i64>,
}

impl Numbers {
    pub(crate) fn next(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    fn key(&mut self, script: &mut String, experiment: i64, kind: i16, name: &str) -> i64 {
        let known = self.keys.get(&(experiment, kind, name.to_owned()));
        if let Some(id) = known {
            return *id;
        }
        let id = self.next();
        self.keys.insert((experiment, kind, name.to_owned()), id);
        let name = quoted(name);
        writeln!(script, r#"INSERT INTO "key" (id, experiment_id, kind, name) VALUES ({id}, {experiment}, {kind}, {name});"#).unwrap();
        id
    }

    fn dataset(&mut self, script: &mut String, experiment: i64, dataset: &Dataset) -> i64 {
        let identity = (experiment, dataset.name.clone(), dataset.digest.clone());
        if let Some(id) = self.datasets.get(&identity) {
            return *id;
        }
        let id = self.next();
        self.datasets.insert(identity, id);
        let (name, digest) = (quoted(&dataset.name), quoted(&dataset.digest));
        writeln!(script, "INSERT INTO dataset (id, experiment_id, name, digest, source_type, source) VALUES ({id}, {experiment}, {name}, {digest}, 'local', '');").unwrap();
        id
    }

    /// The script that plants an experiment with a number of its own.
    pub(crate) fn plant_experiment(&mut self, script: &mut String) -> ExperimentId {
        let id = self.next() + 1_000_000;
        writeln!(script, "INSERT INTO experiment (id, name, artifact_location, stage, creation_time, last_update_time) VALUES ({id}, 'planted {id}', '', 0, 0, 0);").unwrap();
        ExperimentId(id)
    }

    /// The script that plants a run.
    pub(crate) fn plant_run(&mut self, script: &mut String, run: &Run) {
        let id = self.next();
        let experiment = run.info.experiment_id.0;
        plant_info(script, id, &run.info);
        for metric in &run.metrics {
            let key = self.key(script, experiment, METRIC, &metric.key);
            let value = match metric.value.is_nan() {
                true => String::from("NULL"),
                false => format!("{:e}", metric.value),
            };
            let (step, ts) = (metric.step, metric.timestamp);
            writeln!(script, "INSERT INTO metric_latest (run_id, key_id, step, ts, value) VALUES ({id}, {key}, {step}, {ts}, {value});").unwrap();
        }
        for param in &run.params {
            let key = self.key(script, experiment, PARAM, &param.key);
            let value = quoted(&param.value);
            writeln!(
                script,
                "INSERT INTO param (run_id, key_id, value) VALUES ({id}, {key}, {value});"
            )
            .unwrap();
        }
        for tag in &run.tags {
            let key = self.key(script, experiment, TAG, &tag.key);
            let value = quoted(&tag.value);
            writeln!(
                script,
                "INSERT INTO run_tag (run_id, key_id, value) VALUES ({id}, {key}, {value});"
            )
            .unwrap();
        }
        for (position, input) in run.dataset_inputs.iter().enumerate() {
            let dataset = self.dataset(script, experiment, &input.dataset);
            writeln!(script, "INSERT INTO run_dataset (run_id, dataset_id, position) VALUES ({id}, {dataset}, {position});").unwrap();
            for tag in &input.tags {
                let (name, value) = (quoted(&tag.key), quoted(&tag.value));
                writeln!(script, "INSERT INTO run_dataset_tag (run_id, dataset_id, name, value) VALUES ({id}, {dataset}, {name}, {value});").unwrap();
            }
        }
    }
}

/// The script that takes all runs away; numbers go on.
pub(crate) fn clear() -> String {
    [
        "metric_latest",
        "param",
        "run_tag",
        "run_dataset_tag",
        "run_dataset",
        "dataset",
        "run",
    ]
    .map(|table| format!("DELETE FROM {table};"))
    .concat()
}

fn plant_info(script: &mut String, id: i64, info: &RunInfo) {
    let (uuid, name, user) = (
        quoted(&info.id.0),
        quoted(&info.name),
        quoted(&info.user_id),
    );
    let (experiment, stage, status) = (info.experiment_id.0, info.stage as i16, info.status as i16);
    let (start, uri) = (info.start_time, quoted(&info.artifact_uri));
    let end = info
        .end_time
        .map_or(String::from("NULL"), |end| end.to_string());
    writeln!(script, "INSERT INTO run (id, uuid, experiment_id, stage, status, start_time, end_time, name, user_id, artifact_uri) VALUES ({id}, {uuid}, {experiment}, {stage}, {status}, {start}, {end}, {name}, {user}, {uri});").unwrap();
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A metric's latest point.
pub(crate) fn metric(key: &str, value: f64) -> Metric {
    Metric {
        key: key.to_owned(),
        value,
        timestamp: 0,
        step: 0,
        model_id: None,
        dataset_name: None,
        dataset_digest: None,
    }
}

/// A param.
pub(crate) fn param(key: &str, value: &str) -> Param {
    Param {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

/// The use of a dataset.
pub(crate) fn dataset(name: &str, digest: &str, context: Option<&str>) -> DatasetInput {
    DatasetInput {
        dataset: Dataset {
            name: name.to_owned(),
            digest: digest.to_owned(),
            source_type: String::from("local"),
            source: String::new(),
            schema: None,
            profile: None,
        },
        tags: context
            .map(|context| Tag::new("mlflow.data.context", context))
            .into_iter()
            .collect(),
    }
}
