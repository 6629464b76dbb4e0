//! Starting and stopping.

use std::time::{Duration, Instant};

use serde_json::json;
use tidemill_testkit::{Launch, TestDatabase, TestServer};

use crate::support::{empty_postgres, launch, postgres, server};

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

/// The one sentence with which a start ends.
fn refusal(launch: &Launch) -> String {
    let (status, log) = launch.refused();
    assert_eq!(status.code(), Some(1), "{log}");
    let is_event = |line: &&str| line.contains(" INFO ") || line.contains(" WARN ");
    let said: Vec<&str> = log.lines().filter(|line| !is_event(line)).collect();
    let [sentence] = said[..] else {
        panic!("not one sentence: {said:#?}");
    };
    let sentence = sentence.strip_prefix("tidemill: ");
    sentence.expect("it says who speaks").to_owned()
}

#[test]
fn a_setting_that_cannot_be_honoured_ends_the_start_with_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = folder.path().join("file/below").display().to_string();
    let sqlite_below_a_file = format!("sqlite:///{below_a_file}/t.db");
    for (args, part) in [
        (["--backend-store-uri", "./mlruns"], "sqlite:///file.db"),
        (["--backend-store-uri", "oracle://h/d"], "oracle://h/d"),
        (["--backend-store-uri", "sqlite:///:memory:"], "name a file"),
        (["--backend-store-uri", &sqlite_below_a_file], "file/below"),
        (
            ["--backend-store-uri", "sqlite:////proc/t.db"],
            "same folder",
        ),
        (["--artifacts-destination", "ftp://host/x"], "ftp://host/x"),
        (["--artifacts-destination", &below_a_file], "file/below"),
        (
            ["--static-prefix", "no-slash"],
            "--static-prefix 'no-slash'",
        ),
        (["--log-level", "a=b=c"], "--log-level 'a=b=c'"),
        (["--host", "256.0.0.1"], "--host 256.0.0.1"),
        (["--registry-store-uri", "mssql://h/d"], "mssql://h/d"),
    ] {
        let sentence = refusal(&launch(folder.path()).args(&args));
        assert!(sentence.contains(part), "{args:?}: {sentence}");
    }
}

#[test]
fn a_flag_that_is_not_understood_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        ["--pool-size", "0"],
        ["--pool-size", "many"],
        ["--shutdown-timeout", "soon"],
        ["--log-format", "xml"],
        ["--no-such-flag", "1"],
    ] {
        let (status, log) = launch(folder.path()).args(&args).refused();
        assert_eq!(status.code(), Some(2), "{log}");
        let first = log.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("error: ") && first.contains(args[0]),
            "{log}"
        );
    }
}

#[test]
fn a_port_in_use_is_told_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let sentence = refusal(&launch(folder.path()).port(port));
    assert!(sentence.contains(&format!("--port {port}")), "{sentence}");
    let data = folder.path().join("tidemill-data");
    assert!(!data.exists(), "a database was made before");
}

#[test]
fn a_database_that_cannot_be_reached_is_told_in_time_and_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // At the first port nobody listens, at the second nobody accepts.
    for port in [1, silent.local_addr().unwrap().port()] {
        let uri = format!("postgresql://user:secret@127.0.0.1:{port}/db");
        let began = Instant::now();
        let sentence = refusal(&launch(folder.path()).args(&["--backend-store-uri", &uri]));
        assert!(began.elapsed() < Duration::from_secs(15), "{sentence}");
        assert!(
            sentence.contains(&format!("127.0.0.1:{port}/db")),
            "{sentence}"
        );
        assert!(!sentence.contains("secret"), "{sentence}");
    }
}

#[test]
fn a_database_of_a_newer_version_is_refused_on_sqlite() {
    let database = TestDatabase::sqlite();
    drop(database.open());
    a_database_of_a_newer_version_is_refused(&database);
}

#[test]
fn a_database_of_a_newer_version_is_refused_on_postgres() {
    if let Some(database) = postgres() {
        a_database_of_a_newer_version_is_refused(&database);
    }
}

fn a_database_of_a_newer_version_is_refused(database: &TestDatabase) {
    database.execute("INSERT INTO tidemill_schema VALUES (999, 'later', 0)");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let launch = launch(folder.path()).args(&["--backend-store-uri", &database.uri()]);
    let sentence = refusal(&launch);
    assert!(sentence.contains("schema version 999"), "{sentence}");
}

#[test]
fn servers_that_start_at_once_share_one_schema_on_sqlite() {
    for _ in 0..5 {
        servers_that_start_at_once_share_one_schema(&TestDatabase::sqlite());
    }
}

#[test]
fn servers_that_start_at_once_share_one_schema_on_postgres() {
    for _ in 0..5 {
        if let Some(database) = empty_postgres() {
            servers_that_start_at_once_share_one_schema(&database);
        }
    }
}

fn servers_that_start_at_once_share_one_schema(database: &TestDatabase) {
    let folders = [(), ()].map(|()| tempfile::tempdir().expect("a folder can be made"));
    let uri = database.uri();
    let servers = std::thread::scope(|scope| {
        let starting = folders.each_ref().map(|folder| {
            let launch = launch(folder.path()).args(&["--backend-store-uri", &uri]);
            scope.spawn(move || launch.start())
        });
        starting.map(|server| server.join().expect("both come up"))
    });
    for (number, server) in servers.iter().enumerate() {
        let found = server.post(
            "/api/2.0/mlflow/experiments/search",
            &json!({"max_results": 9}),
        );
        let experiments = found.json()["experiments"].clone();
        let names: Vec<_> = experiments
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["name"])
            .collect();
        assert_eq!(names.len(), 1 + number, "{names:?}");
        assert!(names.contains(&&json!("Default")), "{names:?}");
        let body = json!({"name": format!("by {number}")});
        assert_eq!(
            server
                .post("/api/2.0/mlflow/experiments/create", &body)
                .status,
            200
        );
        assert_eq!(server.get("/readyz").status, 200);
    }
}

/// As MLflow has it: clients that clean up may delete every experiment.
#[test]
fn a_deleted_default_experiment_stays_deleted_and_can_be_restored() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let launch = launch(folder.path());
    let id = json!({"experiment_id": "0"});
    let stage = |server: &TestServer| {
        let found = server.get("/api/2.0/mlflow/experiments/get?experiment_id=0");
        found.json()["experiment"]["lifecycle_stage"].clone()
    };
    let server = launch.start();
    let deleted = server.post("/api/2.0/mlflow/experiments/delete", &id);
    assert_eq!((deleted.status, stage(&server)), (200, json!("deleted")));
    let refused = server.post("/api/2.0/mlflow/runs/create", &id);
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json()["message"],
        "The experiment 0 must be in the 'active' state. Current state is deleted."
    );
    server.kill();
    let server = launch.start();
    assert_eq!(stage(&server), "deleted");
    let restored = server.post("/api/2.0/mlflow/experiments/restore", &id);
    assert_eq!((restored.status, stage(&server)), (200, json!("active")));
}
