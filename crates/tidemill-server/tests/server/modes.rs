//! What the switches of the server change for its clients.

use serde_json::json;
use tidemill_testkit::TestServer;

use crate::support::{launch, server};

const FILE: &str = "/api/2.0/mlflow-artifacts/artifacts/folder/file.txt";
const EXPERIMENT: &str = "/api/2.0/mlflow/experiments/get?experiment_id=0";

#[test]
fn with_artifacts_only_there_are_artifacts_and_nothing_else() {
    let (server, _folder) = server(&["--artifacts-only"]);
    assert_eq!(server.send("PUT", FILE, &[], b"kept").status, 200);
    assert_eq!(server.get(FILE).text(), "kept");
    for path in [
        EXPERIMENT,
        "/ajax-api/2.0/mlflow/registered-models/search",
        "/api/2.0/preview/mlflow/runs/get?run_id=x",
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 503, "{path}");
        assert!(
            answer.text().contains("--artifacts-only"),
            "{}",
            answer.text()
        );
    }
    let made = server.post("/api/2.0/mlflow/experiments/create", &json!({"name": "n"}));
    assert_eq!(made.status, 503);
    assert_eq!(server.get("/get-artifact?run_uuid=x&path=y").status, 404);
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn without_served_artifacts_there_is_everything_but_the_proxy() {
    let (server, folder) = server(&["--no-serve-artifacts"]);
    for (method, path) in [
        ("GET", FILE),
        ("PUT", FILE),
        ("DELETE", FILE),
        ("GET", "/ajax-api/2.0/mlflow-artifacts/artifacts?path=x"),
        ("POST", "/api/2.0/mlflow-artifacts/mpu/create/x"),
    ] {
        let answer = server.send(method, path, &[], b"");
        assert_eq!(answer.status, 503, "{method} {path}");
        assert!(
            answer.text().contains("--no-serve-artifacts"),
            "{}",
            answer.text()
        );
    }
    let made = server.post(
        "/api/2.0/mlflow/runs/create",
        &json!({"experiment_id": "0"}),
    );
    let uri = made.json()["run"]["info"]["artifact_uri"].to_string();
    let own = folder.path().canonicalize().unwrap();
    assert!(uri.contains(&*own.to_string_lossy()), "{uri}");
}

#[test]
fn the_endpoint_that_is_switched_off_is_named_without_markup() {
    let (server, _folder) = server(&["--artifacts-only"]);
    let answer = server.get("/api/2.0/mlflow/%3Cscript%3E\"&alert(1)");
    assert_eq!(answer.status, 503);
    assert!(
        !answer.text().contains(['<', '"', '&']),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn a_registry_may_have_a_database_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "--backend-store-uri",
        "sqlite:///tracking.db",
        "--registry-store-uri",
        "sqlite:///registry.db",
    ];
    let together = launch(folder.path()).args(&args).start();
    let run = given_a_version(&together);
    together.terminate();
    assert!(together.wait().success());

    let others = tempfile::tempdir().unwrap();
    let uri = format!("sqlite:///{}/registry.db", folder.path().display());
    let registry = launch(others.path())
        .args(&["--backend-store-uri", &uri])
        .start();
    let found = registry.get("/api/2.0/mlflow/model-versions/get?name=m&version=1");
    assert_eq!(
        found.json()["model_version"]["run_id"],
        run,
        "{}",
        found.text()
    );
    let path = format!("/api/2.0/mlflow/runs/get?run_id={run}");
    assert_eq!(registry.get(&path).status, 404);
}

/// A run and a version made of it; the run's id.
fn given_a_version(server: &TestServer) -> String {
    let made = server.post(
        "/api/2.0/mlflow/runs/create",
        &json!({"experiment_id": "0"}),
    );
    let run = made.json()["run"]["info"]["run_id"]
        .as_str()
        .unwrap()
        .to_owned();
    server.post(
        "/api/2.0/mlflow/registered-models/create",
        &json!({"name": "m"}),
    );
    let version = json!({"name": "m", "source": format!("runs:/{run}/model"), "run_id": run});
    let made = server.post("/api/2.0/mlflow/model-versions/create", &version);
    assert_eq!(made.status, 200, "{}", made.text());
    run
}

#[test]
fn other_hosts_and_origins_are_served_when_they_are_named() {
    let (server, _folder) = server(&[
        "--allowed-hosts",
        "ml.example.com,*.internal",
        "--cors-allowed-origins",
        "https://ui.example.com",
        "--x-frame-options",
        "deny",
    ]);
    for (host, status) in [
        ("ml.example.com", 200),
        ("a.internal", 200),
        ("localhost", 403),
        ("internal.evil.com", 403),
    ] {
        let answer = server.send("GET", EXPERIMENT, &[("Host", host)], b"");
        assert_eq!(answer.status, status, "{host}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{host}");
    }
    let headers = [
        ("Host", "ml.example.com"),
        ("Origin", "https://ui.example.com"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
    ];
    let asked = server.send("OPTIONS", "/api/2.0/mlflow/runs/create", &headers, b"");
    assert_eq!(asked.status, 204);
    for (name, value) in [
        ("access-control-allow-origin", "https://ui.example.com"),
        ("access-control-allow-headers", "content-type"),
        ("access-control-allow-credentials", "true"),
    ] {
        assert_eq!(asked.header(name), Some(value));
    }
    let answer = server.send("GET", EXPERIMENT, &headers[..2], b"");
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://ui.example.com"));
}

#[test]
fn the_checks_of_hosts_and_origins_can_be_switched_off() {
    let (server, _folder) = server(&["--disable-security-middleware"]);
    let headers = [("Host", "evil.com"), ("Origin", "https://evil.com")];
    let answer = server.send("GET", EXPERIMENT, &headers, b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-frame-options"), None);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn the_frame_options_can_be_left_out() {
    let (server, _folder) = server(&["--x-frame-options", "NONE"]);
    assert_eq!(server.get(EXPERIMENT).header("x-frame-options"), None);
}
