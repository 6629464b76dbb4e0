//! Answers that are sent in pieces are whole all the same.

use prost::Message;
use serde_json::{Value, json};
use tidemill_proto::mlflow::{get_metric_history, search_runs};
use tidemill_testkit::TestServer;
use tidemill_testkit::http::Answer;

use crate::support::server;

const BINARY: [(&str, &str); 2] = [
    ("Content-Type", "application/json"),
    ("Accept", "application/x-protobuf"),
];
const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];
const POINTS: i64 = 3000;
const RUNS: usize = 120;

fn post(server: &TestServer, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let path = format!("/api/2.0/mlflow/{path}");
    let answer = server.send("POST", &path, headers, body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer
}

fn create_run(server: &TestServer) -> String {
    let run =
        json!({"experiment_id": "0", "tags": [{"key": "note", "value": "\u{fc}".repeat(500)}]});
    let made = post(server, "runs/create", &JSON, &run).json();
    made["run"]["info"]["run_id"].as_str().unwrap().to_owned()
}

fn is_in_pieces(answer: &Answer) -> bool {
    let chunked = answer.header("transfer-encoding") == Some("chunked");
    assert_eq!(chunked, answer.header("content-length").is_none());
    chunked
}

#[test]
fn a_long_history_is_whole() {
    let (server, _folder) = server(&[]);
    let run = create_run(&server);
    let steps: Vec<i64> = (0..POINTS).collect();
    for steps in steps.chunks(1000) {
        let point = |step: &i64| json!({"key": "loss", "value": 0.5, "timestamp": 7, "step": step});
        let metrics: Vec<Value> = steps.iter().map(point).collect();
        let batch = json!({"run_id": run, "metrics": metrics});
        post(&server, "runs/log-batch", &JSON, &batch);
    }
    let get = |query: &str, headers: &[(&str, &str)]| {
        let path = format!("/api/2.0/mlflow/metrics/{query}");
        let answer = server.send("GET", &path, headers, b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    };
    let query = format!("get-history?run_id={run}&metric_key=loss");
    let answer = get(&query, &JSON);
    assert!(is_in_pieces(&answer));
    let listed = answer.json()["metrics"].as_array().unwrap().clone();
    let listed: Vec<i64> = listed.iter().map(|m| m["step"].as_i64().unwrap()).collect();
    assert_eq!(listed, steps);

    let binary = get_metric_history::Response::decode(&*get(&query, &BINARY).body).unwrap();
    assert_eq!(binary.metrics.len(), steps.len());

    let page = get(&format!("{query}&max_results=10"), &JSON);
    assert!(!is_in_pieces(&page));
    assert_eq!(page.json()["metrics"].as_array().unwrap().len(), 10);
    assert!(page.json()["next_page_token"].is_string());

    let query = format!("get-history-bulk-interval?run_ids={run}&metric_key=loss&max_results=2500");
    let answer = get(&query, &JSON);
    assert!(is_in_pieces(&answer));
    let listed = answer.json()["metrics"].as_array().unwrap().clone();
    assert!(listed.len() >= 2500, "{}", listed.len());
    assert!(listed.iter().all(|metric| metric["run_id"] == json!(run)));
}

#[test]
fn a_long_page_of_runs_is_whole() {
    let (server, _folder) = server(&[]);
    let mut runs: Vec<String> = (0..RUNS).map(|_| create_run(&server)).collect();
    let search = json!({"experiment_ids": ["0"], "max_results": RUNS - 1});
    let answer = post(&server, "runs/search", &JSON, &search);
    assert!(is_in_pieces(&answer));
    let page = answer.json();
    let next = json!({"experiment_ids": ["0"], "page_token": page["next_page_token"]});
    let rest = post(&server, "runs/search", &JSON, &next);
    assert!(!is_in_pieces(&rest));
    let of = |page: &Value| page["runs"].as_array().unwrap().clone();
    let mut found: Vec<String> = of(&page)
        .iter()
        .chain(&of(&rest.json()))
        .map(|run| run["info"]["run_id"].as_str().unwrap().to_owned())
        .collect();
    found.sort_unstable();
    runs.sort_unstable();
    assert_eq!(found, runs);

    let binary = post(&server, "runs/search", &BINARY, &search);
    let binary = search_runs::Response::decode(&*binary.body).unwrap();
    assert_eq!(binary.runs.len(), RUNS - 1);
    assert!(binary.next_page_token.is_some());
}
