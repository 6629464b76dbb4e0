//! Section E: what strangers have stored never runs in a browser.

use serde_json::json;
use tidemill_testkit::http::Answer;

use super::site::{Surface, on_every_surface};

const PROXY: &str = "/api/2.0/mlflow-artifacts/artifacts";
const HOSTILE: [(&str, &str); 6] = [
    ("x.html", "<script>alert(1)</script>"),
    (
        "x.svg",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    ),
    (
        "x.xhtml",
        "<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>",
    ),
    (
        "MLmodel",
        "flavors: !!js/function 'function () { alert(1) }'",
    ),
    ("x.js", "alert(1)"),
    ("noextension", "<html><script>alert(1)</script></html>"),
];

fn cannot_run(id: &str, answer: &Answer, body: &str) {
    assert_eq!(answer.status, 200, "{id}: {}", answer.text());
    assert_eq!(answer.text(), body, "{id}");
    let disposition = answer.header("content-disposition").unwrap_or_default();
    assert!(
        disposition.starts_with("attachment; filename="),
        "{id}: {disposition}"
    );
    assert_eq!(
        answer.header("x-content-type-options"),
        Some("nosniff"),
        "{id}"
    );
    assert_eq!(
        answer.header("content-security-policy"),
        Some("sandbox"),
        "{id}"
    );
}

/// A logged model and a version whose files are among the run's artifacts, and the routes by
/// which a file of theirs is read.
fn routes(surface: &Surface, file: &str) -> [String; 4] {
    let made = surface.post(
        "/api/2.0/mlflow/logged-models",
        &json!({"experiment_id": "{experiment}", "name": "l", "source_run_id": "{run}"}),
    );
    let info = &made.json()["model"]["info"];
    let model = info["model_id"].as_str().unwrap();
    let location = info["artifact_uri"].as_str().unwrap();
    let folder = location.strip_prefix("mlflow-artifacts:/").unwrap();
    let version = surface.post(
        "/api/2.0/mlflow/model-versions/create",
        &json!({"name": "m", "source": "runs:/{run}/", "run_id": "{run}"}),
    );
    let version = version.json()["model_version"]["version"].to_string();
    for folder in [folder, "{experiment}/{run}/artifacts"] {
        let body = HOSTILE.iter().find(|(name, _)| *name == file).unwrap().1;
        let put = surface.send(
            "PUT",
            &format!("{PROXY}/{folder}/{file}"),
            &[],
            body.as_bytes(),
        );
        assert_eq!(put.status, 200, "{}", put.text());
    }
    [
        format!("{PROXY}/{{experiment}}/{{run}}/artifacts/{file}"),
        format!("/get-artifact?run_uuid={{run}}&path={file}"),
        format!(
            "/model-versions/get-artifact?name=m&version={}&path={file}",
            version.trim_matches('"')
        ),
        format!("/api/2.0/mlflow/logged-models/{model}/artifacts/files?artifact_file_path={file}"),
    ]
}

#[test]
fn a_stored_page_is_saved_and_never_shown() {
    on_every_surface(|surface| {
        for (file, body) in HOSTILE {
            for route in routes(surface, file) {
                cannot_run(&route, &surface.get(&route), body);
            }
        }
    });
}

#[test]
fn a_part_of_a_stored_page_is_not_shown_either() {
    on_every_surface(|surface| {
        for route in routes(surface, "x.html") {
            let part = surface.send("GET", &route, &[("Range", "bytes=0-7")], b"");
            assert_eq!(
                (part.status, part.text().as_str()),
                (206, "<script>"),
                "{route}"
            );
            let whole = Answer {
                status: 200,
                ..part
            };
            cannot_run(&route, &whole, "<script>");
        }
    });
}

#[test]
fn a_files_name_does_not_break_out_of_its_header() {
    on_every_surface(|surface| {
        for (name, shown) in [
            (
                "%22%3B%20x=%22.html",
                r#"attachment; filename="\"; x=\".html""#,
            ),
            (
                "a%27b%3Cscript%3E.html",
                "attachment; filename=\"a'b<script>.html\"",
            ),
        ] {
            let path = format!("{PROXY}/{name}");
            assert_eq!(surface.send("PUT", &path, &[], b"x").status, 200);
            let answer = surface.get(&path);
            assert_eq!(answer.header("content-disposition"), Some(shown));
            cannot_run(name, &answer, "x");
        }
    });
}

#[test]
fn markup_in_names_tags_and_descriptions_stays_text() {
    let markup = "<img src=x onerror=alert(1)>";
    on_every_surface(|surface| {
        let tag = |key: &str, value: &str| {
            let body = json!({"run_id": "{run}", "key": key, "value": value});
            assert_eq!(
                surface.post("/api/2.0/mlflow/runs/set-tag", &body).status,
                200
            );
        };
        tag("mlflow.source.name", "javascript:alert(1)");
        tag("mlflow.note.content", markup);
        tag("mlflow.runName", markup);
        let answers = [
            surface.get("/api/2.0/mlflow/runs/get?run_id={run}"),
            surface.get("/api/2.0/mlflow/runs/get?run_id=%3Cscript%3E"),
            surface.get("/%3Cscript%3E"),
            surface.get("/api/2.0/mlflow/registered-models/get?name=%3Cscript%3E"),
        ];
        assert!(
            answers[0].text().contains("onerror"),
            "{}",
            answers[0].text()
        );
        for answer in answers {
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        }
    });
}
