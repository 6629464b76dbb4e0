//! The command, while a server serves the same data.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::site::{API, Site, age, said, text};
use crate::support::BINARY;

#[test]
fn what_was_deleted_goes_with_its_artifacts_and_everything_else_stays() {
    let site = Site::new(&[]);
    let experiment = site.experiment("a");
    let kept = site.run_in(&experiment);
    let gone = site.deleted_run_in(&experiment);
    let (model, deleted_model) = (site.model_in(&experiment), site.model_in(&experiment));
    let path = format!("{API}/logged-models/{deleted_model}");
    assert_eq!(site.server.send("DELETE", &path, &[], b"").status, 200);
    site.post(
        "runs/log-metric",
        json!({"run_id": kept, "key": "m", "value": 1, "timestamp": 1}),
    );

    let report = site.gc_well(&[]);
    assert_eq!(report["runs"]["first"], json!([gone]));
    assert_eq!(report["logged_models"]["first"], json!([deleted_model]));
    assert_eq!(report["artifacts"], json!({"files": 2, "bytes": 8}));
    assert!(!site.has_run(&gone) && site.has_run(&kept));
    assert!(!site.folder_of(&experiment, &gone).exists());
    assert!(site.has_artifact(&experiment, &kept));
    let models = site.artifacts().join(&experiment).join("models");
    assert!(
        models.join(&model).exists() && !models.join(&deleted_model).join("artifacts").exists()
    );
    // The server goes on.
    site.run_in(&experiment);
    let report = site.gc_well(&[]);
    assert_eq!(
        (&report["runs"]["count"], &report["artifacts"]["files"]),
        (&json!(0), &json!(0))
    );
}

#[test]
fn nothing_goes_that_was_deleted_lately() {
    let site = Site::new(&[]);
    let run = site.deleted_run_in("0");
    let output = site.command(&[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(site.has_run(&run) && site.has_artifact("0", &run));
}

#[test]
fn a_dry_run_says_what_would_go_and_changes_nothing() {
    let site = Site::new(&[]);
    let experiment = site.experiment("a");
    let run = site.run_in(&experiment);
    let model = site.model_in(&experiment);
    site.post("experiments/delete", json!({"experiment_id": experiment}));
    let would = site.gc_well(&["--dry-run"]);
    assert!(site.has_run(&run) && site.has_artifact(&experiment, &run));
    site.post("experiments/restore", json!({"experiment_id": experiment}));
    site.post("experiments/delete", json!({"experiment_id": experiment}));
    let did = site.gc_well(&[]);
    for what in [
        "runs",
        "logged_models",
        "experiments",
        "artifacts",
        "points",
        "versions",
    ] {
        assert_eq!(would[what], did[what], "{what}");
    }
    assert_eq!(did["runs"]["first"], json!([run]));
    assert_eq!(did["logged_models"]["first"], json!([model]));
    assert_eq!(did["experiments"]["first"], json!([experiment]));
    assert!(!site.artifacts().join(&experiment).exists());
    let get = format!("{API}/experiments/get?experiment_id={experiment}");
    assert_eq!(site.server.get(&get).status, 404);
}

#[test]
fn what_is_named_must_be_deleted_and_only_that_goes() {
    let site = Site::new(&[]);
    let (in_use, named, other) = (
        site.run_in("0"),
        site.deleted_run_in("0"),
        site.deleted_run_in("0"),
    );
    let (refused, _) = site.gc(&["--run", &format!("{named},{in_use}")]);
    assert!(!refused.status.success());
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(
        words.contains(&in_use) && words.contains("not deleted"),
        "{words}"
    );
    assert!(site.has_run(&named) && site.has_artifact("0", &named));
    let (refused, _) = site.gc(&["--experiment", "0"]);
    assert!(!refused.status.success());

    let report = site.gc_well(&["--run-ids", &named]);
    assert_eq!(report["runs"]["first"], json!([named]));
    assert!(!site.has_run(&named) && site.has_run(&other) && site.has_run(&in_use));
}

#[test]
fn the_default_experiment_is_emptied_and_stays() {
    let site = Site::new(&[]);
    let run = site.run_in("0");
    site.post("experiments/delete", json!({"experiment_id": "0"}));
    let report = site.gc_well(&[]);
    assert!(said(&report, "kept", "experiment 0").is_some(), "{report}");
    assert!(!site.has_run(&run));
    site.post("experiments/restore", json!({"experiment_id": "0"}));
    site.run_in("0");
}

#[test]
fn a_run_stays_when_its_artifacts_cannot_be_removed_and_goes_when_they_can() {
    let site = Site::new(&[]);
    let run = site.deleted_run_in("0");
    let aside = site.folder.path().join("aside");
    fs::rename(site.artifacts(), &aside).unwrap();
    let (failed, report) = site.gc(&[]);
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    assert!(
        said(&report, "failed", &format!("run {run}")).is_some(),
        "{report}"
    );
    assert_eq!(report["runs"]["count"], 0);
    fs::rename(&aside, site.artifacts()).unwrap();
    // Nothing has claimed it for good.
    site.post("runs/restore", json!({"run_id": run}));
    site.delete(&run);
    site.gc_well(&[]);
    assert!(!site.has_run(&run) && !site.has_artifact("0", &run));
}

#[test]
fn a_run_that_a_model_version_has_its_files_from_stays() {
    let site = Site::new(&[]);
    let run = site.run_in("0");
    site.post("registered-models/create", json!({"name": "m"}));
    let source = format!("mlflow-artifacts:/0/{run}/artifacts/model");
    let version = json!({"name": "m", "source": source, "run_id": run});
    site.post("model-versions/create", version);
    site.delete(&run);
    let report = site.gc_well(&[]);
    let why = said(&report, "kept", &format!("run {run}")).unwrap();
    assert!(why.contains("version 1 of model 'm'"), "{why}");
    assert!(site.has_run(&run) && site.has_artifact("0", &run));

    let body = br#"{"name": "m", "version": "1"}"#;
    let path = format!("{API}/model-versions/delete");
    let headers = [("Content-Type", "application/json")];
    assert_eq!(
        site.server.send("DELETE", &path, &headers, body).status,
        200
    );
    let report = site.gc_well(&[]);
    assert_eq!(
        (&report["versions"], &report["runs"]["count"]),
        (&json!(1), &json!(1))
    );
    assert!(!site.has_artifact("0", &run));
}

#[test]
fn folders_that_belong_to_nothing_go_only_when_that_is_wanted_and_they_are_old() {
    let site = Site::new(&[]);
    let kept = site.run_in("0");
    let hex = |digit: &str| digit.repeat(32);
    let (old, recent) = (hex("a"), hex("b"));
    let model = format!("m-{}", hex("c"));
    for path in [
        format!("7/{old}/artifacts/a.txt"),
        format!("0/{recent}/artifacts/a.txt"),
        format!("0/models/{model}/artifacts/MLmodel"),
        format!("0/{}/notes.txt", hex("d")),
        format!("notes/{old}/artifacts/a.txt"),
        "0/mine/artifacts/a.txt".to_owned(),
    ] {
        site.put(&path);
        age(&site.artifacts().join(path.split('/').next().unwrap()));
    }
    age(&site.artifacts());
    let recent_file = site.folder_of("0", &recent).join("artifacts/a.txt");
    let now = std::time::SystemTime::now();
    fs::File::open(recent_file)
        .unwrap()
        .set_modified(now)
        .unwrap();

    let listed = site.gc_well(&["--older-than", "1h"]);
    assert_eq!(listed["orphans"]["found"]["count"], 3, "{listed}");
    assert_eq!(listed["orphans"]["size"], json!({"files": 3, "bytes": 12}));
    assert_eq!(listed["orphans"]["purged"], 0);
    assert!(site.folder_of("7", &old).exists());

    let report = site.gc_well(&["--older-than", "1h", "--orphans"]);
    let orphans = &report["orphans"];
    assert_eq!(
        (&orphans["purged"], &orphans["recent"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
    assert!(!site.folder_of("7", &old).exists());
    assert!(!site.artifacts().join("0/models").join(&model).exists());
    for stays in [&kept, &recent, &hex("d"), "mine"] {
        assert!(site.folder_of("0", stays).exists(), "{stays}");
    }
    assert!(site.artifacts().join("notes").join(&old).exists());
}

#[test]
fn what_is_left_of_uploads_that_were_cut_off_goes() {
    let site = Site::new(&[]);
    let staging = site.artifacts().join(".tidemill-uploads");
    fs::create_dir_all(&staging).unwrap();
    for name in ["old", "new"] {
        fs::write(staging.join(name), "data").unwrap();
    }
    age(&staging.join("old"));
    let report = site.gc_well(&[]);
    assert_eq!(report["cut_uploads"], json!({"files": 1, "bytes": 4}));
    assert!(staging.join("new").exists() && !staging.join("old").exists());
}

#[test]
fn artifacts_in_a_bucket_go_with_their_run() {
    let Some(site) = Site::on_s3() else { return };
    let (kept, gone) = (site.run_in("0"), site.deleted_run_in("0"));
    let report = site.gc_well(&[]);
    assert_eq!(report["runs"]["first"], json!([gone]));
    assert_eq!(report["artifacts"], json!({"files": 1, "bytes": 4}));
    assert_eq!(site.artifact_status("0", &gone), 404);
    assert_eq!(site.artifact_status("0", &kept), 200);
}

/// The storage's emulator says of every upload that it was begun years ago.
#[test]
fn multipart_uploads_to_the_folders_of_runs_that_were_never_ended_are_aborted() {
    let Some(site) = Site::on_s3() else { return };
    let run = site.run_in("0");
    for folder in [&format!("0/{run}/artifacts"), "elsewhere"] {
        let path = format!("/api/2.0/mlflow-artifacts/mpu/create/{folder}");
        let begun = json!({"path": "large.bin", "num_parts": 2});
        assert_eq!(site.server.post(&path, &begun).status, 200);
    }
    let file = format!("0/{run}/artifacts/large.bin");
    let uploads = |aborted| {
        json!({"found": {"count": aborted, "first": vec![&file; aborted]}, "recent": 0,
               "aborted": aborted, "unlisted": null})
    };
    for args in [&["--dry-run"][..], &[]] {
        assert_eq!(site.gc_well(args)["multipart_uploads"], uploads(1));
    }
    assert_eq!(site.gc_well(&[])["multipart_uploads"], uploads(0));
    assert_eq!(site.artifact_status("0", &run), 200);
}

#[test]
fn a_time_that_is_none_is_refused() {
    let site = Site::new(&[]);
    let output = site.command(&["--older-than", "soon"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("'soon'"));
    let report = site.gc_well(&["--dry-run"]);
    assert_eq!(text(&report["older_than"]), "0s");
}

/// What a command says that goes well.
fn succeeds(home: &Path, args: &[&str]) -> String {
    let mut command = Command::new(BINARY);
    let done = command.args(args).current_dir(home).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// An import without `--copy-artifacts` leaves them to MLflow.
#[test]
fn artifacts_of_a_source_are_not_purged_unless_that_is_said() {
    let source = Site::new(&[]);
    let run = source.deleted_run_in("0");
    let home = tempfile::tempdir().unwrap();
    let artifacts = source.artifacts();
    let here = |args: &[&str]| {
        let mut command = Command::new(BINARY);
        let done = command
            .args(args)
            .current_dir(home.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    here(&["import", &source.database.uri()]);
    let destination = ["--artifacts-destination", artifacts.to_str().unwrap()];
    let gc = [&["gc", "--older-than", "0s"], &destination[..]].concat();
    let words = here(&gc);
    assert!(words.contains("--imported-artifacts"), "{words}");
    let file = artifacts.join(format!("0/{run}/artifacts/a.txt"));
    assert!(file.exists(), "{words}");
    here(&[&gc[..], &["--imported-artifacts"]].concat());
    assert!(!file.exists());
}

#[test]
fn copied_artifacts_are_ours_to_purge() {
    let source = Site::new(&[]);
    let run = source.deleted_run_in("0");
    let home = tempfile::tempdir().unwrap();
    let here = |args: &[&str]| succeeds(home.path(), args);
    let (from, uri) = (source.artifacts(), source.database.uri());
    let from = from.to_str().unwrap();
    here(&["import", &uri, "--copy-artifacts", "--artifacts-from", from]);
    let file = format!("0/{run}/artifacts/a.txt");
    let copy = home.path().join("tidemill-data/artifacts").join(&file);
    assert!(copy.exists());
    here(&["gc", "--older-than", "0s"]);
    assert!(!copy.exists());
    assert!(source.artifacts().join(&file).exists());
}
