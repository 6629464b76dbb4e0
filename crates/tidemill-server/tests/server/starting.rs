//! Starting and stopping.

use serde_json::json;

use crate::support::{launch, server};

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = launch(folder.path()).start();
    let made = first.post(
        "/api/2.0/mlflow/experiments/create",
        &json!({"name": "kept"}),
    );
    assert_eq!(made.status, 200, "{}", made.text());
    first.terminate();
    assert!(first.wait().success());
    let second = launch(folder.path()).start();
    let found = second.get("/api/2.0/mlflow/experiments/get-by-name?experiment_name=kept");
    assert_eq!(
        found.json()["experiment"]["experiment_id"],
        made.json()["experiment_id"]
    );
}

#[test]
fn a_static_prefix_stands_before_every_route() {
    let (server, _folder) = server(&["--static-prefix", "/mlflow"]);
    let path = "/api/2.0/mlflow/experiments/get?experiment_id=0";
    assert_eq!(server.get(&format!("/mlflow{path}")).status, 200);
    assert_eq!(server.get(path).status, 404);
}
