//! The data that reads are measured on, the same on both sides.
//!
//! Tidemill gets it through its API. MLflow would take ten minutes for that, so its tables are
//! filled by a script that runs in its environment, and the SQLite file is kept for next time.

use std::io::Write;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Midnight, so that times are easy to read.
pub(crate) const START: i64 = 1_760_000_000_000;
/// In the name of the kept database: another layout is another file.
const LAYOUT: u32 = 1;
/// Runs that writers may write to.
const LIVE: usize = 1000;
const POINTS_A_BATCH: u64 = 1000;

/// How much data there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Runs to search.
    pub(crate) runs: usize,
    /// Points of each metric of the chart.
    pub(crate) chart_points: u64,
}

/// Where the data is, as a server numbered it.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Data {
    pub(crate) search_experiment: String,
    pub(crate) live_experiment: String,
    /// Runs that have just started.
    pub(crate) live: Vec<String>,
    /// Runs with a long `loss`: see [`HISTORIES`].
    pub(crate) history: Vec<String>,
    /// Runs whose `loss` is drawn in one chart.
    pub(crate) chart: Vec<String>,
}

/// Points of `loss` in the runs of the experiment for histories.
pub(crate) const HISTORIES: [u64; 2] = [10_000, 100_000];
const CHART_RUNS: usize = 100;
pub(crate) const MODELS: usize = 1000;

const SEARCH: &str = "bench-search";
const LIVE_RUNS: &str = "bench-live";
const HISTORY: &str = "bench-history";
const CHART: &str = "bench-chart";
pub(crate) const EXPERIMENTS: [&str; 4] = [SEARCH, LIVE_RUNS, HISTORY, CHART];

/// A run with everything in it.
#[derive(Debug, Serialize)]
pub(crate) struct SeedRun {
    pub(crate) experiment: &'static str,
    pub(crate) name: String,
    pub(crate) start_time: i64,
    /// A run without one is still running.
    pub(crate) end_time: Option<i64>,
    /// Key and number of points, see `value` in the cases.
    pub(crate) metrics: Vec<Series>,
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) tags: Vec<(&'static str, String)>,
}

/// The points of one metric; point `n` has step `n` and is logged `n` seconds after the first.
#[derive(Debug, Serialize)]
pub(crate) struct Series {
    key: &'static str,
    start_time: i64,
    values: Vec<f64>,
}

impl Shape {
    /// A name for everything that decides what the data is.
    pub(crate) fn key(&self) -> String {
        format!("{LAYOUT}-{}-{}", self.runs, self.chart_points)
    }

    /// Every run, in the order of creation.
    pub(crate) fn seed_runs(&self) -> impl Iterator<Item = SeedRun> + use<> {
        let points = self.chart_points;
        let live = (0..LIVE).map(|n| plain_run(LIVE_RUNS, n, None, Vec::new()));
        let history = HISTORIES
            .into_iter()
            .enumerate()
            .map(|(n, points)| plain_run(HISTORY, n, Some(3600), curve(n, points)));
        let chart = (0..CHART_RUNS).map(move |n| plain_run(CHART, n, Some(3600), curve(n, points)));
        (0..self.runs)
            .map(search_run)
            .chain(live)
            .chain(history)
            .chain(chart)
    }

    /// Writes the data as lines of JSON, for the script that fills MLflow's tables.
    pub(crate) fn write_lines(&self, mut to: impl Write) -> std::io::Result<()> {
        for run in self.seed_runs() {
            serde_json::to_writer(&mut to, &run)?;
            to.write_all(b"\n")?;
        }
        for model in (0..MODELS).map(model_name) {
            serde_json::to_writer(&mut to, &json!({ "model": model }))?;
            to.write_all(b"\n")?;
        }
        to.flush()
    }
}

/// A run as a training leaves it. The values are spread so that every combination occurs.
pub(crate) fn search_run(n: usize) -> SeedRun {
    let spread = |factor: usize| (n * factor % 10_000) as f64 / 10_000.0;
    let start_time = START + n as i64 * 60_000;
    let metrics = [
        ("acc", 7919),
        ("loss", 6007),
        ("val_acc", 5003),
        ("val_loss", 4001),
        ("f1", 3001),
    ];
    SeedRun {
        metrics: metrics
            .map(|(key, factor)| Series {
                key,
                start_time,
                values: vec![spread(factor)],
            })
            .into(),
        params: vec![
            ("lr", ["0.1", "0.01", "0.001", "0.0001"][n % 4].to_owned()),
            ("epochs", (n % 50).to_string()),
            ("batch_size", (16 << (n % 5)).to_string()),
            ("optimizer", ["adam", "sgd", "rmsprop"][n % 3].to_owned()),
            ("seed", n.to_string()),
        ],
        ..plain_run(SEARCH, n, Some(50), Vec::new())
    }
}

/// A run with a history of ten thousand points.
pub(crate) fn long_run(n: usize) -> SeedRun {
    plain_run(CHART, n, Some(3600), curve(n, HISTORIES[0]))
}

/// With the tags that the Python client sets, and one that people search for.
fn plain_run(
    experiment: &'static str,
    n: usize,
    seconds: Option<i64>,
    values: Vec<f64>,
) -> SeedRun {
    let name = format!("{experiment}-{n:07}");
    let start_time = START + n as i64 * 60_000;
    let metrics = Series {
        key: "loss",
        start_time,
        values,
    };
    SeedRun {
        experiment,
        start_time,
        end_time: seconds.map(|seconds| start_time + seconds * 1000),
        metrics: Vec::from_iter((!metrics.values.is_empty()).then_some(metrics)),
        params: Vec::new(),
        tags: vec![
            ("mlflow.user", "bench".to_owned()),
            ("mlflow.source.name", "train.py".to_owned()),
            ("mlflow.source.type", "LOCAL".to_owned()),
            (
                "team",
                ["red", "green", "blue", "black", "white"][n % 5].to_owned(),
            ),
            ("mlflow.runName", name.clone()),
        ],
        name,
    }
}

/// A loss that falls, with some noise.
fn curve(run: usize, points: u64) -> Vec<f64> {
    (0..points)
        .map(|n| {
            let noise = ((n * 7919 + run as u64 * 31) % 1000) as f64 / 100_000.0;
            1.0 / (1.0 + n as f64 / 100.0) + noise
        })
        .collect()
}

pub(crate) fn model_name(n: usize) -> String {
    format!("bench-model-{n:04}")
}

impl SeedRun {
    /// The body of runs/create.
    pub(crate) fn create(&self, experiment_id: &str) -> Value {
        json!({
            "experiment_id": experiment_id,
            "start_time": self.start_time,
            "run_name": self.name,
            "tags": pairs(&self.tags),
        })
    }

    /// The bodies of log-batch.
    pub(crate) fn batches(&self, run_id: &str) -> Vec<Value> {
        let mut points = self.metrics.iter().flat_map(Series::points).peekable();
        let mut params = pairs(&self.params);
        let mut batches = Vec::new();
        while points.peek().is_some() || !params.is_empty() {
            let metrics: Vec<Value> = points.by_ref().take(POINTS_A_BATCH as usize).collect();
            batches.push(json!({
                "run_id": run_id,
                "metrics": metrics,
                "params": std::mem::take(&mut params),
            }));
        }
        batches
    }

    /// The body of runs/update that ends the run.
    pub(crate) fn finish(&self, run_id: &str) -> Option<Value> {
        let end_time = self.end_time?;
        Some(json!({ "run_id": run_id, "status": "FINISHED", "end_time": end_time }))
    }
}

impl Series {
    fn points(&self) -> impl Iterator<Item = Value> {
        self.values.iter().zip(0_i64..).map(|(value, step)| {
            json!({
                "key": self.key,
                "value": value,
                "timestamp": self.start_time + step * 1000,
                "step": step,
            })
        })
    }
}

fn pairs(pairs: &[(&'static str, String)]) -> Vec<Value> {
    pairs
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect()
}

impl Data {
    /// Notes where a run went.
    pub(crate) fn note(&mut self, experiment: &str, run_id: String) {
        match experiment {
            LIVE_RUNS => self.live.push(run_id),
            HISTORY => self.history.push(run_id),
            CHART => self.chart.push(run_id),
            _ => {}
        }
    }

    /// Notes where an experiment went.
    pub(crate) fn note_experiment(&mut self, name: &str, id: String) {
        match name {
            SEARCH => self.search_experiment = id,
            LIVE_RUNS => self.live_experiment = id,
            _ => {}
        }
    }

    /// A run that only the writers of `slot` write to, one for each client.
    pub(crate) fn runs_for(&self, slot: usize, clients: usize) -> Vec<String> {
        (0..clients)
            .map(|client| self.live[(slot * clients + client) % self.live.len()].clone())
            .collect()
    }
}

/// Splits `0..all` among `clients`.
pub(crate) fn shares(all: usize, clients: usize) -> Vec<Range<usize>> {
    (0..clients)
        .map(|client| all * client / clients..all * (client + 1) / clients)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filtered_search_finds_some_runs_and_not_all() {
        let found = (0..10_000)
            .map(search_run)
            .filter(|run| run.metrics[0].values[0] > 0.9)
            .filter(|run| run.params[0].1 == "0.01" && run.tags[3].1 == "red")
            .count();
        assert!((20..100).contains(&found), "{found}");
    }

    #[test]
    fn a_long_metric_takes_several_batches() {
        let run = plain_run(HISTORY, 0, None, curve(0, 2500));
        let batches = run.batches("id");
        let points: Vec<usize> = batches
            .iter()
            .map(|batch| batch["metrics"].as_array().unwrap().len())
            .collect();
        assert_eq!(points, [1000, 1000, 500]);
        assert_eq!(batches[1]["metrics"][0]["step"], 1000);
    }

    #[test]
    fn shares_cover_everything_once() {
        assert_eq!(shares(10, 3), [0..3, 3..6, 6..10]);
    }
}
