//! Small stores for tests, written by hand.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tidemill_core::transfer::Fault;

use super::FileStore;
use super::root::Root;

pub(super) struct Given(TempDir);

impl Given {
    /// An empty folder.
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// With experiment 1, which has one run, `r1`.
    pub(super) fn store() -> Self {
        let given = Self::new();
        given.experiment("1", "one");
        given.run("1", "r1", "");
        given
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn root(&self) -> Root {
        Root::open(self.path()).unwrap()
    }

    pub(super) fn open(&self) -> FileStore {
        FileStore::open(self.path()).unwrap().unwrap()
    }

    pub(super) fn file(&self, path: &str, text: &str) {
        self.bytes(path, text.as_bytes());
    }

    pub(super) fn bytes(&self, path: &str, bytes: &[u8]) {
        std::fs::write(self.place(path), bytes).unwrap();
    }

    pub(super) fn link(&self, target: &str, path: &str) {
        std::os::unix::fs::symlink(target, self.place(path)).unwrap();
    }

    pub(super) fn experiment(&self, folder: &str, name: &str) {
        let id = folder.trim_start_matches(".trash/");
        self.file(
            &format!("{folder}/meta.yaml"),
            &format!(
                "artifact_location: s3://b/{id}\ncreation_time: 5\nexperiment_id: '{id}'\n\
                 last_update_time: 6\nlifecycle_stage: active\nname: {name}\n"
            ),
        );
    }

    /// A run with these lines more in its `meta.yaml`.
    pub(super) fn run(&self, experiment: &str, id: &str, more: &str) {
        let number = experiment.trim_start_matches(".trash/");
        self.file(
            &format!("{experiment}/{id}/meta.yaml"),
            &format!(
                "artifact_uri: s3://b/{number}/{id}/artifacts\nend_time: null\n\
                 experiment_id: '{number}'\nlifecycle_stage: active\nrun_id: {id}\n\
                 run_name: a name\nstart_time: 7\nstatus: 1\nuser_id: me\n{more}"
            ),
        );
    }

    fn place(&self, path: &str) -> PathBuf {
        let place = self.path().join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        place
    }
}

/// The faults as lines, each `what: why`.
pub(super) fn lines(faults: &[Fault]) -> Vec<String> {
    faults
        .iter()
        .map(|fault| format!("{}: {}", fault.what, fault.why))
        .collect()
}
