//! The commands that move whole stores, with a server as the source.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidemill_testkit::TestServer;

use crate::support::{BINARY, launch, server};

/// `tidemill` with these arguments, and a database below `home` to write to.
pub(crate) fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    let into = format!("sqlite:///{}", home.join("here.db").display());
    command.args(args).args(["--into", &into]).current_dir(home);
    command
}

pub(crate) fn run(home: &Path, args: &[&str]) -> Output {
    command(home, args).output().unwrap()
}

pub(crate) fn create_run(source: &TestServer) {
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

#[test]
fn what_is_named_must_be_there_and_a_source_is_no_target() {
    let (source, home) = server(&[]);
    create_run(&source);
    let address = format!("http://{}", source.address());
    for (part, said) in [
        (["--experiment", "nosuch"], "nosuch"),
        (["--model", "nosuch"], "registered model nosuch"),
    ] {
        let done = run(home.path(), &[&["import", &address][..], &part].concat());
        assert!(!done.status.success(), "{part:?}");
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(words.contains(said), "{words}");
    }
    let done = run(home.path(), &["import", "here.db"]);
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        !done.status.success() && words.contains("is the source itself"),
        "{words}"
    );
}

#[test]
fn a_source_that_does_not_answer_is_named_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let address = "http://127.0.0.1:1";
    let done = run(home.path(), &["import", address]);
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && words.contains(address), "{words}");
    assert!(!home.path().join("here.db").exists());
}

/// A server lists no logged model that is deleted.
#[test]
fn a_logged_model_that_is_deleted_in_the_source_is_deleted_here() {
    let (source, home) = server(&[]);
    let address = format!("http://{}", source.address());
    let models = "/api/2.0/mlflow/logged-models";
    let ids = [(); 2].map(|()| {
        let made = source.post(models, &json!({"experiment_id": "0"})).json();
        made["model"]["info"]["model_id"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    assert!(run(home.path(), &["import", &address]).status.success());
    let deleted = source.send("DELETE", &format!("{models}/{}", ids[0]), &[], b"");
    assert_eq!(deleted.status, 200);
    assert!(!run(home.path(), &["verify", &address]).status.success());
    for gone in [true, false] {
        let done = run(home.path(), &["import", &address]);
        assert!(done.status.success(), "{done:?}");
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(words.contains("1 gone from the source"), gone, "{words}");
    }
    assert!(run(home.path(), &["verify", &address]).status.success());
    let here = starting_at(home.path());
    let status = |id: &str| here.get(&format!("{models}/{id}")).status;
    assert_eq!((status(&ids[0]), status(&ids[1])), (404, 200));
}

pub(crate) fn starting_at(home: &Path) -> TestServer {
    let database = format!("sqlite:///{}", home.join("here.db").display());
    launch(home)
        .args(&["--backend-store-uri", &database])
        .start()
}
