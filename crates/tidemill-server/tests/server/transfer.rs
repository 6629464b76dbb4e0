//! The commands that move whole stores, with a server as the source.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidemill_testkit::TestServer;

use crate::support::{BINARY, server};

/// `tidemill` with these arguments, and a database below `home` to write to.
fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    let into = format!("sqlite:///{}", home.join("here.db").display());
    command.args(args).args(["--into", &into]).current_dir(home);
    command
}

fn run(home: &Path, args: &[&str]) -> Output {
    command(home, args).output().unwrap()
}

fn create_run(source: &TestServer) {
    let run = json!({"experiment_id": "0", "run_name": "one", "start_time": 1});
    let made = source.post("/api/2.0/mlflow/runs/create", &run);
    assert_eq!(made.status, 200);
    let id = made.json()["run"]["info"]["run_id"].clone();
    let ended = json!({"run_id": id, "status": "FINISHED", "end_time": 2});
    let ended = source.post("/api/2.0/mlflow/runs/update", &ended);
    assert_eq!(ended.status, 200);
}

/// Ends with the test.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has found out then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_import_reports_and_a_verification_tells_by_its_exit_status() {
    let (source, home) = server(&[]);
    create_run(&source);
    let address = format!("http://{}", source.address());
    assert!(!run(home.path(), &["verify", &address]).status.success());
    let done = run(home.path(), &["import", &address, "--json", "report.json"]);
    assert!(done.status.success(), "{done:?}");
    let report = std::fs::read(home.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["kinds"]["run"]["added"], 1, "{report}");
    assert!(run(home.path(), &["verify", &address]).status.success());
    create_run(&source);
    assert!(!run(home.path(), &["verify", &address]).status.success());
}

#[test]
fn a_source_that_is_followed_is_carried_as_it_changes() {
    let (source, home) = server(&[]);
    let address = format!("http://{}", source.address());
    let mut follow = command(home.path(), &["import", &address, "--follow=1"]);
    let follow = follow.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut following = Following(follow.unwrap());
    for _ in 0..2 {
        create_run(&source);
        let begun = Instant::now();
        while !run(home.path(), &["verify", &address]).status.success() {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing came");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    assert_eq!(following.0.try_wait().unwrap(), None, "it has ended");
}
