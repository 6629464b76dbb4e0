//! Section F, as far as one request shows it; floods are in `hostile`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidemill_testkit::http::request;

use super::site::{Case, all_hold, case, on_every_surface, post};

fn nested(levels: usize) -> Vec<u8> {
    [r#"{"a":"#.repeat(levels), "1".into(), "}".repeat(levels)]
        .concat()
        .into_bytes()
}

#[test]
fn names_and_locations_have_limits() {
    let create = "/api/2.0/mlflow/experiments/create";
    let update = "/api/2.0/mlflow/experiments/update";
    let id = "CVE-2024-6838";
    let mut cases = Vec::new();
    for length in [501, 1 << 20] {
        let name = "n".repeat(length);
        cases.push(post(id, create, json!({"name": name})));
        cases.push(post(
            id,
            update,
            json!({"experiment_id": "{experiment}", "new_name": name}),
        ));
    }
    for length in [2049, 1 << 20] {
        let location = format!("s3://b/{}", "a".repeat(length - 7));
        cases.push(post(
            id,
            create,
            json!({"name": "long", "artifact_location": location}),
        ));
    }
    all_hold(&cases);
}

#[test]
fn graphql_has_limits() {
    let id = "CVE-2025-0453";
    let query = |body: Value| post(id, "/graphql", body);
    let aliases: String = (0..50)
        .map(|n| format!("a{n}: mlflowSearchRuns {{ runs {{ info {{ runId }} }} }} "))
        .collect();
    all_hold(&[
        query(json!({"query": format!("{{ {aliases} }}")})).answers(200, ""),
        query(json!([{"query": "{ a }"}, {"query": "{ b }"}])),
        query(json!({"query": format!("{}a{}", "{ a ".repeat(11), "}".repeat(11))}))
            .answers(200, ""),
        query(json!({"query": format!("{{ {} }}", "a ".repeat(1001))})).answers(200, ""),
        query(json!({"query": "fragment A on B { ...C } fragment C on B { ...A } { b { ...A } }"}))
            .answers(200, ""),
        query(json!({"query": format!("{}{}", "{a(b:[".repeat(5000), "])}".repeat(5000))})),
        query(json!({"query": "{ __schema { types { name } } }"})).answers(200, ""),
        case(id, "GET", "/graphql?query={__schema{types{name}}}").has_no_route(),
    ]);
}

#[test]
fn nesting_and_numbers_without_end_are_refused() {
    let deep = |method, path| {
        case("robustness: JSON nesting", method, path)
            .header("Content-Type", "application/json")
            .body(&nested(20_000))
    };
    let huge = "99999999999999999999";
    let version = |method, route: &str| {
        case(
            "robustness: version",
            method,
            &format!("/api/2.0/mlflow/model-versions/{route}"),
        )
        .answers(404, "RESOURCE_DOES_NOT_EXIST")
    };
    let named = json!({"name": "m", "version": huge});
    all_hold(&[
        deep("POST", "/api/2.0/mlflow/experiments/create"),
        deep("POST", "/api/2.0/mlflow/runs/log-batch"),
        deep("PATCH", "/api/2.0/mlflow/registered-models/update"),
        version("GET", &format!("get?name=m&version={huge}")),
        version("GET", &format!("get-download-uri?name=m&version={huge}")),
        version("PATCH", "update").json(&named),
        version("DELETE", "delete").json(&named),
        version("DELETE", "delete")
            .json(&json!({"name": "m", "version": "1;DROP TABLE run"}))
            .answers(400, "INVALID_PARAMETER_VALUE"),
    ]);
}

#[test]
fn a_taken_name_is_refused_without_sql() {
    let taken = |path: &str, body| {
        post("robustness: error text", path, body).answers(400, "RESOURCE_ALREADY_EXISTS")
    };
    all_hold(&[
        taken(
            "/api/2.0/mlflow/experiments/create",
            json!({"name": "theirs"}),
        ),
        taken(
            "/api/2.0/mlflow/registered-models/create",
            json!({"name": "m"}),
        ),
    ]);
}

#[test]
fn text_never_becomes_sql() {
    let injected = "x' OR '1'='1'; DROP TABLE experiment; --";
    on_every_surface(|surface| {
        let quoted: Vec<Case> = vec![
            case(
                "injection",
                "GET",
                "/api/2.0/mlflow/experiments/get?experiment_id=0'%20OR%20'1'='1",
            )
            .answers(400, "INVALID_PARAMETER_VALUE"),
            case(
                "injection",
                "GET",
                "/api/2.0/mlflow/runs/get?run_id=x'%20OR%20'1'='1",
            )
            .answers(404, "RESOURCE_DOES_NOT_EXIST"),
            post(
                "injection",
                "/api/2.0/mlflow/runs/search",
                json!({"experiment_ids": ["{experiment}"], "filter": injected}),
            ),
            post(
                "injection",
                "/api/2.0/mlflow/runs/search",
                json!({"experiment_ids": ["{experiment}"], "order_by": [format!("{injected} ASC")]}),
            ),
        ];
        for case in &quoted {
            surface.holds(case);
        }
        let filter = format!("params.p = \"{injected}\"");
        let body = json!({"experiment_ids": ["{experiment}"], "filter": filter});
        let found = surface.post("/api/2.0/mlflow/runs/search", &body);
        assert_eq!(
            (found.status, found.text().contains("run_id")),
            (200, false),
            "{}",
            found.text()
        );
    });
}

/// The folder where uploads are kept until they are whole.
const STAGING: &str = ".tidemill-uploads";

#[test]
fn an_upload_on_its_way_is_for_nobody_elses_eyes() {
    on_every_surface(|surface| {
        let id = "CVE-2022-0736";
        let path = surface.path("/api/2.0/mlflow-artifacts/artifacts/half");
        let mut connection = surface.site.server.connect();
        let half = request(
            "PUT",
            &path,
            &[("Content-Length", "3000000")],
            &[b'x'; 2_000_000],
        );
        connection.send(&half).unwrap();
        let folder = surface.site.artifacts().join(STAGING);
        let staged = wait_for(|| staged_in(&folder));
        let mode = folder.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{id}: {mode:o}");
        for path in [format!("{STAGING}/{staged}"), STAGING.into()] {
            let path = format!("/api/2.0/mlflow-artifacts/artifacts/{path}");
            for method in ["GET", "PUT", "DELETE"] {
                let answer = surface.send(method, &path, &[], b"");
                assert!(
                    (400..500).contains(&answer.status),
                    "{id}: {method} {}",
                    answer.status
                );
            }
        }
        let listed = surface.get("/api/2.0/mlflow-artifacts/artifacts");
        assert!(!listed.text().contains(STAGING), "{id}: {}", listed.text());
        assert!(folder.join(staged).exists(), "{id}: the upload is gone");
        drop(connection);
        wait_for(|| staged_in(&folder).is_none().then_some(()));
    });
}

fn staged_in(folder: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let name = entries.flatten().next()?.file_name();
    Some(name.into_string().unwrap())
}

fn wait_for<T>(look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "not in time");
        std::thread::sleep(Duration::from_millis(5));
    }
}
