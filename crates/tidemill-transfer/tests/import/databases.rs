//! The same import into every database, and from one of ours into another.

use tidemill_core::runs::RunId;
use tidemill_core::transfer::{Kind, RunPiece};
use tidemill_store::{DatabaseUrl, MlflowDatabase};
use tidemill_testkit::TestDatabase;
use tidemill_transfer::{Import, OnConflict};

use crate::given::{Given, import, import_of, opened, written};

/// Long histories, points that were logged again, more runs than a page has.
pub(crate) const MUCH: &str = "
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
    INSERT INTO metrics SELECT 'long', i * 0.5, i / 2, 'r2', i % 5000, 0 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
    INSERT INTO runs SELECT 'n' || i, 'run ' || i, 'me', 'FINISHED', i, i + 1, NULL, 'active', 'x', 7 FROM n;
    INSERT INTO params SELECT 'p', run_uuid, run_uuid FROM runs;
    INSERT INTO metrics SELECT 'm', start_time, 1, run_uuid, 1, 0 FROM runs;
";

fn everything_comes(target: &TestDatabase) {
    let given = Given::with(MUCH);
    let report = given.import_into(target, OnConflict::Fail);
    assert!(report.is_good(), "{report}");
    assert_eq!(report.kinds[&Kind::Run].added, 1204);
    assert_eq!(report.points, 4 + 10_000 + 1204);
    assert!(given.verified(target).is_good());
    assert_eq!(written(&given.import_into(target, OnConflict::Fail)), 0);
    given.execute("UPDATE runs SET end_time = 77 WHERE run_uuid LIKE 'n1%'");
    let report = given.import_into(target, OnConflict::Fail);
    assert_eq!(report.kinds[&Kind::Run].updated, 312, "{report}");
    assert!(given.verified(target).is_good());

    // From there into another one of ours, without a loss.
    let other = TestDatabase::sqlite();
    let report = import(
        &mut *opened(&target.uri()).unwrap(),
        &other,
        OnConflict::Fail,
    );
    assert!(report.is_good(), "{report}");
    assert!(given.verified(&other).is_good());
}

#[test]
fn everything_comes_into_sqlite() {
    everything_comes(&TestDatabase::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn everything_comes_into_postgres() {
    if let Some(target) = TestDatabase::postgres() {
        everything_comes(&target);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn everything_comes_into_mysql() {
    if let Some(target) = TestDatabase::mysql() {
        everything_comes(&target);
    }
}

#[test]
fn a_part_is_carried_when_a_part_is_asked_for() {
    let given = Given::with(
        "INSERT INTO experiments VALUES (8, 'other', 'x', 'active', 1, 1);
         INSERT INTO runs VALUES ('o', 'o', 'me', 'FINISHED', 9, 9, NULL, 'active', 'x', 8);
         INSERT INTO registered_models VALUES ('n', 1, 2, NULL)",
    );
    let part = |change: &dyn Fn(&mut Import)| {
        let target = TestDatabase::sqlite();
        let mut import = import_of(&target);
        change(&mut import);
        let report = import.run(&mut *given.source(), |_| {}).unwrap();
        assert!(report.is_good(), "{report}");
        let added = |kind| report.kinds.get(&kind).map_or(0, |tally| tally.added);
        let kinds = [Kind::Experiment, Kind::Run, Kind::RegisteredModel];
        kinds.map(added)
    };
    assert_eq!(part(&|_| {}), [2, 4, 2]);
    assert_eq!(part(&|i| i.experiments.push("other".into())), [1, 1, 0]);
    assert_eq!(part(&|i| i.experiments.push("7".into())), [1, 3, 0]);
    assert_eq!(part(&|i| i.models.push("n".into())), [0, 0, 1]);
    assert_eq!(part(&|i| i.since = Some(5)), [2, 2, 2]);
}

#[test]
fn a_verification_finds_what_is_missing_and_what_is_different() {
    let (given, target) = (Given::with(""), TestDatabase::sqlite());
    given.import_into(&target, OnConflict::Fail);
    target.execute("DELETE FROM run WHERE uuid = 'r1'; UPDATE run_tag SET value = 'x'");
    let report = given.verified(&target).to_string();
    for found in [
        "run r1",
        "it is not here",
        "run r2",
        "tag mlflow.runName: \"two\" in the source, \"x\" here",
        "3 runs in the source, 2 here",
    ] {
        assert!(report.contains(found), "{found}: {report}");
    }
}

/// Every point of a run, whatever the size of the slices it is read in.
#[test]
fn slices_of_a_long_history_lose_and_repeat_nothing() {
    let given = Given::with(MUCH);
    given.execute("INSERT INTO metrics SELECT key, value, timestamp, run_uuid, step, 1 FROM metrics WHERE step % 7 = 0");
    let read = |at_once| {
        let url = DatabaseUrl::Sqlite(given.file());
        let mut database = MlflowDatabase::open(&url).unwrap().unwrap();
        database = database.with_points_at_once(at_once);
        let mut faults = Vec::new();
        let heads = database.run_heads(None, 5000, &mut faults).unwrap();
        let ids: Vec<RunId> = heads.into_iter().map(|head| head.id).collect();
        let mut found = Vec::new();
        let mut longest = 0;
        let mut run = String::new();
        database
            .runs(
                &ids,
                &mut |piece| {
                    match piece {
                        RunPiece::Run(carried) => run = carried.run.info.id.0.clone(),
                        RunPiece::End { whole } => assert!(whole),
                        RunPiece::Points { key, points } => {
                            longest = longest.max(points.len());
                            found.extend(points.into_iter().map(|point| {
                                let value = point.value.to_bits();
                                (run.clone(), key.clone(), point.step, point.timestamp, value)
                            }));
                        }
                    }
                    Ok::<(), tidemill_core::Error>(())
                },
                &mut faults,
            )
            .unwrap();
        assert_eq!(faults, []);
        found.sort_unstable();
        (found, longest)
    };
    let (whole, _) = read(1_000_000);
    for at_once in [1, 100, 333] {
        let (slices, longest) = read(at_once);
        assert!(slices == whole, "{at_once}");
        assert!(longest <= at_once.max(2), "{at_once}: {longest}");
    }
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let given = Given::with("");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.db");
    let dry = |target: &DatabaseUrl| {
        let import = Import {
            into: target.clone(),
            dry_run: true,
            ..import_of(&TestDatabase::sqlite())
        };
        import.run(&mut *given.source(), |_| {}).unwrap()
    };
    let report = dry(&DatabaseUrl::Sqlite(file.clone()));
    assert_eq!(report.kinds[&Kind::Run].added, 3, "{report}");
    assert!(!file.exists());

    let target = TestDatabase::sqlite();
    given.import_into(&target, OnConflict::Fail);
    given.execute("UPDATE runs SET end_time = 77 WHERE run_uuid = 'r1'");
    let DatabaseUrl::Sqlite(file) = target.url() else {
        panic!("it is SQLite");
    };
    let content = || {
        let mut source = opened(&target.uri()).unwrap();
        source.run_heads(None, 10, &mut Vec::new()).unwrap()
    };
    let (before, size) = (content(), file.metadata().unwrap().len());
    let report = dry(target.url());
    assert_eq!(report.kinds[&Kind::Run].updated, 1, "{report}");
    assert_eq!(report.kinds[&Kind::Run].unchanged, 2, "{report}");
    assert_eq!((content(), file.metadata().unwrap().len()), (before, size));
    assert_eq!(written(&given.import_into(&target, OnConflict::Fail)), 1);
}

/// What SQLite holds, and a database server does not.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const TOO_LONG: &str = "
    INSERT INTO params VALUES (printf('%.3000c', 'k'), 'v', 'r1');
    INSERT INTO metrics VALUES (printf('%.3000c', 'k'), 1, 1, 'r2', 1, 0), ('short', 1, 1, 'r2', 1, 0);
    INSERT INTO registered_models VALUES (printf('%.3000c', 'n'), 1, 2, NULL), ('after', 1, 2, NULL);
    INSERT INTO experiments VALUES (8, printf('%.3000c', 'e'), 'x', 'active', 1, 1);
    INSERT INTO runs VALUES ('r4', 'four', 'me', 'FINISHED', 1, 2, NULL, 'active', 'x', 8);
";

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn what_is_too_long_is_told_and_the_rest_comes(target: &TestDatabase) {
    let given = Given::with(TOO_LONG);
    let report = given.import_into(target, OnConflict::Fail);
    assert!(report.verified.as_ref().unwrap().is_good(), "{report}");
    let faults = crate::given::faults(&report);
    for (what, how) in [
        ("experiment 8: its name", "the column experiment.name holds"),
        ("run r1: its param 'kkk", "the column key.name holds"),
        ("run r2: its metric 'kkk", "the column key.name holds"),
        (
            "registered model nnn",
            "the column registered_model.name holds",
        ),
    ] {
        let is_it = |fault: &&String| fault.starts_with(what) && fault.contains(how);
        let found: Vec<_> = faults.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{what}: {faults:?}");
    }
    assert_eq!(faults.len(), 4, "{faults:?}");
    let runs = &report.kinds[&Kind::Run];
    assert_eq!((runs.added, runs.left_out), (2, 1), "{report}");
    assert_eq!(report.points, 2);
    assert_eq!(report.kinds[&Kind::RegisteredModel].added, 2);
    // What lost a metric is read again until it has it.
    let again = given.import_into(target, OnConflict::Fail);
    assert_eq!(again.faults.count, 4, "{again}");
    given.execute("UPDATE metrics SET key = 'k' WHERE length(key) > 999");
    let last = given.import_into(target, OnConflict::Fail);
    assert_eq!(last.kinds[&Kind::Run].updated, 1, "{last}");
}

#[cfg(feature = "postgres")]
#[test]
fn what_is_too_long_for_postgres_is_told_and_the_rest_comes() {
    if let Some(target) = TestDatabase::postgres() {
        what_is_too_long_is_told_and_the_rest_comes(&target);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn what_is_too_long_for_mysql_is_told_and_the_rest_comes() {
    if let Some(target) = TestDatabase::mysql() {
        what_is_too_long_is_told_and_the_rest_comes(&target);
    }
}
