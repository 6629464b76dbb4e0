//! Messages that are not quite JSON, or say absurd things, on every route that reads one.

use tidemill_testkit::TestServer;
use tidemill_testkit::http::Answer;

use super::{assert_no_failure, assert_refused, on_every_database, soon};
use crate::routes::{JSON, Route};

/// Every field that some message has.
const FIELDS: [&str; 49] = [
    "name",
    "new_name",
    "description",
    "experiment_id",
    "experiment_ids",
    "artifact_location",
    "tags",
    "tag_key",
    "key",
    "value",
    "step",
    "timestamp",
    "run_id",
    "run_uuid",
    "run_name",
    "user_id",
    "start_time",
    "end_time",
    "status",
    "metrics",
    "params",
    "datasets",
    "models",
    "model_json",
    "inputs",
    "outputs",
    "filter",
    "order_by",
    "max_results",
    "page_token",
    "run_view_type",
    "view_type",
    "path",
    "expiration",
    "model_id",
    "model_type",
    "source_run_id",
    "source",
    "run_link",
    "version",
    "stage",
    "stages",
    "archive_existing_versions",
    "alias",
    "digest",
    "is_nan",
    "num_parts",
    "upload_id",
    "parts",
];

fn send(server: &TestServer, route: &Route, body: &[u8]) -> Answer {
    let headers = [("Content-Type", "application/json")];
    let start = String::from_utf8_lossy(&body[..body.len().min(60)]);
    let what = format!("{} {} {start}", route.method, route.path);
    let answer = soon(&what, || {
        server.send(route.method, &route.path, &headers, body)
    });
    assert_no_failure(&what, &answer);
    answer
}

/// `value`, as it stands in JSON, for every field there is.
fn everywhere(value: &str) -> String {
    let fields = FIELDS.map(|field| format!("\"{field}\":{value}"));
    format!("{{{}}}", fields.join(","))
}

#[test]
fn what_is_not_json_is_refused_by_every_route() {
    let deep_objects = r#"{"a":"#.repeat(20_000);
    let deep_arrays = format!(r#"{{"name":{}"#, "[".repeat(20_000));
    let closed = format!("{}1{}", r#"{"name":"#.repeat(20_000), "}".repeat(20_000));
    let broken: [&[u8]; 14] = [
        deep_objects.as_bytes(),
        deep_arrays.as_bytes(),
        closed.as_bytes(),
        b"{",
        b"{\"name\":",
        b"{\"name\": NaN}",
        b"{\"name\": Infinity}",
        b"{\"name\": 'single'}",
        b"{\"name\": \"a\0b\"}",
        b"{\"name\": \"\xff\xfe\"}",
        b"\xef\xbb\xbf{}",
        b"\0\0\0\0",
        b"{} {}",
        b"<xml/>",
    ];
    let (server, _folder) = crate::support::server(&[]);
    for route in JSON.iter() {
        for body in broken {
            let answer = send(&server, route, body);
            let what = format!("{} {}: {}", route.method, route.path, answer.text());
            assert_eq!(answer.error_code(), "INVALID_PARAMETER_VALUE", "{what}");
            assert_refused(&what, &answer);
        }
    }
}

#[test]
fn a_message_that_is_no_object_is_no_failure() {
    let (server, _folder) = crate::support::server(&[]);
    for route in JSON.iter() {
        for body in ["", "null", "[]", "[{}]", "\"{}\"", "5", "true", "{}"] {
            send(&server, route, body.as_bytes());
        }
    }
}

#[test]
fn absurd_values_are_no_failure_in_any_field() {
    let long = format!("\"{}\"", "x".repeat(100_000));
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let values = [
        r#""\u0000""#,
        r#""a\u0000b""#,
        r#""\ud800""#,
        r#""\udfff\ud800""#,
        r#""' OR 1=1; --""#,
        r#""%s%n%_\\""#,
        "\"\u{202e}\u{feff}\u{1f600}\"",
        r#""99999999999999999999""#,
        r#""-1""#,
        r#""NaN""#,
        "1e400",
        "-1e400",
        "1e-400",
        "-1",
        "1.5",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "99999999999999999999999999",
        "null",
        "true",
        "{}",
        "[]",
        "[null]",
        "[{}]",
        r#"[{"key":"\u0000","value":"\u0000"}]"#,
        r#"{"experiment_id":"0"}"#,
        &long,
        &nested,
    ];
    on_every_database(|server| {
        for route in JSON.iter() {
            for value in values {
                send(server, route, everywhere(value).as_bytes());
            }
        }
    });
}

#[test]
fn a_nul_in_a_text_is_refused_or_kept_and_no_failure() {
    let id = "0";
    let texts = ["a\\u0000b", "\\u0000", "\\ud800", "\u{10ffff}"];
    on_every_database(|server| {
        let post = |path: &str, body: String| {
            let path = format!("/api/2.0/mlflow/{path}");
            let route = Route {
                method: "POST",
                path: String::new(),
            };
            let headers = [("Content-Type", "application/json")];
            let answer = server.send(route.method, &path, &headers, body.as_bytes());
            assert_no_failure(&format!("{path} {body}"), &answer);
            answer
        };
        let made = post("runs/create", format!(r#"{{"experiment_id":"{id}"}}"#)).json();
        let run = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
        for text in texts {
            post("experiments/create", format!(r#"{{"name":"{text}"}}"#));
            post(
                "experiments/set-experiment-tag",
                format!(r#"{{"experiment_id":"0","key":"k","value":"{text}"}}"#),
            );
            post(
                "runs/create",
                format!(r#"{{"experiment_id":"0","run_name":"{text}","user_id":"{text}"}}"#),
            );
            for (route, field) in [
                ("set-tag", "value"),
                ("log-parameter", "value"),
                ("set-tag", "key"),
                ("log-parameter", "key"),
            ] {
                let other = if field == "key" { "value" } else { "key" };
                post(
                    &format!("runs/{route}"),
                    format!(r#"{{"run_id":"{run}","{field}":"{text}","{other}":"x"}}"#),
                );
            }
            post(
                "runs/log-metric",
                format!(r#"{{"run_id":"{run}","key":"{text}","value":1,"timestamp":1}}"#),
            );
            post(
                "runs/log-batch",
                format!(
                    r#"{{"run_id":"{run}","params":[{{"key":"p{}","value":"{text}"}}],"tags":[{{"key":"t","value":"{text}"}}]}}"#,
                    text.len()
                ),
            );
            post(
                "runs/log-inputs",
                format!(
                    r#"{{"run_id":"{run}","datasets":[{{"dataset":{{"name":"{text}","digest":"{text}","source_type":"{text}","source":"{text}","schema":"{text}","profile":"{text}"}},"tags":[{{"key":"{text}","value":"{text}"}}]}}]}}"#
                ),
            );
            post(
                "registered-models/create",
                format!(
                    r#"{{"name":"{text}","description":"{text}","tags":[{{"key":"k","value":"{text}"}}]}}"#
                ),
            );
            post(
                "logged-models",
                format!(
                    r#"{{"experiment_id":"0","name":"{text}","model_type":"{text}","params":[{{"key":"p","value":"{text}"}}]}}"#
                ),
            );
        }
    });
}

#[test]
fn of_a_field_given_twice_one_counts() {
    let (server, _folder) = crate::support::server(&[]);
    let create = Route {
        method: "POST",
        path: "/api/2.0/mlflow/experiments/create".into(),
    };
    let answer = send(&server, &create, br#"{"name":"first","name":"second"}"#);
    let found = |name: &str| {
        let path = format!("/api/2.0/mlflow/experiments/get-by-name?experiment_name={name}");
        server.get(&path).status == 200
    };
    match answer.status {
        200 => assert!(
            found("second") && !found("first"),
            "the last does not count"
        ),
        status => assert_eq!(
            (status, found("first"), found("second")),
            (400, false, false)
        ),
    }
}

#[test]
fn a_number_beyond_all_numbers_is_refused() {
    on_every_database(|server| {
        let made = server.post(
            "/api/2.0/mlflow/runs/create",
            &serde_json::json!({"experiment_id": "0"}),
        );
        let run = made.json()["run"]["info"]["run_id"].clone();
        for (value, timestamp, status) in [
            ("1e400", "1", 400),
            ("-1e400", "1", 400),
            ("NaN", "1", 400),
            ("1", "1e400", 400),
            ("1", "9223372036854775808", 400),
            ("\"NaN\"", "1", 200),
            ("\"Infinity\"", "1", 200),
            ("1e308", "1", 200),
        ] {
            let body =
                format!(r#"{{"run_id":{run},"key":"m","value":{value},"timestamp":{timestamp}}}"#);
            let headers = [("Content-Type", "application/json")];
            let path = "/api/2.0/mlflow/runs/log-metric";
            let answer = server.send("POST", path, &headers, body.as_bytes());
            assert_eq!(
                answer.status,
                status,
                "{value} {timestamp}: {}",
                answer.text()
            );
        }
    });
}
