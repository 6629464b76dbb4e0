//! Imports with artifacts.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;
use tidemill_testkit::TestServer;

use crate::support::{folder_on_s3, launch, s3, server};
use crate::transfer::{command, create_run, run, starting_at};

/// A server whose experiment 1 has its artifacts below `root`, with a run that has a file and a
/// model made from it. Says the run's id.
fn with_local_artifacts(root: &Path) -> (TestServer, TempDir, String) {
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
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("MLmodel"), "flavors: {}").unwrap();
    fs::write(root.join("secret"), "secret").unwrap();
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
    assert!(!refused.status.success());
    let here = starting_at(home.path());
    let asked = format!("/api/2.0/mlflow/runs/get?run_id={id}");
    let uri = &here.get(&asked).json()["run"]["info"]["artifact_uri"];
    assert!(uri.as_str().unwrap().starts_with("file:///"), "{uri}");
    assert!(source_of_version(&here).starts_with("file:///"));
    drop(here);

    for _ in 0..2 {
        let done = run(home.path(), &[&import[..], &allowed].concat());
        assert!(done.status.success(), "{done:?}");
    }
    let verify = ["verify", &address];
    assert!(!run(home.path(), &verify).status.success());
    let verify = [&["verify", &address, "--copy-artifacts"], &allowed[..]].concat();
    let verified = run(home.path(), &verify);
    assert!(verified.status.success(), "{verified:?}");
    let copy = home.path().join("tidemill-data/artifacts/1").join(&id);
    let copy = copy.join("artifacts/model/MLmodel");
    for damage in [Some("flavors: []"), None] {
        match damage {
            Some(text) => fs::write(&copy, text).unwrap(),
            None => fs::remove_file(&copy).unwrap(),
        }
        let noticed = run(home.path(), &verify);
        let words = String::from_utf8_lossy(&noticed.stderr).into_owned();
        assert!(words.contains("\"model/MLmodel\" is"), "{words}");
        assert!(!noticed.status.success());
    }
    assert!(
        run(home.path(), &[&import[..], &allowed].concat())
            .status
            .success()
    );

    fs::remove_dir_all(&root).unwrap();
    let here = starting_at(home.path());
    let uri = &here.get(&asked).json()["run"]["info"]["artifact_uri"];
    assert_eq!(*uri, format!("mlflow-artifacts:/1/{id}/artifacts"));
    let folder = format!("/api/2.0/mlflow-artifacts/artifacts/1/{id}/artifacts/model");
    assert_eq!(here.get(&format!("{folder}/MLmodel")).body, b"flavors: {}");
    assert_eq!(here.get(&format!("{folder}/link")).status, 404);
    assert_eq!(
        source_of_version(&here),
        format!("mlflow-artifacts:/1/{id}/artifacts/model")
    );
}

fn source_of_version(server: &TestServer) -> String {
    let asked = "/api/2.0/mlflow/model-versions/get?name=m&version=1";
    let source = &server.get(asked).json()["model_version"]["source"];
    source.as_str().unwrap().to_owned()
}

#[test]
fn a_model_that_is_carried_by_itself_has_its_files() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let (source, _home, id) = with_local_artifacts(&root);
    let address = format!("http://{}", source.address());
    let allowed = ["--local-artifact-roots", root.to_str().unwrap()];
    let import = ["import", &address, "--copy-artifacts", "--model", "m"];
    let elsewhere = tempfile::tempdir().unwrap();
    let done = run(elsewhere.path(), &[&import[..], &allowed].concat());
    assert!(done.status.success(), "{done:?}");
    let here = starting_at(elsewhere.path());
    let place = format!("mlflow-artifacts:/1/{id}/artifacts/model");
    assert_eq!(source_of_version(&here), place);
    let file = place.replace(":", "/artifacts") + "/MLmodel";
    let file = here.get(&format!("/api/2.0/{file}"));
    assert_eq!(file.body, b"flavors: {}");
    drop(here);

    // Where they cannot be had, the version says where they are.
    let nowhere = tempfile::tempdir().unwrap();
    let done = run(nowhere.path(), &import);
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        words.contains("version 1 of model m: its artifacts at"),
        "{words}"
    );
    let here = starting_at(nowhere.path());
    assert!(source_of_version(&here).starts_with("file:///"));
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
    assert!(words.contains("2 were copied (9 bytes)"), "{words}");
    let here = starting_at(asked.path());
    assert_eq!(here.get(&path).body, b"bytes");
    assert_eq!(here.get(&odd).body, b"more");
    drop(here);

    // Its lists tell sizes and no times: what keeps its size is seen when the run changes.
    let late = path.replace("a.txt", "late.txt");
    let repeat = || {
        let done = run(asked.path(), &import);
        assert!(done.status.success(), "{done:?}");
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    assert_eq!(source.send("PUT", &path, &[], b"BYTES").status, 200);
    assert!(repeat().contains("0 were copied"));
    assert_eq!(source.send("PUT", &late, &[], b"late").status, 200);
    assert!(repeat().contains("1 were copied (4 bytes)"));
    assert_eq!(source.send("PUT", &path, &[], b"bYtEs").status, 200);
    let tag = json!({"run_id": id, "key": "k", "value": "v"});
    let tagged = source.post("/api/2.0/mlflow/runs/set-tag", &tag);
    assert_eq!(tagged.status, 200);
    assert!(repeat().contains("1 were copied (5 bytes)"));
    let here = starting_at(asked.path());
    assert_eq!(here.get(&path).body, b"bYtEs");
    assert_eq!(here.get(&late).body, b"late");
    assert_eq!(source.send("PUT", &path, &[], b"bytes").status, 200);
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
    assert!(words.contains("3 were copied (13 bytes)"), "{words}");
    let here = starting_at(elsewhere.path());
    assert_eq!(here.get(&path).body, b"bytes");
}

/// One run is at an address in the bucket, the other behind the proxy of its server.
#[test]
fn artifacts_in_a_bucket_are_copied_into_another_folder_of_it() {
    let Some(storage) = s3() else {
        return;
    };
    let serving = |home: &Path, destination: &str| {
        let launch = launch(home).args(&["--artifacts-destination", destination]);
        launch.envs(&storage)
    };
    let (there, home) = (folder_on_s3(), tempfile::tempdir().unwrap());
    let source = serving(home.path(), &there).start();
    let direct = json!({"name": "direct", "artifact_location": format!("{there}/direct")});
    let made = source.post("/api/2.0/mlflow/experiments/create", &direct);
    let direct = made.json()["experiment_id"].as_str().unwrap().to_owned();
    let runs = [("0", "0"), (direct.as_str(), "direct")].map(|(experiment, folder)| {
        let run = json!({"experiment_id": experiment});
        let made = source.post("/api/2.0/mlflow/runs/create", &run).json();
        let run = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
        let file = format!("/api/2.0/mlflow-artifacts/artifacts/{folder}/{run}/artifacts/a b.txt");
        let put = source.send("PUT", &file.replace(' ', "%20"), &[], run.as_bytes());
        assert_eq!(put.status, 200, "{put:?}");
        (experiment.to_owned(), run)
    });
    drop(source);

    let here = folder_on_s3();
    let import = || {
        let from = home.path().join("tidemill-data/tidemill.db");
        let mut command = command(home.path(), &["import", from.to_str().unwrap()]);
        command.envs(storage.iter().cloned());
        command.args(["--copy-artifacts", "--artifacts-from", &there]);
        command.args(["--artifacts-destination", &here]);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    let words = import();
    assert!(words.contains("2 were copied"), "{words}");
    let words = import();
    assert!(words.contains("0 were copied"), "{words}");

    let database = format!("sqlite:///{}", home.path().join("here.db").display());
    let copy = serving(home.path(), &here).args(&["--backend-store-uri", &database]);
    let copy = copy.start();
    for (experiment, run) in runs {
        let found = copy.get(&format!("/api/2.0/mlflow/runs/get?run_id={run}"));
        let place = format!("mlflow-artifacts:/{experiment}/{run}/artifacts");
        assert_eq!(found.json()["run"]["info"]["artifact_uri"], place);
        let file = place.replace(':', "/artifacts") + "/a%20b.txt";
        let file = copy.get(&format!("/api/2.0/{file}"));
        assert_eq!(file.body, run.as_bytes());
    }
}

/// A source with a run whose artifacts have been copied once.
struct Followed {
    source: TestServer,
    root: PathBuf,
    home: TempDir,
    run: String,
    _folder: TempDir,
}

impl Followed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (source, home, run) = with_local_artifacts(&root);
        let followed = Self {
            source,
            root,
            home,
            run,
            _folder: folder,
        };
        followed.writes("a.txt", "one");
        followed.writes("b.txt", "b");
        followed.is_imported(&[]);
        followed
    }

    fn path(&self, name: &str) -> PathBuf {
        let folder = self.root.join("exp").join(&self.run);
        folder.join("artifacts").join(name)
    }

    /// What a client does that logs an artifact: nothing about the run changes.
    fn writes(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn here(&self, name: &str) -> PathBuf {
        let folder = self.home.path().join("tidemill-data/artifacts/1");
        folder.join(&self.run).join("artifacts").join(name)
    }

    /// Imports, and gives back what was said and whether it was a success.
    fn imports(&self, args: &[&str]) -> (String, bool) {
        let address = format!("http://{}", self.source.address());
        let roots = ["--local-artifact-roots", self.root.to_str().unwrap()];
        let import = ["import", &address, "--copy-artifacts"];
        let done = run(self.home.path(), &[&import[..], &roots, args].concat());
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        (words, done.status.success())
    }

    fn is_imported(&self, args: &[&str]) -> String {
        let (words, is_good) = self.imports(args);
        assert!(is_good, "{words}");
        words
    }

    fn has(&self, name: &str, text: &str) {
        assert_eq!(fs::read_to_string(self.here(name)).unwrap(), text, "{name}");
    }
}

#[test]
fn files_that_change_in_the_source_are_copied_again() {
    let followed = Followed::new();
    followed.writes("late.txt", "late");
    followed.writes("a.txt", "two");
    let words = followed.is_imported(&[]);
    assert!(words.contains("2 were copied"), "{words}");
    for (name, text) in [("late.txt", "late"), ("a.txt", "two"), ("b.txt", "b")] {
        followed.has(name, text);
    }
    let words = followed.is_imported(&[]);
    assert!(words.contains("0 were copied"), "{words}");
}

/// A client writes such names to a bucket or a folder without complaint.
#[test]
fn a_name_that_cannot_be_served_keeps_no_other_file_from_coming() {
    let followed = Followed::new();
    for name in ["a#b.txt", "a#c.txt", "a#d.txt"] {
        followed.writes(name, "odd");
    }
    fs::create_dir(followed.path("c?d")).unwrap();
    followed.writes("c?d/e.txt", "odd");
    followed.writes("z.txt", "z");
    let (words, is_good) = followed.imports(&[]);
    assert!(
        !is_good && words.contains("\"a#b.txt\" has a name"),
        "{words}"
    );
    assert!(words.contains("and 1 more"), "{words}");
    assert!(words.contains("what was carried is here"), "{words}");
    followed.has("z.txt", "z");
}

#[test]
fn a_storage_without_any_file_of_the_source_is_not_believed() {
    let (source, home) = server(&[]);
    create_run(&source);
    let found = json!({"experiment_ids": ["0"]});
    let found = source.post("/api/2.0/mlflow/runs/search", &found).json();
    let id = found["runs"][0]["info"]["run_id"].as_str().unwrap();
    let path = format!("/api/2.0/mlflow-artifacts/artifacts/0/{id}/artifacts/a.txt");
    assert_eq!(source.send("PUT", &path, &[], b"bytes").status, 200);
    let database = home.path().join("tidemill-data/tidemill.db");
    let there = home.path().join("tidemill-data/artifacts");
    let empty = tempfile::tempdir().unwrap();
    for (from, is_good) in [(empty.path(), false), (&there, true)] {
        let from = ["--artifacts-from", from.to_str().unwrap()];
        for what in ["import", "verify"] {
            let command = [what, database.to_str().unwrap(), "--copy-artifacts"];
            let done = run(empty.path(), &[&command[..], &from].concat());
            assert_eq!(done.status.success(), is_good, "{what}: {done:?}");
            let words = String::from_utf8_lossy(&done.stderr).into_owned();
            assert_eq!(words.contains("no file of any run"), !is_good, "{words}");
        }
    }
}

/// As checkpoints are.
#[test]
fn files_that_are_deleted_in_the_source_stay_and_are_in_nobodys_way() {
    let followed = Followed::new();
    fs::remove_file(followed.path("b.txt")).unwrap();
    followed.writes("a.txt", "two");
    followed.is_imported(&[]);
    followed.writes("a.txt", "three");
    followed.is_imported(&[]);
    followed.has("a.txt", "three");
    followed.has("b.txt", "b");
}

#[test]
fn files_that_are_purged_here_come_again() {
    let followed = Followed::new();
    fs::remove_dir_all(followed.here("")).unwrap();
    followed.is_imported(&[]);
    followed.has("a.txt", "one");
    followed.has("model/MLmodel", "flavors: {}");
}

#[test]
fn a_file_that_was_changed_here_is_replaced_only_if_that_is_wanted() {
    let followed = Followed::new();
    fs::write(followed.here("a.txt"), "changed").unwrap();
    // As long as the source says nothing new it stays.
    followed.is_imported(&[]);
    followed.is_imported(&["--on-conflict", "replace"]);
    followed.has("a.txt", "changed");
    followed.writes("a.txt", "three");
    followed.writes("late.txt", "late");
    let (words, is_good) = followed.imports(&[]);
    let says_which = words.contains("\"a.txt\" is here already");
    assert!(!is_good && says_which, "{words}");
    followed.has("a.txt", "changed");
    // The others come all the same.
    followed.has("late.txt", "late");
    followed.is_imported(&["--on-conflict", "keep"]);
    followed.has("a.txt", "changed");
    followed.is_imported(&[]);
    followed.has("a.txt", "changed");
    followed.is_imported(&["--on-conflict", "replace"]);
    followed.has("a.txt", "three");
    followed.writes("a.txt", "four");
    followed.is_imported(&[]);
    followed.has("a.txt", "four");
}

/// A storage may be out of reach for a while.
#[test]
fn what_was_copied_stays_where_it_is_when_a_later_copy_fails() {
    let followed = Followed::new();
    followed.writes("late.txt", "late");
    let tag = json!({"run_id": followed.run, "key": "k", "value": "v"});
    let tagged = followed.source.post("/api/2.0/mlflow/runs/set-tag", &tag);
    assert_eq!(tagged.status, 200);
    // One that is not there is not taken for an empty one.
    let address = format!("http://{}", followed.source.address());
    let nowhere = ["--local-artifact-roots", "/no/such/folder"];
    let import = ["import", &address, "--copy-artifacts"];
    let refused = run(followed.home.path(), &[&import[..], &nowhere].concat());
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        words.contains("There is no folder /no/such/folder"),
        "{words}"
    );
    assert!(!refused.status.success());

    // Nobody says this time that files may be copied from there.
    let failed = run(followed.home.path(), &import);
    let words = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(words.contains("cannot all be copied"), "{words}");
    assert!(!failed.status.success());
    let here = starting_at(followed.home.path());
    let asked = format!("/api/2.0/mlflow/runs/get?run_id={}", followed.run);
    let found = here.get(&asked).json();
    let uri = format!("mlflow-artifacts:/1/{}/artifacts", followed.run);
    assert_eq!(found["run"]["info"]["artifact_uri"], uri);
    let model = format!("mlflow-artifacts:/1/{}/artifacts/model", followed.run);
    assert_eq!(source_of_version(&here), model);
    assert_eq!(found["run"]["data"]["tags"][1]["key"], "k", "{found}");
    drop(here);
    followed.is_imported(&[]);
    followed.has("late.txt", "late");
}
