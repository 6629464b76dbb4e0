//! From our databases into MLflow's.

use tidemill_core::transfer::Kind;
use tidemill_store::DatabaseUrl;
use tidemill_testkit::TestDatabase;
use tidemill_transfer::{Error, Export, ExportReport, MlflowProgram, OnConflict};

use crate::given::{import, opened};
use crate::mlflow_tables::{CONTENT, content, make_tables};

/// An MLflow database with everything, and `more`.
fn given(more: &str) -> TestDatabase {
    let mlflow = TestDatabase::sqlite();
    make_tables(&mlflow);
    mlflow.execute(CONTENT);
    mlflow.execute(more);
    mlflow
}

/// One of ours that has what is in `mlflow`.
fn ours(mlflow: &TestDatabase) -> TestDatabase {
    let ours = TestDatabase::sqlite();
    let mut source = opened(&mlflow.uri()).unwrap();
    let report = import(&mut *source, &ours, OnConflict::Fail);
    assert!(report.is_good() && report.faults.count == 0, "{report}");
    ours
}

/// One with MLflow's tables and nothing in them.
fn fresh() -> TestDatabase {
    let target = TestDatabase::sqlite();
    make_tables(&target);
    target
}

fn export(from: &TestDatabase, to: &TestDatabase) -> Result<ExportReport, Error> {
    let export = Export {
        from: from.url().clone(),
        to: to.url().clone(),
        uri: to.uri(),
        mlflow: MlflowProgram {
            path: "/there/is/no/mlflow".into(),
        },
    };
    export.run(|_| {})
}

/// Why an export is refused.
fn refusal(from: &TestDatabase, to: &TestDatabase) -> String {
    export(from, to).unwrap_err().to_string()
}

fn faults(report: &ExportReport) -> Vec<String> {
    let faults = report.faults.first.iter();
    faults
        .map(|fault| format!("{}: {}", fault.what, fault.why))
        .collect()
}

#[test]
fn what_came_from_mlflow_goes_back_as_it_was() {
    let (mlflow, target) = (given(""), fresh());
    let report = export(&ours(&mlflow), &target).unwrap();
    assert!(report.is_good(), "{report}");
    assert_eq!(report.points, 9);
    assert_eq!(content(&mlflow), content(&target));
    assert!(refusal(&ours(&mlflow), &target).contains("holds something already"));
}

fn everything_goes(target: &TestDatabase) {
    make_tables(target);
    let long = "
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59999)
        INSERT INTO metrics SELECT 'long', i * 0.5, i / 2, 'r2', i, 0 FROM n;
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
        INSERT INTO runs SELECT 'n' || i, 'run ' || i, 'UNKNOWN', '', '', 'me', 'FINISHED', i, i + 1, '',
            'active', 'x', 7, NULL FROM n;";
    let report = export(&ours(&given(long)), target).unwrap();
    assert!(report.is_good(), "{report}");
    assert_eq!(report.kinds[&Kind::Run].written, 504);
    assert_eq!(report.points, 60_009);
    // The database gives the next number to the next experiment: runs of servers refer to it.
    target.execute(
        "INSERT INTO experiments (name) VALUES ('next');
         UPDATE runs SET experiment_id = 10 WHERE run_uuid = 'r1'",
    );
}

#[test]
fn everything_goes_into_sqlite() {
    everything_goes(&TestDatabase::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn everything_goes_into_postgres() {
    if let Some(target) = TestDatabase::empty_postgres() {
        everything_goes(&target);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn everything_goes_into_mysql() {
    if let Some(target) = TestDatabase::mysql() {
        everything_goes(&target);
    }
}

/// What columns of a server do not hold, and SQLite's do.
const TOO_MUCH: &str = "
    INSERT INTO params VALUES ('long', printf('%.9000c', 'x'), 'r1');
    INSERT INTO metrics VALUES (printf('%.300c', 'k'), 1.0, 1, 'r2', 1, 0);
    INSERT INTO experiments VALUES (123456789012345678, 'of a file store', 'x', 'active', 1, 1, 'default');
    INSERT INTO runs VALUES ('r4', 'four', '', '', '', '', 'FINISHED', 1, 2, '', 'active', 'x', 123456789012345678, NULL);
    INSERT INTO registered_models VALUES ('n', 1, 2, printf('%.5001c', 'd'), 'default');
";

fn what_cannot_be_held_is_told_and_the_rest_goes(target: &TestDatabase) {
    make_tables(target);
    let report = export(&ours(&given(TOO_MUCH)), target).unwrap();
    assert!(!report.is_good());
    assert!(report.verified.is_good(), "{report}");
    let faults = faults(&report);
    let expected = [
        "experiment 123456789012345678: its number 123456789012345678 is larger",
        "run r4: its experiment cannot be held there",
        "run r1: its param 'long' has 9000 characters, and the column params.value holds 8000",
        "run r2: the name of its metric 'kkk",
        "registered model n: its description has 5001 characters",
    ];
    for what in expected {
        assert!(
            faults.iter().any(|fault| fault.starts_with(what)),
            "{what}: {faults:?}"
        );
    }
    assert_eq!(report.kinds[&Kind::Run].written, 1, "{report}");
    assert_eq!(report.kinds[&Kind::RegisteredModel].written, 2);
}

#[cfg(feature = "postgres")]
#[test]
fn what_postgres_cannot_hold_is_told_and_the_rest_goes() {
    if let Some(target) = TestDatabase::empty_postgres() {
        what_cannot_be_held_is_told_and_the_rest_goes(&target);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn what_mysql_cannot_hold_is_told_and_the_rest_goes() {
    if let Some(target) = TestDatabase::mysql() {
        what_cannot_be_held_is_told_and_the_rest_goes(&target);
    }
}

/// MLflow's columns on MySQL tell no case.
#[cfg(feature = "mysql")]
#[test]
fn a_run_whose_params_mysql_takes_for_one_is_told() {
    let Some(target) = TestDatabase::mysql() else {
        return;
    };
    make_tables(&target);
    let mlflow = given("INSERT INTO params VALUES ('LR', '1', 'r1')");
    let report = export(&ours(&mlflow), &target).unwrap();
    let faults = faults(&report);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].starts_with("run r1: the database refuses it: Duplicate entry"),
        "{faults:?}"
    );
    assert_eq!(report.kinds[&Kind::Run].written, 2);
}

#[test]
fn sqlite_holds_what_servers_do_not() {
    let target = fresh();
    let report = export(&ours(&given(TOO_MUCH)), &target).unwrap();
    assert!(report.is_good(), "{report}");
}

#[test]
fn a_folder_that_is_not_there_is_told_at_once() {
    let ours = ours(&given(""));
    let nowhere = DatabaseUrl::Sqlite("/nowhere/at/all/mlflow.db".into());
    let export = Export {
        from: ours.url().clone(),
        to: nowhere,
        uri: String::from("sqlite:////nowhere/at/all/mlflow.db"),
        mlflow: MlflowProgram {
            path: "/there/is/no/mlflow".into(),
        },
    };
    let why = export.run(|_| {}).unwrap_err().to_string();
    assert!(
        why.contains("/nowhere/at/all cannot be written to"),
        "{why}"
    );
}

#[test]
fn other_databases_are_refused_as_they_are() {
    let ours = ours(&given(""));
    let refused = |change: &str, why: &str| {
        let target = fresh();
        target.execute(change);
        let before = std::fs::read(target.uri().trim_start_matches("sqlite:///")).unwrap();
        let refusal = refusal(&ours, &target);
        assert!(refusal.contains(why), "{refusal}");
        let after = std::fs::read(target.uri().trim_start_matches("sqlite:///")).unwrap();
        assert!(before == after, "{change}");
    };
    refused(
        "UPDATE alembic_version SET version_num = 'acf3f17fdcc7'",
        "revision acf3f17fdcc7",
    );
    refused("DELETE FROM alembic_version", "of no version");
    refused("DROP TABLE params", "params");
    refused("DROP TABLE runs", "not MLflow's");
    refused("INSERT INTO trace_info VALUES ('t')", "trace_info");
    refused("INSERT INTO workspaces VALUES ('other', '')", "workspaces");
    refused(
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'x', 'active')",
        "experiments",
    );
    refused(
        "UPDATE alembic_version SET version_num = 'tidemill_export_unfinished'",
        "broken off",
    );
}

#[test]
fn the_experiment_that_mlflow_makes_by_itself_is_no_content() {
    let target = fresh();
    target.execute(
        "INSERT INTO experiments VALUES (0, 'Default', 'elsewhere', 'active', 77, 77, 'default')",
    );
    let mlflow = given("");
    assert!(export(&ours(&mlflow), &target).unwrap().is_good());
    assert_eq!(content(&mlflow), content(&target));
}

#[test]
fn databases_of_ours_are_no_targets() {
    let one = ours(&given(""));
    assert!(refusal(&one, &one).contains("the database to export from"));
    let other = TestDatabase::sqlite();
    drop(other.open());
    assert!(refusal(&one, &other).contains("of Tidemill's"));
    assert!(refusal(&fresh(), &fresh()).contains("no database of Tidemill's"));
}

#[test]
fn without_mlflow_the_command_to_run_is_told() {
    let target = TestDatabase::sqlite();
    let refusal = refusal(&ours(&given("")), &target);
    let command = format!("/there/is/no/mlflow db upgrade '{}'", target.uri());
    assert!(refusal.contains(&command), "{refusal}");
    assert!(refusal.contains("--mlflow PATH"), "{refusal}");
}

#[test]
fn an_export_that_cannot_go_on_leaves_a_target_that_nobody_serves() {
    let (ours, target) = (ours(&given("")), fresh());
    // The second page finds a table away: not what a row holds, but the database is at fault.
    target.execute("CREATE TRIGGER away BEFORE INSERT ON registered_models BEGIN SELECT RAISE(ABORT, 'database is locked'); END");
    let error = refusal(&ours, &target);
    assert!(error.contains("is not whole"), "{error}");
    target.execute("DROP TRIGGER away");
    assert!(refusal(&ours, &target).contains("broken off"));
}
