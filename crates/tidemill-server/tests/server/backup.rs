//! Backups of a server that goes on serving, and what comes back from them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;
use tidemill_testkit::TestServer;

use crate::support::{BINARY, folder_on_s3, launch, s3, server};

const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts";

fn run(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command.args(args).current_dir(home).output().unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn create_run(server: &TestServer, name: &str) -> String {
    let run = json!({"experiment_id": "0", "run_name": name, "start_time": 1});
    let made = server.post("/api/2.0/mlflow/runs/create", &run);
    assert_eq!(made.status, 200);
    let id = made.json()["run"]["info"]["run_id"].clone();
    id.as_str().unwrap().to_owned()
}

fn log_metric(server: &TestServer, run: &str, step: i64) {
    let metric = json!({"run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": step});
    let logged = server.post("/api/2.0/mlflow/runs/log-metric", &metric);
    assert_eq!(logged.status, 200);
}

fn found(server: &TestServer, run: &str) -> Value {
    server
        .get(&format!("/api/2.0/mlflow/runs/get?run_id={run}"))
        .json()
}

/// A server with two runs and a file.
fn serving() -> (TestServer, TempDir, Vec<String>) {
    let (server, home) = server(&[]);
    let runs = vec![create_run(&server, "one"), create_run(&server, "größe")];
    for step in 0..20 {
        log_metric(&server, &runs[0], step);
    }
    let path = format!("{ARTIFACTS}/0/{}/artifacts/a/b.txt", runs[0]);
    let put = server.send("PUT", &path, &[], b"some bytes");
    assert_eq!(put.status, 200);
    (server, home, runs)
}

#[test]
fn a_backup_of_a_serving_server_comes_back_elsewhere() {
    let (server, home, runs) = serving();
    let is_over = AtomicBool::new(false);
    let done = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut step = 100;
            while !is_over.load(Ordering::Relaxed) {
                log_metric(&server, &runs[1], step);
                step += 1;
            }
            step
        });
        let done = run(
            home.path(),
            &[
                "backup",
                "all.tar",
                "--with-artifacts",
                "--json",
                "report.json",
            ],
        );
        is_over.store(true, Ordering::Relaxed);
        assert!(writing.join().unwrap() > 100);
        done
    });
    assert!(done.status.success(), "{}", words(&done));
    let file = home.path().join("all.tar");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let report: Value =
        serde_json::from_slice(&fs::read(home.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["artifact_bytes"], 10);
    let again = run(home.path(), &["backup", "all.tar"]);
    assert!(
        words(&again).contains("is there already"),
        "{}",
        words(&again)
    );

    let elsewhere = tempfile::tempdir().unwrap();
    let file = file.to_str().unwrap();
    // Twice: a restore that was cut short is gone on with in the same way.
    for _ in 0..2 {
        let done = run(elsewhere.path(), &["restore", file]);
        assert!(done.status.success(), "{}", words(&done));
    }
    let restored = launch(elsewhere.path()).start();
    assert_eq!(found(&restored, &runs[0]), found(&server, &runs[0]));
    assert_eq!(
        found(&restored, &runs[1])["run"]["info"]["run_name"],
        "größe"
    );
    let path = format!("{ARTIFACTS}/0/{}/artifacts/a/b.txt", runs[0]);
    assert_eq!(restored.get(&path).body, b"some bytes");
}

#[test]
fn artifacts_in_a_bucket_are_kept_and_come_back_into_another_folder_of_it() {
    let Some(storage) = s3() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let in_bucket = |args: &[&str]| {
        let mut command = Command::new(BINARY);
        command.envs(storage.iter().cloned());
        let done = command.args(args).current_dir(home.path()).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{}", words(&done));
    };
    let (there, here) = (folder_on_s3(), folder_on_s3());
    let destination = "--artifacts-destination";
    let launch = launch(home.path()).envs(&storage);
    let server = launch.clone().args(&[destination, &there]).start();
    let run = create_run(&server, "one");
    // Larger than what is read at once.
    let file: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let path = format!("{ARTIFACTS}/0/{run}/artifacts/a/b.bin");
    let put = server.send("PUT", &path, &[], &file);
    assert_eq!(put.status, 200);
    in_bucket(&["backup", "all.tar", "--with-artifacts", destination, &there]);
    drop(server);

    let database = "sqlite:///restored.db";
    for _ in 0..2 {
        in_bucket(&["restore", "all.tar", "--into", database, destination, &here]);
    }
    let database = ["--backend-store-uri", database, destination, &here];
    let restored = launch.args(&database).start();
    assert_eq!(found(&restored, &run)["run"]["info"]["run_name"], "one");
    assert!(restored.get(&path).body == file, "the file is another one");
}

#[test]
fn nothing_is_overwritten_by_a_restore() {
    let (_server, home, runs) = serving();
    let done = run(home.path(), &["backup", "all.tar", "--with-artifacts"]);
    assert!(done.status.success(), "{}", words(&done));
    let file = home.path().join("all.tar");
    let file = file.to_str().unwrap();

    let (busy, other) = server(&[]);
    create_run(&busy, "mine");
    let refused = run(other.path(), &["restore", file]);
    assert!(!refused.status.success());
    assert!(
        words(&refused).contains("is not empty"),
        "{}",
        words(&refused)
    );

    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere
        .path()
        .join(format!("tidemill-data/artifacts/0/{}/artifacts/a", runs[0]));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("b.txt"), "mine").unwrap();
    let refused = run(elsewhere.path(), &["restore", file]);
    assert!(!refused.status.success());
    assert!(
        words(&refused).contains("is there already"),
        "{}",
        words(&refused)
    );
    assert_eq!(fs::read(folder.join("b.txt")).unwrap(), b"mine");
}

#[test]
fn a_restore_that_is_repeated_compares_what_an_earlier_one_brought() {
    let (_server, home, runs) = serving();
    let done = run(home.path(), &["backup", "all.tar"]);
    assert!(done.status.success(), "{}", words(&done));
    let file = home.path().join("all.tar");
    let restore = ["restore", file.to_str().unwrap()];
    let elsewhere = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let done = run(elsewhere.path(), &restore);
        assert!(done.status.success(), "{}", words(&done));
    }
    let there = launch(elsewhere.path()).start();
    log_metric(&there, &runs[0], 77);
    drop(there);
    let refused = run(elsewhere.path(), &restore);
    assert!(!refused.status.success());
    let said = words(&refused);
    assert!(
        said.contains(&format!("not the same here: run {}", runs[0])),
        "{said}"
    );
    assert!(said.contains("points of its metrics"), "{said}");
}

#[test]
fn artifacts_that_are_not_there_are_not_kept_in_silence() {
    let (_server, home, _) = serving();
    let backup = [
        "backup",
        "all.tar",
        "--with-artifacts",
        "--artifacts-destination",
        "artefacts",
    ];
    let refused = run(home.path(), &backup);
    assert!(!refused.status.success());
    assert!(
        words(&refused).contains("There is no folder"),
        "{}",
        words(&refused)
    );
    assert!(!home.path().join("artefacts").exists() && !home.path().join("all.tar").exists());
}

#[test]
fn a_damaged_file_restores_nothing() {
    let (_server, home, _) = serving();
    let done = run(home.path(), &["backup", "all.tar", "--with-artifacts"]);
    assert!(done.status.success(), "{}", words(&done));
    let file = home.path().join("all.tar");
    let whole = run(home.path(), &["restore", "all.tar", "--check"]);
    assert!(whole.status.success(), "{}", words(&whole));
    let mut bytes = fs::read(&file).unwrap();
    let place = bytes
        .windows(10)
        .position(|text| text == b"some bytes")
        .unwrap();
    bytes[place] = b'S';
    fs::write(&file, &bytes).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    for args in [vec!["restore", "--check"], vec!["restore"]] {
        let refused = run(
            elsewhere.path(),
            &[&args[..], &[file.to_str().unwrap()]].concat(),
        );
        assert!(!refused.status.success());
        assert!(words(&refused).contains("damaged"), "{}", words(&refused));
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_backup_that_cannot_be_written_leaves_nothing() {
    let (_server, home, _) = serving();
    let refused = run(home.path(), &["backup", "/dev/full/all.tar"]);
    assert!(!refused.status.success());
    let refused = run(
        home.path(),
        &[
            "backup",
            "all.tar",
            "--backend-store-uri",
            "sqlite:///none.db",
        ],
    );
    assert!(!refused.status.success());
    assert!(
        words(&refused).contains("There is no file"),
        "{}",
        words(&refused)
    );
    let names: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("all.tar"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn a_backup_may_go_through_a_pipe() {
    let (_server, home, _) = serving();
    let done = run(
        home.path(),
        &["export", "--bundle", "-", "--with-artifacts"],
    );
    assert!(done.status.success(), "{}", words(&done));
    fs::write(home.path().join("piped.tar"), &done.stdout).unwrap();
    let whole = run(home.path(), &["restore", "piped.tar", "--check"]);
    assert!(whole.status.success(), "{}", words(&whole));
    assert!(words(&whole).contains("artifacts: 1"), "{}", words(&whole));
}

#[test]
fn a_database_is_looked_after_while_it_is_served() {
    let (server, home, runs) = serving();
    for action in ["status", "migrate", "check", "reclaim", "check"] {
        let done = run(home.path(), &["db", action, "--json", "report.json"]);
        assert!(done.status.success(), "{action}: {}", words(&done));
    }
    let report = fs::read(home.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["points"], 20, "{report}");
    log_metric(&server, &runs[0], 1000);
    let none = run(
        home.path(),
        &["db", "check", "--backend-store-uri", "sqlite:///none.db"],
    );
    assert!(!none.status.success());
    assert!(!home.path().join("none.db").exists());
}
