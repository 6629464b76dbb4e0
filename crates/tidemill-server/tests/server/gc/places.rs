//! Locations that would take more with them than what is purged.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::site::{Site, said};

/// A deleted run whose artifacts are said to be somewhere goes, and nothing of anybody else does.
fn takes_nothing_along(location: impl Fn(&Site, &str) -> String) {
    let site = Site::new(&[]);
    let experiment = site.experiment("a");
    let other = site.run_in(&experiment);
    let run = site.deleted_run_in(&experiment);
    let location = location(&site, &other);
    site.move_run(&run, &location);
    let report = site.gc_well(&[]);
    assert!(
        said(&report, "left", &format!("run {run}")).is_some(),
        "{location}: {report}"
    );
    assert_eq!(report["artifacts"]["files"], 0, "{location}: {report}");
    assert!(!site.has_run(&run), "{location}");
    assert!(site.has_artifact(&experiment, &other), "{location}");
    assert!(site.has_artifact(&experiment, &run), "{location}");
}

#[test]
fn a_run_at_the_root_of_its_experiment_takes_nothing_along() {
    takes_nothing_along(|_, _| "mlflow-artifacts:/1".into());
}

#[test]
fn a_run_at_the_top_of_the_storage_takes_nothing_along() {
    takes_nothing_along(|_, _| "mlflow-artifacts:/".into());
    takes_nothing_along(|_, _| "/".into());
    takes_nothing_along(|site, _| format!("{}", site.artifacts().display()));
    takes_nothing_along(|site, _| format!("file://{}", site.artifacts().display()));
}

#[test]
fn a_run_above_the_storage_takes_nothing_along() {
    takes_nothing_along(|site, _| format!("{}", site.folder.path().display()));
}

#[test]
fn a_run_in_or_around_another_s_folder_takes_nothing_along() {
    takes_nothing_along(|_, other| format!("mlflow-artifacts:/1/{other}"));
    takes_nothing_along(|_, other| format!("mlflow-artifacts:/1/{other}/artifacts"));
    takes_nothing_along(|_, other| format!("mlflow-artifacts:/1/{other}/artifacts/a.txt"));
    takes_nothing_along(|site, other| format!("{}/1/{other}", site.artifacts().display()));
    takes_nothing_along(|_, _| "mlflow-artifacts:/1/models".into());
}

#[test]
fn a_run_somewhere_else_takes_nothing_along() {
    for location in [
        "hdfs://h/x",
        "./mlruns/1",
        "runs:/x",
        "/etc/x",
        "dbfs:/x",
        "",
    ] {
        takes_nothing_along(|_, _| location.into());
    }
}

#[test]
fn a_run_whose_folder_holds_an_experiment_takes_nothing_along() {
    let site = Site::new(&[]);
    let run = site.run_in("0");
    let location = format!("mlflow-artifacts:/0/{run}/artifacts/inner");
    site.post(
        "experiments/create",
        json!({"name": "inner", "artifact_location": location}),
    );
    site.delete(&run);
    let report = site.gc_well(&[]);
    let why = said(&report, "left", &format!("run {run}")).unwrap();
    assert!(why.contains("experiment 1"), "{why}");
    assert!(site.has_artifact("0", &run));
}

#[test]
fn a_deleted_model_in_a_run_s_folder_leaves_the_run_whole() {
    let site = Site::new(&[]);
    let run = site.run_in("0");
    let model = site.model_in("0");
    site.database.execute(&format!(
        "UPDATE logged_model SET stage = 2, \
         artifact_location = 'mlflow-artifacts:/0/{run}/artifacts' WHERE uuid = '{model}'"
    ));
    let report = site.gc_well(&[]);
    assert_eq!(report["logged_models"]["first"], json!([model]));
    assert!(
        said(&report, "left", &format!("logged model {model}")).is_some(),
        "{report}"
    );
    assert!(site.has_artifact("0", &run));
}

#[test]
fn a_model_in_use_keeps_the_folder_of_the_run_that_it_lies_in() {
    let site = Site::new(&[]);
    let run = site.run_in("0");
    let model = site.model_in("0");
    site.database.execute(&format!(
        "UPDATE logged_model SET \
         artifact_location = 'mlflow-artifacts:/0/{run}/artifacts/model' WHERE uuid = '{model}'"
    ));
    site.delete(&run);
    let report = site.gc_well(&[]);
    let why = said(&report, "left", &format!("run {run}")).unwrap();
    assert!(why.contains(&model), "{why}");
    assert!(site.has_artifact("0", &run) && !site.has_run(&run));
}

#[test]
fn two_deleted_runs_in_one_unusual_folder_take_it_with_the_last() {
    let site = Site::new(&[]);
    let runs = [site.deleted_run_in("0"), site.deleted_run_in("0")];
    site.put("shared/x/a.txt");
    for run in &runs {
        site.move_run(run, "mlflow-artifacts:/shared/x");
    }
    site.gc_well(&["--run", &runs[0]]);
    assert!(site.artifacts().join("shared/x/a.txt").exists());
    site.gc_well(&["--run", &runs[1]]);
    assert!(!site.artifacts().join("shared/x").exists());
}

#[test]
fn links_are_removed_and_not_followed() {
    let site = Site::new(&[]);
    let outside = site.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("a.txt"), "data").unwrap();
    let [inner, itself, above] = [(); 3].map(|()| site.deleted_run_in("0"));
    symlink(&outside, site.folder_of("0", &inner).join("artifacts/link")).unwrap();
    for path in [
        site.folder_of("0", &itself).join("artifacts"),
        site.folder_of("0", &above),
    ] {
        fs::remove_dir_all(&path).unwrap();
        symlink(&outside, &path).unwrap();
    }
    fs::create_dir(outside.join("artifacts")).unwrap();
    fs::write(outside.join("artifacts/a.txt"), "data").unwrap();
    site.gc_well(&[]);
    assert!(outside.join("a.txt").exists() && outside.join("artifacts/a.txt").exists());
    assert!(!site.folder_of("0", &inner).exists());
    for run in [inner, itself, above] {
        assert!(!site.has_run(&run));
    }
}
