//! Section B, as far as it needs no users: what a page of another site can make a browser send.

use serde_json::json;

use super::site::{all_hold, case, on_every_surface, post};
use crate::routes::{JSON, PROXY_FILES};

const CREATE: &str = "/api/2.0/mlflow/experiments/create";
const BODY: &[u8] = br#"{"name": "forged"}"#;

#[test]
fn a_form_or_plain_text_from_another_site_does_nothing() {
    let id = "CVE-2023-43472";
    let mut cases = Vec::new();
    for kind in [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let simple = || {
            case(id, "POST", CREATE)
                .header("Content-Type", kind)
                .body(BODY)
        };
        cases.push(simple());
        cases.push(simple().header("Origin", "http://evil").answers(403, ""));
    }
    cases.push(case(id, "POST", CREATE).body(BODY));
    cases.push(
        case(
            id,
            "GET",
            "/api/2.0/mlflow/experiments/get-by-name?experiment_name=forged",
        )
        .answers(404, "RESOURCE_DOES_NOT_EXIST"),
    );
    all_hold(&cases);
}

#[test]
fn a_content_type_is_not_echoed() {
    let script = "<script>alert(1)</script>";
    on_every_surface(|surface| {
        for path in [CREATE, "/api/2.0/mlflow/users/create"] {
            let answer = surface.send("POST", path, &[("Content-Type", script)], BODY);
            assert!(matches!(answer.status, 400 | 404), "{}", answer.status);
            assert!(
                !answer.text().contains("script"),
                "CVE-2023-6568: {}",
                answer.text()
            );
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        }
    });
}

#[test]
fn a_host_that_is_rebound_is_refused() {
    let mut cases = Vec::new();
    for host in [
        "evil.com",
        "10.evil.com",
        "192.168.1.1.evil.com",
        "localhost.evil.com",
        "evil.com:5000",
        "127.0.0.1.evil.com",
        "localhost@evil.com",
        "8.8.8.8",
    ] {
        for path in [
            "/api/2.0/mlflow/experiments/get?experiment_id=0",
            "/get-artifact?run_uuid={run}&path=x",
            "/metrics",
            "/nothing",
        ] {
            cases.push(
                case("CVE-2025-14279", "GET", path)
                    .header("Host", host)
                    .answers(403, ""),
            );
        }
        cases.push(
            post("CVE-2025-14279", CREATE, json!({"name": "rebound"}))
                .header("Host", host)
                .answers(403, ""),
        );
    }
    all_hold(&cases);
}

#[test]
fn what_a_proxy_forwards_does_not_stand_in_for_the_host() {
    let cases = ["X-Forwarded-Host", "Forwarded", "X-Host"].map(|name| {
        case(
            "CVE-2025-14279",
            "GET",
            "/api/2.0/mlflow/experiments/get?experiment_id=0",
        )
        .header("Host", "evil.com")
        .header(
            name,
            if name == "Forwarded" {
                "host=localhost"
            } else {
                "localhost"
            },
        )
        .answers(403, "")
    });
    all_hold(&cases);
}

#[test]
fn no_page_of_another_site_may_write_anywhere() {
    let writing = (JSON.iter().chain(PROXY_FILES.iter())).filter(|route| route.method != "GET");
    let mut cases = Vec::new();
    for route in writing {
        for origin in [
            "https://evil",
            "null",
            "http://localhost.evil",
            "http://127.0.0.1.evil",
            "http://evil:80@localhost.evil",
        ] {
            cases.push(
                case("CVE-2026-2611", route.method, &route.path)
                    .header("Origin", origin)
                    .json(&json!({"name": "forged"}))
                    .answers(403, ""),
            );
        }
    }
    all_hold(&cases);
}

#[test]
fn no_page_of_another_site_may_read_an_answer() {
    on_every_surface(|surface| {
        let path = "/api/2.0/mlflow/experiments/get?experiment_id=0";
        for origin in ["https://evil", "null"] {
            for method in ["GET", "OPTIONS"] {
                let headers = [
                    ("Origin", origin),
                    ("Access-Control-Request-Method", "POST"),
                    ("Access-Control-Request-Headers", "content-type"),
                ];
                let answer = surface.send(method, path, &headers, b"");
                for (name, _) in &answer.headers {
                    assert!(!name.starts_with("access-control-"), "{origin}: {name}");
                }
            }
        }
    });
}

#[test]
fn what_has_no_accounts_creates_none() {
    let users = |id, path: &str, body| post(id, path, body).has_no_route();
    let create = "/api/2.0/mlflow/users/create";
    all_hold(&[
        users(
            "CVE-2023-6014",
            create,
            json!({"username": "eve", "password": "p"}),
        ),
        case("CVE-2025-1473", "POST", "/api/2.0/mlflow/users/create-ui")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(b"username=eve&password=p")
            .has_no_route(),
        case("CVE-2025-1473", "POST", "/api/2.0/mlflow/users/create-ui")
            .header("Origin", "http://evil")
            .answers(403, ""),
        users(
            "CVE-2025-1474",
            create,
            json!({"username": "c", "password": ""}),
        ),
        case(
            "CVE-2025-11200",
            "PATCH",
            "/api/2.0/mlflow/users/update-password",
        )
        .json(&json!({"username": "c", "password": ""}))
        .has_no_route(),
        case(
            "robustness: list of users",
            "GET",
            "/api/2.0/mlflow/users/list",
        )
        .has_no_route(),
    ]);
}

#[test]
fn jobs_traces_and_the_assistant_are_not_there() {
    all_hold(&[
        post("CVE-2026-0545", "/api/3.0/jobs/search", json!({})).has_no_route(),
        case("CVE-2026-0545", "GET", "/api/3.0/jobs/x").has_no_route(),
        case("CVE-2026-0545", "PATCH", "/api/3.0/jobs/cancel/x").has_no_route(),
        case("CVE-2026-2652", "POST", "/v1/traces")
            .header("x-mlflow-experiment-id", "{experiment}")
            .has_no_route(),
        post(
            "CVE-2026-2652",
            "/api/3.0/mlflow/assistant/message",
            json!({}),
        )
        .has_no_route(),
    ]);
}
