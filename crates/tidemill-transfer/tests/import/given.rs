//! Sources and targets.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tempfile::TempDir;
use tidemill_testkit::TestDatabase;
use tidemill_transfer::{
    Credentials, Error, Import, ImportReport, OnConflict, Source, VerifyReport, open, verify,
};

/// The tables and columns of MLflow 1.30, without what only it needs to know.
const TABLES: &str = "
    CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name, artifact_location,
        lifecycle_stage, creation_time BIGINT, last_update_time BIGINT);
    CREATE TABLE experiment_tags (key, value, experiment_id INTEGER);
    CREATE TABLE runs (run_uuid PRIMARY KEY, name, user_id, status, start_time BIGINT,
        end_time BIGINT, deleted_time BIGINT, lifecycle_stage, artifact_uri, experiment_id INTEGER);
    CREATE TABLE params (key, value, run_uuid);
    CREATE TABLE tags (key, value, run_uuid);
    CREATE TABLE metrics (key, value FLOAT, timestamp BIGINT, run_uuid, step BIGINT, is_nan BOOLEAN);
    CREATE TABLE latest_metrics (key, value FLOAT, timestamp BIGINT, step BIGINT, is_nan BOOLEAN, run_uuid);
    CREATE TABLE registered_models (name PRIMARY KEY, creation_time BIGINT,
        last_updated_time BIGINT, description);
    CREATE TABLE registered_model_tags (key, value, name);
    CREATE TABLE model_versions (name, version INTEGER, creation_time BIGINT,
        last_updated_time BIGINT, description, user_id, current_stage, source, run_id, status,
        status_message, run_link);
    CREATE TABLE model_version_tags (key, value, name, version INTEGER);
    CREATE TABLE alembic_version (version_num);
";

/// One experiment, three runs, one of them deleted, and a model with two versions, of which the
/// second was deleted.
const CONTENT: &str = "
    INSERT INTO experiments VALUES (7, 'größe', 's3://bucket/7', 'active', 11, 12);
    INSERT INTO experiment_tags VALUES ('team', 'a', 7);
    INSERT INTO runs VALUES ('r1', 'one', 'me', 'FINISHED', 1, 2, NULL, 'active', 's3://bucket/7/r1/artifacts', 7);
    INSERT INTO runs VALUES ('r2', '', NULL, 'RUNNING', 3, NULL, NULL, 'active', 's3://bucket/7/r2/artifacts', 7);
    INSERT INTO runs VALUES ('r3', 'gone', 'me', 'FAILED', 5, 6, 9, 'deleted', 's3://bucket/7/r3/artifacts', 7);
    INSERT INTO params VALUES ('lr', '0.1', 'r1'), ('a/b c', '', 'r2');
    INSERT INTO tags VALUES ('mlflow.runName', 'two', 'r2'), ('note', NULL, 'r1');
    INSERT INTO metrics VALUES ('loss', 0.5, 100, 'r1', 0, 0), ('loss', 0.25, 101, 'r1', 1, 0),
        ('loss', 0, 102, 'r1', 2, 1), ('acc', 1.7976931348623157e308, 1, 'r3', -5, 0);
    INSERT INTO registered_models VALUES ('m', 1, 2, 'a model');
    INSERT INTO registered_model_tags VALUES ('k', 'v', 'm');
    INSERT INTO model_versions VALUES ('m', 1, 3, 4, NULL, 'me', 'Production', 's3://x', 'r1', 'READY', NULL, NULL);
    INSERT INTO model_versions VALUES ('m', 2, 3, 4, NULL, NULL, 'Deleted_Internal', NULL, NULL, 'READY', NULL, NULL);
    INSERT INTO model_version_tags VALUES ('vk', 'vv', 'm', 1);
";

/// A database of MLflow's.
pub(crate) struct Given {
    folder: TempDir,
}

impl Given {
    /// With some content, and what `more` says.
    pub(crate) fn with(more: &str) -> Self {
        let given = Self::without_content();
        given.execute(CONTENT);
        given.execute(more);
        given
    }

    pub(crate) fn without_content() -> Self {
        let given = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        given.execute(TABLES);
        given
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("mlflow.db")
    }

    pub(crate) fn execute(&self, sql: &str) {
        let file = self.file();
        let mut db = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        db.batch_execute(sql).unwrap();
    }

    pub(crate) fn source(&self) -> Box<dyn Source> {
        opened(self.file().to_str().unwrap()).unwrap()
    }

    /// What an import of it into that database reports.
    pub(crate) fn import_into(&self, target: &TestDatabase, rule: OnConflict) -> ImportReport {
        import(&mut *self.source(), target, rule)
    }

    pub(crate) fn verified(&self, target: &TestDatabase) -> VerifyReport {
        verify(&mut *self.source(), target.url(), |_| {}).unwrap()
    }
}

pub(crate) fn opened(place: &str) -> Result<Box<dyn Source>, Error> {
    open(place, Credentials::None)
}

/// The whole of a source into that database, where conflicts are reported.
pub(crate) fn import_of(target: &TestDatabase) -> Import {
    Import {
        into: target.url().clone(),
        on_conflict: OnConflict::Fail,
        dry_run: false,
        experiments: Vec::new(),
        models: Vec::new(),
        since: None,
    }
}

pub(crate) fn import(
    source: &mut dyn Source,
    target: &TestDatabase,
    on_conflict: OnConflict,
) -> ImportReport {
    let import = Import {
        on_conflict,
        ..import_of(target)
    };
    import.run(source, |_| {}).unwrap()
}

/// What was added, brought up to date or replaced, of all kinds.
pub(crate) fn written(report: &ImportReport) -> u64 {
    let kinds = report.kinds.values();
    kinds
        .map(|tally| tally.added + tally.updated + tally.replaced)
        .sum()
}

/// What is wrong with each thing that was left out.
pub(crate) fn faults(report: &ImportReport) -> Vec<String> {
    let faults = report.faults.first.iter();
    faults
        .map(|fault| format!("{}: {}", fault.what, fault.why))
        .collect()
}
