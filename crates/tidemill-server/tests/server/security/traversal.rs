//! Section A: paths and locations that lead out of the store.

use serde_json::json;

use super::site::{Case, all_hold, case, on_every_surface, post};

const CREATE: &str = "/api/2.0/mlflow/experiments/create";
const VERSION: &str = "/api/2.0/mlflow/model-versions/create";
const PROXY: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// A version whose source is `source`, once alone and once together with a run of the caller.
fn source(id: &'static str, source: &str) -> [Case; 2] {
    [
        post(id, VERSION, json!({"name": "m", "source": source})),
        post(
            id,
            VERSION,
            json!({"name": "m", "source": source, "run_id": "{run}"}),
        ),
    ]
}

fn location(id: &'static str, location: &str) -> Case {
    post(
        id,
        CREATE,
        json!({"name": "hostile", "artifact_location": location}),
    )
}

/// One path in every verb of the proxy.
fn proxied(id: &'static str, path: &str) -> [Case; 4] {
    let path = format!("{PROXY}/{path}");
    [
        case(id, "GET", &path),
        case(id, "HEAD", &path).answers(400, ""),
        case(id, "PUT", &path).body(b"evil"),
        case(id, "DELETE", &path),
    ]
}

/// One path in every parameter that takes one.
fn as_parameter(id: &'static str, path: &str) -> [Case; 5] {
    let query = |route: &str, name: &str| case(id, "GET", &format!("{route}{name}={path}"));
    [
        query("/get-artifact?run_uuid={run}&", "path"),
        query("/get-artifact?run_id={run}&", "path"),
        query("/api/2.0/mlflow/artifacts/list?run_id={run}&", "path"),
        query("/api/2.0/mlflow-artifacts/artifacts?", "path"),
        case(
            id,
            "POST",
            &format!("/api/2.0/mlflow/upload-artifact?run_uuid={{run}}&path={path}"),
        )
        .body(b"evil"),
    ]
}

#[test]
fn a_path_in_a_parameter_does_not_leave_the_store() {
    let mut cases = Vec::new();
    for path in [
        "../../../../etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "../../../../../../outside/victim",
        "{victim}",
        "file://{victim}",
        "..%2f..%2f..%2f..%2f..%2f..%2foutside%2fvictim",
        "a/../../b",
    ] {
        cases.extend(as_parameter("CVE-2023-30172", path));
    }
    for path in [
        "C:/Windows/win.ini",
        "C:%5Cx",
        "%5C%5Chost%5Cshare",
        "//host/share",
    ] {
        cases.extend(as_parameter("CVE-2023-3765", path));
    }
    cases.extend(as_parameter("CVE-2023-6753", "..%5C..%5Cx"));
    for path in ["%252e%252e/%252e%252e/x", "%25252e%25252e%25252fx"] {
        cases.extend(as_parameter("CVE-2023-6976", path));
    }
    all_hold(&cases);
}

#[test]
fn a_path_behind_the_proxy_does_not_leave_the_store() {
    let mut cases = Vec::new();
    for path in [
        "../../../tmp/evil",
        "..%2f..%2ftmp%2fevil",
        "../../../outside/evil",
        "..%2f..%2f..%2foutside%2fevil",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "a/..%2f..%2f..%2f..%2foutside%2fvictim",
    ] {
        cases.extend(proxied("CVE-2023-6015", path));
    }
    for path in [
        "%2e%2e/%2e%2e/%2e%2e/outside/victim",
        "%2e%2e%2f%2e%2e%2fvictim",
    ] {
        cases.extend(proxied("CVE-2023-6831", path));
    }
    for path in [
        "%252e%252e/%252e%252e/tmp/e",
        "%252e%252e%252f%252e%252e%252ftmp",
        "%25252e%25252e/%25252e%25252e/tmp/e",
    ] {
        cases.extend(proxied("CVE-2023-6976", path));
    }
    for path in ["%25252e%25252e%25252f", "a/%25252e%25252e%25252fb"] {
        cases.extend(proxied("CVE-2024-1560", path));
    }
    for path in ["..%5C..%5Cx", "a%5C..%5C..%5Cx", "..\\..\\x"] {
        cases.extend(proxied("CVE-2023-6753", path));
    }
    for path in ["C:/x", "C:%5Cx", "%5C%5Chost%5Cshare", "%2f%2fhost/share"] {
        cases.extend(proxied("CVE-2023-3765", path));
    }
    for path in [
        "a%00b",
        "a%0d%0ab",
        "a%23b",
        "a%3fb",
        "a%ff",
        "./a",
        "a//b",
        "a%2f%2e%2fb",
    ] {
        cases.extend(proxied("structural: one path type", path));
    }
    all_hold(&cases);
}

#[test]
fn an_upload_in_parts_does_not_leave_the_store() {
    let mut cases = Vec::new();
    for step in ["create", "complete", "abort"] {
        for folder in ["../../x", "%2e%2e/x", "..%2fx", "%252e%252e%252fx"] {
            cases.push(post(
                "CVE-2023-6015 (in parts)",
                &format!("/api/2.0/mlflow-artifacts/mpu/{step}/{folder}"),
                json!({"path": "f", "num_parts": 1, "upload_id": "u"}),
            ));
        }
        cases.push(post(
            "CVE-2023-6015 (in parts)",
            &format!("/api/2.0/mlflow-artifacts/mpu/{step}/x"),
            json!({"path": "a/..", "num_parts": 1, "upload_id": "u"}),
        ));
    }
    all_hold(&cases);
}

#[test]
fn a_version_has_no_source_outside_its_run() {
    let mut cases = Vec::new();
    for text in ["/etc", "{outside}", "{victim}", "/", "/proc/self/environ"] {
        cases.extend(source("CVE-2023-1177", text));
    }
    for text in [
        "file:///etc",
        "file://localhost/etc",
        "FILE:///etc",
        "file:/etc",
        "file:%2f%2f/etc",
        "file://{outside}",
    ] {
        cases.extend(source("CVE-2023-2780", text));
    }
    for text in [
        "mlflow-artifacts:/../../etc",
        "mlflow-artifacts:/{experiment}/../../etc",
        "http://h/a/../../etc",
        "s3://b/../../x",
        "dbfs:/../etc",
        "runs:/../../etc",
        "runs:/{run}/../../etc",
        "models:/../../etc",
    ] {
        cases.extend(source("GHSA-83fm-w79m-64r5", text));
    }
    for text in [
        "C:/Windows/win.ini",
        "C:\\x",
        "\\\\host\\share",
        "//host/share",
    ] {
        cases.extend(source("CVE-2023-3765", text));
    }
    for text in ["//etc", "./etc", ".//../etc", " /etc", "\t/etc", "", "etc"] {
        cases.extend(source("CVE-2023-6977", text));
    }
    for text in [
        "http://h/%252e%252e/%252e%252e/etc",
        "s3://b/..%2f..%2f",
        "s3://b/%252e%252e/x",
    ] {
        cases.extend(source("CVE-2024-1558", text));
    }
    cases.extend(source("CVE-2024-1483", "file:///etc/"));
    cases.extend(source("CVE-2024-1593", "http://x/a;/../../etc"));
    for text in ["file:etc", ":///etc", "FiLe://etc", "file://user@/etc"] {
        cases.extend(source("CVE-2024-3573", text));
    }
    for text in ["dbfs:/x?../../etc", "dbfs:////etc"] {
        cases.extend(source("CVE-2024-8859", text));
    }
    for text in [
        "../x",
        "smb://h/x",
        "javascript:alert(1)",
        "mlflow-artifacts:/another/run/artifacts",
    ] {
        cases.extend(source("CVE-2025-11201", text));
    }
    all_hold(&cases);
}

#[test]
fn a_tag_does_not_switch_the_check_of_a_source_off() {
    let prompt = json!([{"key": "mlflow.prompt.is_prompt", "value": "true"}]);
    let cases = ["/etc", "file:///etc", "{outside}"].map(|source| {
        post(
            "CVE-2026-2614",
            VERSION,
            json!({"name": "m", "source": source, "tags": prompt}),
        )
    });
    all_hold(&cases);
    on_every_surface(|surface| {
        let refused = surface.answer(&cases[0]).text();
        let words = "Prompt sources must use an MLflow placeholder";
        assert!(refused.contains(words), "{refused}");
    });
}

#[test]
fn after_a_refused_source_there_is_no_version_to_read_from() {
    let file = "/model-versions/get-artifact?name=m&version=1&path";
    let cases = [
        post(
            "CVE-2023-1177",
            VERSION,
            json!({"name": "m", "source": "{outside}"}),
        ),
        case("CVE-2023-1177", "GET", &format!("{file}=victim"))
            .answers(404, "RESOURCE_DOES_NOT_EXIST"),
        post(
            "CVE-2023-6018",
            VERSION,
            json!({"name": "m", "source": "http://{listener}/api/2.0/mlflow-artifacts/artifacts/"}),
        ),
        case("CVE-2023-6018", "GET", &format!("{file}=random"))
            .answers(404, "RESOURCE_DOES_NOT_EXIST"),
        post(
            "CVE-2023-6018",
            VERSION,
            json!({"name": "m", "source": "models:/m/1"}),
        )
        .answers(404, "RESOURCE_DOES_NOT_EXIST"),
        post(
            "CVE-2023-6974",
            VERSION,
            json!({"name": "m", "source": "https://{listener}/x"}),
        ),
    ];
    all_hold(&cases);
}

#[test]
fn a_location_is_a_folder_of_the_server_or_a_bucket() {
    let mut cases: Vec<_> = [
        ("CVE-2023-6909", "http:///?/../../../../etc/"),
        ("CVE-2023-6909", "s3://b/p?/../../etc"),
        ("CVE-2024-1483", "http:///#/../../../../etc/"),
        ("CVE-2024-1593", "http://x/a;/../../etc"),
        ("CVE-2024-1594", "s3://b/p#/../../etc"),
        ("CVE-2024-2928", "file:///a#../../etc"),
        ("CVE-2024-3848", "http:///#/../../../etc/"),
        ("CVE-2024-8859", "dbfs:/x?../../etc"),
        ("CVE-2023-6975", "ftp://{listener}/"),
    ]
    .map(|(id, text)| location(id, text))
    .into();
    for text in [
        "s3://b/../../x",
        "mlflow-artifacts:/../../etc",
        "gs://b/%2e%2e/x",
    ] {
        cases.push(location("GHSA-83fm-w79m-64r5", text));
    }
    for text in [
        "/etc",
        "file:///etc",
        "{outside}",
        "file://{outside}",
        "/",
        "//etc",
        " /etc",
        "etc",
    ] {
        cases.push(location("robustness: local artifact_location", text));
    }
    for text in ["C:/x", "C:\\x", "\\\\host\\share", "file://host/share"] {
        cases.push(location("CVE-2023-3765", text));
    }
    all_hold(&cases);
}

#[test]
fn a_refusal_of_a_location_says_why_in_mlflows_words() {
    on_every_surface(|surface| {
        for (location, words) in [
            ("http:///?/../../../../etc/", "Invalid query string"),
            ("s3://b/p#/../../etc", "can't include fragments or params"),
        ] {
            let body = json!({"name": "hostile", "artifact_location": location});
            let refused = surface.post(CREATE, &body).text();
            assert!(refused.contains(words), "{refused}");
        }
    });
}

#[test]
fn a_models_name_does_not_tell_which_files_exist() {
    on_every_surface(|surface| {
        let get = |name: &str| {
            let answer = surface.get(&format!(
                "/api/2.0/mlflow/registered-models/get?name={name}"
            ));
            (answer.status, answer.text().replace(name, ""))
        };
        let (existing, absent) = ("..%2F..%2Fetc", "..%2F..%2Fabsent");
        let answers = [get(existing), get(absent)];
        assert_eq!(answers[0].0, 400, "CVE-2023-1176: {}", answers[0].1);
        let plain = |text: &str| text.replace("absent", "etc");
        assert_eq!(plain(&answers[0].1), plain(&answers[1].1), "CVE-2023-1176");
    });
    let create = "/api/2.0/mlflow/registered-models/create";
    let cases = ["../../etc", "a/b", "/etc", "a:b"]
        .map(|name| post("CVE-2023-1176", create, json!({"name": name})));
    all_hold(&cases);
}

#[test]
fn a_run_is_never_read_from_the_artifacts() {
    let id = "0123456789abcdef0123456789abcdef";
    on_every_surface(|surface| {
        let planted = b"artifact_uri: /etc\nrun_id: 0123456789abcdef0123456789abcdef\nlifecycle_stage: active\n";
        for folder in ["", "{experiment}/", "{experiment}/{run}/artifacts/"] {
            let path = format!("{PROXY}/{folder}{id}/meta.yaml");
            assert_eq!(surface.send("PUT", &path, &[], planted).status, 200);
        }
        for route in [
            "/api/2.0/mlflow/runs/get?run_id",
            "/api/2.0/mlflow/artifacts/list?run_id",
            "/get-artifact?path=passwd&run_uuid",
        ] {
            surface.holds(
                &case("CVE-2026-2033", "GET", &format!("{route}={id}"))
                    .answers(404, "RESOURCE_DOES_NOT_EXIST"),
            );
        }
    });
}
