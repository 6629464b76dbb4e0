//! The commands that move whole stores, with a server as the source.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidemill_testkit::TestServer;

use crate::support::{BINARY, launch, server};

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

/// A server whose experiment 1 has its artifacts below `root`, with a run that has a file and a
/// model made from it. Says the run's id.
fn with_local_artifacts(root: &Path) -> (TestServer, tempfile::TempDir, String) {
    let (source, home) = server(&["--local-artifact-roots", root.to_str().unwrap()]);
    let place = format!("file://{}/exp", root.display());
    let experiment = json!({"name": "local", "artifact_location": place});
    let made = source.post("/api/2.0/mlflow/experiments/create", &experiment);
    assert_eq!(made.json()["experiment_id"], "1");
    let run = json!({"experiment_id": "1", "start_time": 1});
    let made = source.post("/api/2.0/mlflow/runs/create", &run);
    let id = made.json()["run"]["info"]["run_id"].clone();
    let id = id.as_str().unwrap().to_owned();
    let folder = root.join("exp").join(&id).join("artifacts/model");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("MLmodel"), "flavors: {}").unwrap();
    std::fs::write(root.join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(root.join("secret"), folder.join("link")).unwrap();
    let model = json!({"name": "m"});
    let made = source.post("/api/2.0/mlflow/registered-models/create", &model);
    assert_eq!(made.status, 200);
    let version = format!("{place}/{id}/artifacts/model");
    let version = json!({"name": "m", "source": version, "run_id": id});
    let made = source.post("/api/2.0/mlflow/model-versions/create", &version);
    assert_eq!(made.status, 200, "{}", made.json());
    (source, home, id)
}

fn starting_at(home: &Path) -> TestServer {
    let database = format!("sqlite:///{}", home.join("here.db").display());
    launch(home)
        .args(&["--backend-store-uri", &database])
        .start()
}

#[test]
fn artifacts_that_are_copied_are_served_from_here() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let (source, home, id) = with_local_artifacts(&root);
    let address = format!("http://{}", source.address());
    let import = ["import", &address, "--copy-artifacts"];
    let allowed = ["--local-artifact-roots", root.to_str().unwrap()];

    // Nobody has said that files may be copied from there.
    let refused = run(home.path(), &import);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("--local-artifact-roots"), "{words}");
    let here = starting_at(home.path());
    let asked = format!("/api/2.0/mlflow/runs/get?run_id={id}");
    let uri = &here.get(&asked).json()["run"]["info"]["artifact_uri"];
    assert!(uri.as_str().unwrap().starts_with("file:///"), "{uri}");
    drop(here);

    for _ in 0..2 {
        let done = run(home.path(), &[&import[..], &allowed].concat());
        assert!(done.status.success(), "{done:?}");
    }
    let verify = ["verify", &address];
    assert!(!run(home.path(), &verify).status.success());
    let verify = ["verify", &address, "--copy-artifacts"];
    let verified = run(home.path(), &verify);
    assert!(verified.status.success(), "{verified:?}");

    std::fs::remove_dir_all(&root).unwrap();
    let here = starting_at(home.path());
    let uri = &here.get(&asked).json()["run"]["info"]["artifact_uri"];
    assert_eq!(*uri, format!("mlflow-artifacts:/1/{id}/artifacts"));
    let folder = format!("/api/2.0/mlflow-artifacts/artifacts/1/{id}/artifacts/model");
    assert_eq!(here.get(&format!("{folder}/MLmodel")).body, b"flavors: {}");
    assert_eq!(here.get(&format!("{folder}/link")).status, 404);
    let asked = "/api/2.0/mlflow/model-versions/get?name=m&version=1";
    assert_eq!(
        here.get(asked).json()["model_version"]["source"],
        format!("mlflow-artifacts:/1/{id}/artifacts/model")
    );
}

#[test]
fn artifacts_behind_another_proxy_are_copied_through_it_or_from_its_storage() {
    let (source, home) = server(&[]);
    let id = {
        create_run(&source);
        let found = json!({"experiment_ids": ["0"]});
        let found = source.post("/api/2.0/mlflow/runs/search", &found).json();
        found["runs"][0]["info"]["run_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let path = format!("/api/2.0/mlflow-artifacts/artifacts/0/{id}/artifacts/a.txt");
    assert_eq!(source.send("PUT", &path, &[], b"bytes").status, 200);
    let address = format!("http://{}", source.address());
    let odd = format!("/api/2.0/mlflow-artifacts/artifacts/0/{id}/artifacts/a%20b/%C3%B6.txt");
    assert_eq!(source.send("PUT", &odd, &[], b"more").status, 200);

    // The server itself hands them out.
    let asked = tempfile::tempdir().unwrap();
    let import = ["import", &address, "--copy-artifacts"];
    let done = run(asked.path(), &import);
    assert!(done.status.success(), "{done:?}");
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(words.contains("2 files, 9 bytes"), "{words}");
    let here = starting_at(asked.path());
    assert_eq!(here.get(&path).body, b"bytes");
    assert_eq!(here.get(&odd).body, b"more");
    drop(here);

    // Of a database it has to be said where they are.
    let database = format!(
        "sqlite:///{}",
        home.path().join("tidemill-data/tidemill.db").display()
    );
    let import = ["import", &database, "--copy-artifacts"];
    let elsewhere = tempfile::tempdir().unwrap();
    let refused = run(elsewhere.path(), &import);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("--artifacts-from"), "{words}");
    let from = home.path().join("tidemill-data/artifacts");
    let from = ["--artifacts-from", from.to_str().unwrap()];
    let done = run(elsewhere.path(), &[&import[..], &from].concat());
    assert!(done.status.success(), "{done:?}");
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(words.contains("2 files, 9 bytes"), "{words}");
    let here = starting_at(elsewhere.path());
    assert_eq!(here.get(&path).body, b"bytes");
}
