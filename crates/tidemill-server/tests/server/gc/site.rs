//! A server whose things are purged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use tidemill_testkit::{TestDatabase, TestServer};

use crate::support::{BINARY, folder_on_s3, launch, s3};

pub(crate) const API: &str = "/api/2.0/mlflow";
const PROXY: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// A server, its database and its folder.
pub(crate) struct Site {
    pub(crate) server: TestServer,
    pub(crate) database: TestDatabase,
    pub(crate) folder: TempDir,
    /// What the command is given of the storage.
    storage: Vec<(&'static str, String)>,
}

impl Site {
    pub(crate) fn new(args: &[&str]) -> Self {
        Self::with_storage(args, Vec::new())
    }

    /// With a bucket for artifacts, if the tests have a server for one.
    pub(crate) fn on_s3() -> Option<Self> {
        let mut storage = Vec::from(s3()?);
        storage.push(("MLFLOW_ARTIFACTS_DESTINATION", folder_on_s3()));
        Some(Self::with_storage(&[], storage))
    }

    fn with_storage(args: &[&str], storage: Vec<(&'static str, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = TestDatabase::sqlite();
        let uri = database.uri();
        let server = launch(folder.path()).args(&["--backend-store-uri", &uri]);
        Self {
            server: server.envs(&storage).args(args).start(),
            database,
            folder,
            storage,
        }
    }

    /// Where artifacts are.
    pub(crate) fn artifacts(&self) -> PathBuf {
        self.folder.path().join("tidemill-data/artifacts")
    }

    /// `tidemill gc` on the server's data.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(["gc", "--backend-store-uri", &self.database.uri()])
            .args(args)
            .envs(self.storage.iter().cloned())
            .current_dir(self.folder.path());
        command
    }

    /// What it did, with everything deleted until now old enough unless `args` say otherwise.
    pub(crate) fn gc(&self, args: &[&str]) -> (Output, Value) {
        let file = self.folder.path().join("report.json");
        let _ = fs::remove_file(&file);
        let mut command = self.command(&["--json", "report.json"]);
        if !args.contains(&"--older-than") {
            command.args(["--older-than", "0s"]);
        }
        let output = command.args(args).output().unwrap();
        let report = fs::read(&file).map(|text| serde_json::from_slice(&text).unwrap());
        (output, report.unwrap_or_default())
    }

    /// The same, and it went well.
    pub(crate) fn gc_well(&self, args: &[&str]) -> Value {
        let (output, report) = self.gc(args);
        assert!(output.status.success(), "{output:?}");
        report
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.server.post(&format!("{API}/{path}"), &body);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    pub(crate) fn experiment(&self, name: &str) -> String {
        text(&self.post("experiments/create", json!({"name": name}))["experiment_id"])
    }

    /// A run with one artifact of four bytes.
    pub(crate) fn run_in(&self, experiment: &str) -> String {
        let made = self.post("runs/create", json!({"experiment_id": experiment}));
        let run = text(&made["run"]["info"]["run_id"]);
        self.put(&format!("{experiment}/{run}/artifacts/a.txt"));
        run
    }

    pub(crate) fn deleted_run_in(&self, experiment: &str) -> String {
        let run = self.run_in(experiment);
        self.delete(&run);
        run
    }

    pub(crate) fn delete(&self, run: &str) {
        self.post("runs/delete", json!({"run_id": run}));
    }

    pub(crate) fn model_in(&self, experiment: &str) -> String {
        let made = self.post(
            "logged-models",
            json!({"experiment_id": experiment, "name": "m"}),
        );
        let model = text(&made["model"]["info"]["model_id"]);
        self.put(&format!("{experiment}/models/{model}/artifacts/MLmodel"));
        model
    }

    pub(crate) fn put(&self, path: &str) {
        let answer = self
            .server
            .send("PUT", &format!("{PROXY}/{path}"), &[], b"data");
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }

    pub(crate) fn has_run(&self, run: &str) -> bool {
        match self
            .server
            .get(&format!("{API}/runs/get?run_id={run}"))
            .status
        {
            200 => true,
            404 => false,
            status => panic!("{status}"),
        }
    }

    /// Whether the artifact of a run is there.
    pub(crate) fn has_artifact(&self, experiment: &str, run: &str) -> bool {
        self.folder_of(experiment, run)
            .join("artifacts/a.txt")
            .exists()
    }

    /// What the server says of a run's artifact, wherever it is.
    pub(crate) fn artifact_status(&self, experiment: &str, run: &str) -> u16 {
        let path = format!("{PROXY}/{experiment}/{run}/artifacts/a.txt");
        self.server.get(&path).status
    }

    pub(crate) fn folder_of(&self, experiment: &str, run: &str) -> PathBuf {
        self.artifacts().join(experiment).join(run)
    }

    /// Says where a run's artifacts are, as an import may.
    pub(crate) fn move_run(&self, run: &str, location: &str) {
        self.database.execute(&format!(
            "UPDATE run SET artifact_uri = '{location}' WHERE uuid = '{run}'"
        ));
    }
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// What the report says about something in one of its lists.
pub(crate) fn said<'r>(report: &'r Value, list: &str, what: &str) -> Option<&'r str> {
    let remarks = report[list]["first"].as_array()?;
    let remark = remarks.iter().find(|remark| remark["what"] == what)?;
    remark["why"].as_str()
}

/// Makes a folder and all in it as old as the hills.
pub(crate) fn age(path: &Path) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            age(&entry.unwrap().path());
        }
    }
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    fs::File::open(path)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
}
