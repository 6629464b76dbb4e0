//! Writing runs: single values, batches, new runs and experiments.

use std::io::Write as _;

use super::{Plan, Proof};
use crate::data::START;
use crate::draft::metric;
use crate::failure::Result;
use crate::load::Requests;
use crate::site::Site;

/// Runs each client spreads its params over, so that a run has a number of them that occurs.
const RUNS_FOR_PARAMS: usize = 16;
const KEYS: usize = 100;

/// One point a request; each client trains one run.
pub(super) async fn log_metric(site: &Site) -> Result<Plan> {
    let key = "bench_single";
    let runs = site.data.runs_for(0, site.clients);
    let requests = requests_to(
        runs.clone(),
        move |body, run, number| {
            let (value, time) = (number % 1000, START + number as i64);
            // Writing to a vector cannot fail.
            let _ = write!(
                body,
                r#"{{"run_uuid": "{run}", "run_id": "{run}", "key": "{key}", "value": {value}.5, "timestamp": {time}, "step": {number}}}"#
            );
        },
        "/api/2.0/mlflow/runs/log-metric",
    );
    Ok(Plan::of(requests).with_proof(Proof::Points { runs, key }))
}

/// One param a request.
pub(super) async fn log_parameter(site: &Site) -> Result<Plan> {
    let clients = site.clients;
    // After the runs of the other writers.
    let runs = site.data.runs_for(1, clients * RUNS_FOR_PARAMS);
    let requests = Requests::new({
        let runs = runs.clone();
        move |turn, draft| {
            let n = turn.number as usize;
            let run = &runs[turn.client % clients * RUNS_FOR_PARAMS + n % RUNS_FOR_PARAMS];
            draft.post("/api/2.0/mlflow/runs/log-parameter", |body| {
                let _ = write!(
                    body,
                    r#"{{"run_uuid": "{run}", "run_id": "{run}", "key": "param_{}_{n}", "value": "{n}"}}"#,
                    turn.client
                );
            });
        }
    });
    Ok(Plan::of(requests).with_proof(Proof::Params { runs }))
}

pub(super) async fn create_run(site: &Site) -> Result<Plan> {
    let experiment = site.data.live_experiment.clone();
    let requests = Requests::new(move |turn, draft| {
        let (client, number) = (turn.client, turn.number);
        draft.post("/api/2.0/mlflow/runs/create", |body| {
            let time = START + number as i64;
            let name = format_args!("created-{client}-{number}");
            let _ = write!(
                body,
                r#"{{"experiment_id": "{experiment}", "user_id": "bench", "run_name": "{name}", "start_time": {time}, "tags": [{{"key": "mlflow.user", "value": "bench"}}, {{"key": "mlflow.source.name", "value": "train.py"}}, {{"key": "mlflow.source.type", "value": "LOCAL"}}, {{"key": "mlflow.runName", "value": "{name}"}}]}}"#
            );
        });
    });
    Ok(Plan::of(requests))
}

pub(super) async fn create_experiment(_: &Site) -> Result<Plan> {
    let requests = Requests::new(|turn, draft| {
        draft.post("/api/2.0/mlflow/experiments/create", |body| {
            let _ = write!(
                body,
                r#"{{"name": "created-{}-{}"}}"#,
                turn.client, turn.number
            );
        });
    });
    Ok(Plan::of(requests))
}

/// `steps` points of each of a hundred metrics in one request.
pub(super) async fn log_batch(site: &Site, slot: usize, steps: u64) -> Result<Plan> {
    // Slot 1 of the params is wide.
    let runs = site.data.runs_for(slot + 1 + RUNS_FOR_PARAMS, site.clients);
    let keys: Vec<String> = (0..KEYS).map(|n| format!("metric_{n:03}")).collect();
    let requests = requests_to(
        runs.clone(),
        move |body, run, number| {
            let _ = write!(body, r#"{{"run_id": "{run}", "metrics": ["#);
            batch(body, &keys, number * steps..(number + 1) * steps);
            body.extend_from_slice(b"]}");
        },
        "/api/2.0/mlflow/runs/log-batch",
    );
    // Every batch starts with a point of its own of this metric.
    let proof = Proof::Points {
        runs,
        key: "metric_000",
    };
    Ok(Plan::of(requests).with_proof(if steps == 1 { proof } else { Proof::None }))
}

pub(super) fn batch(body: &mut Vec<u8>, keys: &[String], steps: std::ops::Range<u64>) {
    for (n, step) in steps.enumerate() {
        for (k, key) in keys.iter().enumerate() {
            if n + k > 0 {
                body.extend_from_slice(b", ");
            }
            metric(
                body,
                key,
                (step + k as u64) % 1000,
                START + step as i64,
                step,
            );
        }
    }
}

/// Requests of clients that each have a run of their own.
pub(super) fn requests_to(
    runs: Vec<String>,
    write: impl Fn(&mut Vec<u8>, &str, u64) + Send + Sync + 'static,
    path: &'static str,
) -> Requests {
    Requests::new(move |turn, draft| {
        let run = &runs[turn.client % runs.len()];
        draft.post(path, |body| write(body, run, turn.number));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_a_json_array_without_repeated_points() {
        let keys = ["a".to_owned(), "b".to_owned()];
        let mut body = b"[".to_vec();
        batch(&mut body, &keys, 10..12);
        body.push(b']');
        let points: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
        let named: Vec<(&str, i64)> = points
            .iter()
            .map(|point| {
                (
                    point["key"].as_str().unwrap(),
                    point["step"].as_i64().unwrap(),
                )
            })
            .collect();
        assert_eq!(named, [("a", 10), ("b", 10), ("a", 11), ("b", 11)]);
    }
}
