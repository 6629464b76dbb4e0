//! Sources that nobody should have, and some do.

use std::fs;

use tidemill_core::experiments::Experiment;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{CarriedModel, Fault, Kind, RunHead, RunPiece};
use tidemill_testkit::TestDatabase;
use tidemill_transfer::{Count, Error, Import, OnConflict, Result, Source};

use crate::given::{Given, faults, import_of, opened};

/// Imports what is given, of which only `runs` can be carried, and gives the faults.
fn only(given: &Given, runs: u64) -> Vec<String> {
    let target = TestDatabase::sqlite();
    let report = given.import_into(&target, OnConflict::Fail);
    assert_eq!(report.kinds[&Kind::Run].added, runs, "{report}");
    assert!(report.is_good(), "{report}");
    assert!(given.verified(&target).is_good());
    faults(&report)
}

#[test]
fn a_run_with_a_text_that_is_not_utf8_is_left_out() {
    let given = Given::with("INSERT INTO params VALUES ('p', CAST(x'ff41' AS TEXT), 'r2')");
    assert_eq!(only(&given, 2), ["run r2: a text in it is not UTF-8"]);
}

#[test]
fn a_run_with_a_nul_character_is_left_out() {
    let given = Given::with("INSERT INTO tags VALUES ('t', 'a' || char(0) || 'b', 'r1')");
    assert_eq!(
        only(&given, 2),
        ["run r1: a text in it has a NUL character"]
    );
}

#[test]
fn a_number_that_is_none_is_no_zero() {
    let given = Given::with("UPDATE runs SET end_time = 'yesterday' WHERE run_uuid = 'r1'");
    assert_eq!(
        only(&given, 2),
        ["run r1: a number in it is of another type"]
    );
}

#[test]
fn a_run_in_an_unknown_state_is_left_out() {
    let given = Given::with("UPDATE runs SET status = 'DREAMING' WHERE run_uuid = 'r3'");
    assert_eq!(only(&given, 2), ["run r3: its status is 'DREAMING'"]);
}

#[test]
fn a_run_without_its_experiment_is_left_out() {
    let given = Given::with("UPDATE runs SET experiment_id = 99 WHERE run_uuid = 'r1'");
    assert_eq!(only(&given, 2), ["run r1: its experiment is not there"]);
}

#[test]
fn points_that_cannot_be_read_are_counted_and_the_others_come() {
    let given = Given::with(
        "INSERT INTO metrics VALUES ('loss', 'high', 103, 'r1', 3, 0), ('loss', 1, NULL, 'r1', 4, 0)",
    );
    let faults = only(&given, 3);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("2 points of run r1: "), "{faults:?}");
}

#[test]
fn a_run_that_lost_points_is_read_and_reported_again_until_it_is_whole() {
    let given = Given::with("INSERT INTO metrics VALUES ('loss', 'high', 103, 'r1', 3, 0)");
    let target = TestDatabase::sqlite();
    for _ in 0..2 {
        let report = given.import_into(&target, OnConflict::Fail);
        assert_eq!(report.faults.count, 1, "{report}");
    }
    given.execute("UPDATE metrics SET value = 4 WHERE value = 'high'");
    let report = given.import_into(&target, OnConflict::Fail);
    assert_eq!(
        (report.faults.count, report.kinds[&Kind::Run].updated),
        (0, 1),
        "{report}"
    );
    assert!(given.verified(&target).is_good());
}

#[test]
fn a_param_that_is_there_twice_leaves_its_run_out() {
    let given = Given::with("INSERT INTO params VALUES ('lr', '0.2', 'r1')");
    let target = TestDatabase::sqlite();
    let report = given.import_into(&target, OnConflict::Fail);
    assert_eq!(report.kinds[&Kind::Run].added, 2, "{report}");
    assert_eq!(faults(&report), ["run r1: its param \"lr\" is there twice"]);
}

#[test]
fn an_id_that_is_no_text_ends_nothing() {
    let given = Given::with("UPDATE runs SET run_uuid = CAST('r3' AS BLOB) WHERE run_uuid = 'r3'");
    let target = TestDatabase::sqlite();
    let report = given.import_into(&target, OnConflict::Fail);
    assert!(report.kinds[&Kind::Run].added >= 2, "{report}");
    given.verified(&target);
}

#[test]
fn models_whose_names_are_no_texts_are_told_and_end_the_list() {
    for name in ["CAST(x'ff41' AS TEXT)", "CAST('z' AS BLOB)"] {
        let given = Given::with(&format!(
            "INSERT INTO registered_models VALUES ({name}, 1, 2, NULL)"
        ));
        let target = TestDatabase::sqlite();
        let report = given.import_into(&target, OnConflict::Fail);
        assert!(report.kinds[&Kind::RegisteredModel].added >= 1, "{report}");
        assert!(report.faults.count >= 1, "{report}");
    }
    let given = Given::with(
        "DELETE FROM model_versions; DELETE FROM model_version_tags; DELETE FROM registered_model_tags;
         UPDATE registered_models SET name = CAST(x'ff41' AS TEXT)",
    );
    let expected =
        "1 registered models: their ids are no texts, so that nothing after them is found";
    assert_eq!(only(&given, 3), [expected]);
}

/// A source whose connection breaks after so many pieces.
struct Breaking {
    source: Box<dyn Source>,
    pieces: usize,
}

impl Source for Breaking {
    fn name(&self) -> String {
        self.source.name()
    }

    fn counts(&mut self) -> Result<Vec<Count>> {
        self.source.counts()
    }

    fn left_out(&mut self) -> Result<Vec<Count>> {
        self.source.left_out()
    }

    fn experiments(&mut self, faults: &mut Vec<Fault>) -> Result<Vec<Experiment>> {
        self.source.experiments(faults)
    }

    fn run_heads(
        &mut self,
        after: Option<&RunId>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<RunHead>> {
        self.source.run_heads(after, limit, faults)
    }

    fn runs(
        &mut self,
        heads: &[RunHead],
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
        faults: &mut Vec<Fault>,
    ) -> Result<()> {
        let left = &mut self.pieces;
        let mut until = |piece| match left.checked_sub(1) {
            None => Err(Error::Source(String::from("the connection broke"))),
            Some(less) => {
                *left = less;
                each(piece)
            }
        };
        self.source.runs(heads, &mut until, faults)
    }

    fn logged_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>> {
        self.source.logged_models(after, limit, faults)
    }

    fn registered_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<CarriedModel>> {
        self.source.registered_models(after, limit, faults)
    }
}

#[test]
fn a_source_that_breaks_anywhere_leaves_no_half_of_a_run() {
    // Points in such numbers that they go to the writer before their run ends.
    let given = Given::with(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
         INSERT INTO metrics SELECT 'k' || (i % 3), i * 0.5, i, 'r2', i, 0 FROM n",
    );
    let target = TestDatabase::sqlite();
    let import = import_of(&target);
    for pieces in 0..10 {
        let source = given.source();
        let mut breaking = Breaking { source, pieces };
        let why = import.run(&mut breaking, |_| {}).err().unwrap().to_string();
        assert!(why.contains("the connection broke"), "{why}");
    }
    let report = given.import_into(&target, OnConflict::Fail);
    assert!(report.is_good(), "{report}");
    assert!(given.verified(&target).is_good());
}

#[test]
fn versions_without_their_model_are_counted() {
    let given = Given::with("UPDATE model_versions SET name = 'n' WHERE version = 1");
    let faults = only(&given, 3);
    assert_eq!(
        faults,
        ["versions of 1 registered models: what they belong to is not there"]
    );
}

#[test]
fn what_belongs_to_nothing_is_counted() {
    let given = Given::with(
        "INSERT INTO params VALUES ('p', 'v', 'nobody'), ('q', 'v', 'nobody'), ('p', 'v', 'none');
         INSERT INTO metrics VALUES ('m', 1, 1, 'nobody', 1, 0);
         INSERT INTO experiment_tags VALUES ('t', 'v', 999)",
    );
    let expected = [
        "tags of 1 experiments: what they belong to is not there",
        "params of 2 runs: what they belong to is not there",
        "metric points of 1 runs: what they belong to is not there",
    ];
    assert_eq!(only(&given, 3), expected);
}

#[test]
fn what_cannot_be_held_is_counted() {
    let given = Given::with(
        "CREATE TABLE trace_info (request_id); INSERT INTO trace_info VALUES ('a'), ('b');
         CREATE TABLE of_the_future (x); INSERT INTO of_the_future VALUES (1);
         ALTER TABLE runs ADD COLUMN of_the_future;",
    );
    let target = TestDatabase::sqlite();
    let report = given.import_into(&target, OnConflict::Fail);
    let left_out: Vec<String> = report
        .left_out
        .iter()
        .map(|left_out| format!("{} {}", left_out.count, left_out.what))
        .collect();
    assert_eq!(left_out, ["1 of_the_future", "2 trace_info"]);
    assert_eq!(report.kinds[&Kind::Run].added, 3);
}

#[test]
fn a_database_that_is_not_whole_is_refused() {
    let given = Given::with("DROP TABLE params");
    let refusal = opened(given.file().to_str().unwrap())
        .err()
        .unwrap()
        .to_string();
    assert!(
        refusal.contains("these tables are missing: params"),
        "{refusal}"
    );
    let given = Given::with("CREATE TABLE _alembic_tmp_runs (run_uuid)");
    let refusal = opened(given.file().to_str().unwrap())
        .err()
        .unwrap()
        .to_string();
    assert!(refusal.contains("_alembic_tmp_runs"), "{refusal}");
}

#[test]
fn what_is_no_source_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let place = file.to_str().unwrap();
    for place in [place, "sqlite:////nowhere/x.db", "mssql://host/db", ""] {
        assert!(opened(place).is_err(), "{place}");
        assert!(!file.exists(), "{place}");
    }
    fs::write(
        &file,
        "no database, but long enough to be taken for one by its size",
    )
    .unwrap();
    assert!(opened(place).is_err());
    fs::write(&file, "").unwrap();
    let refusal = opened(place).err().unwrap().to_string();
    assert!(
        refusal.contains("neither MLflow's nor Tidemill's"),
        "{refusal}"
    );
}

#[test]
fn a_damaged_file_ends_the_import_and_leaves_nothing() {
    let given = Given::with(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO metrics SELECT 'long', i * 0.5, i, 'r2', i, 0 FROM n",
    );
    let mut bytes = fs::read(given.file()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xa5);
    fs::write(given.file(), bytes).unwrap();
    let target = TestDatabase::sqlite();
    let import = import_of(&target);
    let outcome = opened(given.file().to_str().unwrap())
        .and_then(|mut source| import.run(&mut *source, |_| {}));
    assert!(outcome.is_err());
    assert!(opened(&target.uri()).is_err(), "something was made");
}

#[test]
fn nothing_is_written_into_a_database_of_mlflow() {
    let given = Given::with("");
    let before = fs::read(given.file()).unwrap();
    let into = tidemill_store::DatabaseUrl::Sqlite(given.file());
    let import = Import {
        into,
        ..import_of(&TestDatabase::sqlite())
    };
    let why = import
        .run(&mut *Given::with("").source(), |_| {})
        .err()
        .unwrap()
        .to_string();
    assert!(why.contains("The database is MLflow's"), "{why}");
    let why = import.run(&mut *given.source(), |_| {}).err().unwrap();
    assert!(why.to_string().contains("is the source itself"), "{why}");
    assert!(fs::read(given.file()).unwrap() == before);
}

#[test]
fn the_source_stays_as_it_is() {
    let given = Given::with("");
    let before = fs::read(given.file()).unwrap();
    only(&given, 3);
    assert!(fs::read(given.file()).unwrap() == before);
}

#[test]
fn a_model_that_the_database_refuses_is_left_out_by_itself() {
    let given = Given::with(
        "INSERT INTO registered_models VALUES ('after', 1, 2, NULL), ('before', 1, 2, NULL);
         INSERT INTO model_versions SELECT * FROM model_versions WHERE version = 1;",
    );
    let target = TestDatabase::sqlite();
    let report = given.import_into(&target, OnConflict::Fail);
    assert_eq!(report.kinds[&Kind::RegisteredModel].added, 2, "{report}");
    let faults = faults(&report);
    assert_eq!(faults.len(), 1, "{faults:?}");
    let why = "registered model m: the database refuses it: ";
    assert!(faults[0].starts_with(why), "{faults:?}");
}

/// Databases without MLflow's keys hold it. The other runs come whole.
#[test]
fn a_run_that_read_a_dataset_twice_is_left_out() {
    let given = Given::with(
        "CREATE TABLE datasets (dataset_uuid, experiment_id INTEGER, name, digest,
             dataset_source_type, dataset_source, dataset_schema, dataset_profile);
         CREATE TABLE inputs (input_uuid, source_type, source_id, destination_type, destination_id);
         INSERT INTO datasets VALUES ('d1', 7, 'd', '1', 'local', '{}', NULL, NULL);
         INSERT INTO inputs VALUES ('i1', 'DATASET', 'd1', 'RUN', 'r2'), ('i2', 'DATASET', 'd1', 'RUN', 'r2');",
    );
    let target = TestDatabase::sqlite();
    let report = given.import_into(&target, OnConflict::Fail);
    let why = "run r2: its dataset (\"d\", \"1\") is there twice";
    assert_eq!(faults(&report), [why]);
    assert_eq!(report.kinds[&Kind::Run].added, 2, "{report}");
    let verified = given.verified(&target);
    let missing: Vec<&str> = verified
        .differences
        .first
        .iter()
        .map(|one| &*one.what)
        .collect();
    assert_eq!(missing, ["run r2"], "{verified}");
}
