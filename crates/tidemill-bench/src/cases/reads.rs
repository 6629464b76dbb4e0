//! Reading runs: one, many, a page far down, histories and charts.
//!
//! What the answers say is compared between the servers by names and values; ids, tokens and
//! times of insertion differ.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Plan;
use crate::draft::Draft;
use crate::failure::Result;
use crate::fill::text;
use crate::load::Requests;
use crate::site::Site;

const SEARCH: &str = "/api/2.0/mlflow/runs/search";
const KEYS: usize = 100;
/// Pages before the one that is measured.
const DEEP: usize = 5;
const PAGE: usize = 1000;

/// A run with a hundred params and a hundred metrics.
pub(super) async fn get_run(site: &Site) -> Result<Plan> {
    let create =
        json!({ "experiment_id": site.data.live_experiment, "run_name": "full", "start_time": 1 });
    let created = site.post("/api/2.0/mlflow/runs/create", &create).await?;
    let run = text(&created, "/run/info/run_id")?;
    let metric = |n| json!({ "key": format!("metric_{n:03}"), "value": n as f64 / 8.0, "timestamp": n, "step": n });
    let param = |n| json!({ "key": format!("param_{n:03}"), "value": format!("value {n}") });
    let batch = json!({
        "run_id": run,
        "metrics": (0..KEYS).map(metric).collect::<Vec<_>>(),
        "params": (0..KEYS).map(param).collect::<Vec<_>>(),
    });
    site.post("/api/2.0/mlflow/runs/log-batch", &batch).await?;
    let path = format!("/api/2.0/mlflow/runs/get?run_uuid={run}&run_id={run}");
    let (answer, bytes) = site.get_measured(&path).await?;
    let evidence = run_evidence(&answer["run"]);
    Ok(repeated_get(path, bytes).with_evidence(evidence))
}

/// The first page of a list, as the UI and the client ask for it.
pub(super) async fn search_newest(site: &Site) -> Result<Plan> {
    let body = json!({
        "experiment_ids": [site.data.search_experiment],
        "filter": "",
        "run_view_type": "ACTIVE_ONLY",
        "max_results": 100,
    });
    searched(site, body).await
}

pub(super) async fn search_filter(site: &Site) -> Result<Plan> {
    let body = json!({
        "experiment_ids": [site.data.search_experiment],
        "filter": "metrics.acc > 0.9 and params.lr = '0.01' and tags.team = 'red'",
        "run_view_type": "ACTIVE_ONLY",
        "max_results": 100,
        "order_by": ["metrics.acc DESC"],
    });
    searched(site, body).await
}

/// The page after five pages of a thousand, or of a tenth of fewer runs.
pub(super) async fn search_deep(site: &Site) -> Result<Plan> {
    let mut body = json!({
        "experiment_ids": [site.data.search_experiment],
        "filter": "",
        "run_view_type": "ACTIVE_ONLY",
        "max_results": PAGE,
    });
    for _ in 0..DEEP {
        let page = site.post(SEARCH, &body).await?;
        match page["next_page_token"].as_str() {
            Some(token) => body["page_token"] = token.into(),
            None => break,
        }
    }
    searched(site, body).await
}

async fn searched(site: &Site, body: Value) -> Result<Plan> {
    let (answer, bytes) = site.post_measured(SEARCH, &body).await?;
    let runs = answer["runs"].as_array().map_or(&[][..], Vec::as_slice);
    let evidence: Vec<Value> = runs.iter().map(run_evidence).collect();
    if evidence.is_empty() {
        return Err("the search finds nothing".into());
    }
    let body = serde_json::to_vec(&body)?;
    let requests = Requests::new(move |_, draft: &mut Draft| {
        draft.post(SEARCH, |wire| wire.extend_from_slice(&body));
    });
    let plan = Plan::of(requests.with_body_of_at_least(bytes * 9 / 10));
    Ok(plan.with_evidence(evidence.into()))
}

/// The whole history of one metric.
pub(super) async fn history(site: &Site, n: usize) -> Result<Plan> {
    let run = site.data.history.get(n).ok_or("no run with a history")?;
    let path = history_path(run, "loss");
    let (answer, bytes) = site.get_measured(&path).await?;
    Ok(repeated_get(path, bytes).with_evidence(points_evidence(&answer)))
}

/// One chart over many runs, with as many points of each as the UI asks for.
pub(super) async fn chart(site: &Site) -> Result<Plan> {
    let runs: String = site
        .data
        .chart
        .iter()
        .map(|run| format!("run_ids={run}&"))
        .collect();
    let path = format!(
        "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{runs}metric_key=loss&max_results=320"
    );
    let (answer, bytes) = site.get_measured(&path).await?;
    Ok(repeated_get(path, bytes).with_evidence(points_evidence(&answer)))
}

/// Points that are there, of one metric in several runs.
pub(super) async fn count_points(site: &Site, runs: &[String], key: &str) -> Result<u64> {
    let mut count = 0;
    for run in runs {
        let answer = site.get(&history_path(run, key)).await?;
        count += answer["metrics"].as_array().map_or(0, Vec::len) as u64;
    }
    Ok(count)
}

pub(super) async fn count_params(site: &Site, runs: &[String]) -> Result<u64> {
    let mut count = 0;
    for run in runs {
        let path = format!("/api/2.0/mlflow/runs/get?run_id={run}");
        let answer = site.get(&path).await?;
        let params = &answer["run"]["data"]["params"];
        count += params.as_array().map_or(0, Vec::len) as u64;
    }
    Ok(count)
}

fn history_path(run: &str, key: &str) -> String {
    format!("/api/2.0/mlflow/metrics/get-history?run_uuid={run}&run_id={run}&metric_key={key}")
}

pub(super) fn repeated_get(path: String, bytes: usize) -> Plan {
    let requests = Requests::new(move |_, draft: &mut Draft| draft.get(&path));
    Plan::of(requests.with_body_of_at_least(bytes * 9 / 10))
}

/// Name, latest metrics, params and tags of a run.
fn run_evidence(run: &Value) -> Value {
    let by_key = |list: &Value| -> BTreeMap<String, Value> {
        let items = list.as_array().map_or(&[][..], Vec::as_slice);
        items
            .iter()
            .filter_map(|item| Some((item["key"].as_str()?.to_owned(), item["value"].clone())))
            .collect()
    };
    let data = &run["data"];
    json!([
        run["info"]["run_name"],
        by_key(&data["metrics"]),
        by_key(&data["params"]),
        by_key(&data["tags"]),
    ])
}

/// Steps and values in the order of the answer; summed up, for there are many.
fn points_evidence(answer: &Value) -> Value {
    let points = answer["metrics"].as_array().map_or(&[][..], Vec::as_slice);
    let (mut steps, mut checksum) = (0_i64, 0_u64);
    for point in points {
        let value = point["value"].as_f64().unwrap_or(f64::NAN);
        steps += point["step"].as_i64().unwrap_or(0);
        checksum = checksum.rotate_left(5) ^ value.to_bits();
    }
    let last = points.last().map(|point| point["value"].clone());
    json!({ "points": points.len(), "steps": steps, "last": last, "checksum": checksum })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_compared_without_their_ids_and_the_order_of_their_metrics() {
        let run = |id: &str, first: &str, second: &str| {
            let metric = |key: &str| json!({ "key": key, "value": 1.0 });
            json!({
                "info": { "run_name": "a", "run_id": id },
                "data": { "metrics": [metric(first), metric(second)] },
            })
        };
        assert_eq!(
            run_evidence(&run("1", "x", "y")),
            run_evidence(&run("2", "y", "x"))
        );
        assert_ne!(
            run_evidence(&run("1", "x", "y")),
            run_evidence(&run("1", "x", "z"))
        );
    }

    #[test]
    fn points_in_another_order_are_another_answer() {
        let points = |values: [f64; 2]| json!({ "metrics": [{ "value": values[0], "step": 0 }, { "value": values[1], "step": 0 }] });
        assert_ne!(
            points_evidence(&points([1.0, 2.0])),
            points_evidence(&points([2.0, 1.0]))
        );
    }
}
