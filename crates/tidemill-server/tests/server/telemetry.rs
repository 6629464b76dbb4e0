//! What operators see: counts, log lines, and the answers to plain HTTP questions.

use serde_json::{Value, json};

use crate::routes::QUERY;
use crate::support::server;

const EXPERIMENT: &str = "/api/2.0/mlflow/experiments/get?experiment_id=0";

#[test]
fn requests_are_counted_by_route_method_and_status() {
    let (server, _folder) = server(&[]);
    for _ in 0..3 {
        server.get(EXPERIMENT);
    }
    server.get("/api/2.0/mlflow/runs/get?run_id=absent");
    server.get("/no/such/route/secret");
    let answer = server.get("/metrics");
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = answer.text();
    let count = |route: &str, status: u16| {
        let labels = format!("{{route=\"{route}\",method=\"GET\",status=\"{status}\"}} ");
        let line = format!("tidemill_request_duration_seconds_count{labels}");
        let found = text.lines().find_map(|text| text.strip_prefix(&line));
        found.and_then(|n| n.parse::<u64>().ok())
    };
    assert_eq!(
        count("/api/2.0/mlflow/experiments/get", 200),
        Some(3),
        "{text}"
    );
    assert_eq!(count("/api/2.0/mlflow/runs/get", 404), Some(1), "{text}");
    assert!(!text.contains("secret"), "{text}");
    for gauge in ["tidemill_waiting_writes ", "tidemill_connections_in_use "] {
        let value = text.lines().find_map(|line| line.strip_prefix(gauge));
        assert!(value.is_some_and(|n| n.parse::<u64>().is_ok()), "{text}");
    }
}

#[test]
fn strangers_cannot_make_up_labels() {
    let (server, _folder) = server(&[]);
    for n in 0..50 {
        server.send(&format!("VERB{n}"), &format!("/path{n}"), &[], b"");
        server.get(&format!("/api/2.0/mlflow-artifacts/artifacts/a{n}"));
        server.get(&format!("/api/2.0/mlflow/logged-models/m-{n}"));
    }
    let text = server.get("/metrics").text();
    let series = text.lines().filter(|line| line.contains("_count{")).count();
    assert!(series < 10, "{text}");
}

#[test]
fn every_line_of_a_json_log_is_json_and_names_its_request() {
    let (server, _folder) = server(&["--log-format", "json", "--log-level", "debug"]);
    let headers = [("X-Request-Id", "asked-by-a-test")];
    let answer = server.send("GET", EXPERIMENT, &headers, b"");
    assert_eq!(answer.header("x-request-id"), Some("asked-by-a-test"));
    server.get("/%0a{\"level\":\"forged\"}");
    server.send("GET", EXPERIMENT, &[("X-Request-Id", "a\"},{\"b")], b"");
    let log = server.log();
    let lines: Vec<Value> = (log.lines())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    assert!(
        lines.iter().any(|line| line["message"] == "serving"),
        "{log}"
    );
    let answered = |line: &&Value| line["span"]["id"] == "asked-by-a-test";
    let line = lines
        .iter()
        .find(answered)
        .unwrap_or_else(|| panic!("{log}"));
    assert_eq!(line["span"]["path"], "/api/2.0/mlflow/experiments/get");
    assert!(lines.iter().all(|line| line["level"] != "forged"), "{log}");
}

#[test]
fn every_answer_has_a_request_id_of_its_own() {
    let (server, _folder) = server(&[]);
    let id = |given: &str| {
        let answer = server.send("GET", EXPERIMENT, &[("X-Request-Id", given)], b"");
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(id("mine-1.2_3"), "mine-1.2_3");
    let long = "x".repeat(129);
    for hostile in ["a b", "<script>", &long] {
        let fresh = id(hostile);
        assert_eq!(fresh.len(), 36, "{fresh}");
        assert_ne!(fresh, id(hostile), "{hostile}");
    }
}

#[test]
fn a_head_is_answered_like_a_get_without_its_body() {
    let (server, _folder) = server(&[]);
    let file = "/api/2.0/mlflow-artifacts/artifacts/file.txt";
    assert_eq!(server.send("PUT", file, &[], b"twelve bytes").status, 200);
    let head = server.send("HEAD", file, &[], b"");
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("12"))
    );
    assert_eq!(server.send("HEAD", "/health", &[], b"").status, 200);
    for route in QUERY.iter() {
        let answer = server.send("HEAD", &route.path, &[], b"");
        assert!((200..500).contains(&answer.status), "{}", route.path);
    }
}

#[test]
fn the_server_says_who_it_is_and_whether_it_is_well() {
    let (server, _folder) = server(&[]);
    assert_eq!(server.get("/health").text(), "OK");
    assert_eq!(server.get("/livez").text(), "OK");
    assert_eq!(server.get("/readyz").text(), "OK");
    assert_eq!(server.get("/version").text(), "3.17.2");
    let info = server.get("/api/3.0/mlflow/server-info").json();
    assert_eq!(info["store_type"], json!("SqlStore"));
}
