//! Looking after a database: what it has, what is wrong with it, and room it gives back.

use tidemill_core::metrics::Point;
use tidemill_store::{DatabaseUrl, Upkeep};
use tidemill_testkit::TestDatabase;

use crate::given;
use crate::log_given::{log, point};

const POINTS: i64 = 3000;

/// A run with points that are sealed and points that are not. Says the run's id.
fn with_points(database: &TestDatabase) -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = database.open();
        let run = given::run(&store).await;
        let points: Vec<Point> = (0..POINTS).map(|i| point(i, i, i as f64)).collect();
        log(&store, &run, &points[..2500]).await;
        store.seal_run(run.clone(), 1).await.unwrap();
        log(&store, &run, &points[2500..]).await;
        run.0
    })
}

fn what_is_wrong_is_found(database: &TestDatabase) {
    let run = with_points(database);
    let upkeep = Upkeep::new(database.url().clone()).unwrap();
    let status = upkeep.status().unwrap();
    assert_eq!(status.schema, Some(status.newest_schema));
    assert!(status.bytes > 50_000, "{status}");
    assert!(status.counts.contains(&("runs", 1)), "{status}");
    let check = || upkeep.check(|_| {}).unwrap();
    let good = check();
    assert!(good.problems.is_empty(), "{good}");
    assert_eq!((good.runs, good.points), (1, POINTS.unsigned_abs()));

    let problem = |change: &str| {
        database.execute(change);
        let found = check();
        assert_eq!(found.problems.len(), 1, "{change}: {found}");
        found.problems[0].clone()
    };
    let found = problem("UPDATE metric_latest SET value = 7");
    assert!(
        found.contains(&run) && found.contains("newest point"),
        "{found}"
    );
    let found = problem("DELETE FROM metric_latest");
    assert!(found.contains("newest point"), "{found}");
    let found = problem("UPDATE metric_chunk SET codec = 99");
    assert!(found.contains(&run), "{found}");
}

/// What was deleted leaves room, and what is left is as it was.
fn room_is_given_back(database: &TestDatabase) {
    with_points(database);
    let upkeep = Upkeep::new(database.url().clone()).unwrap();
    database.execute("CREATE TABLE ballast (id INTEGER, fat TEXT)");
    let fat = "x".repeat(10_000);
    for part in 0..10 {
        let rows: Vec<String> = (0..100)
            .map(|row| format!("({}, '{fat}')", part * 100 + row))
            .collect();
        database.execute(&format!("INSERT INTO ballast VALUES {}", rows.join(", ")));
    }
    database.execute("DELETE FROM ballast");
    let room = upkeep.reclaim().unwrap();
    if let DatabaseUrl::Sqlite(_) = database.url() {
        assert!(room.now + 9_000_000 < room.before, "{room}");
    }
    let found = upkeep.check(|_| {}).unwrap();
    assert!(found.problems.is_empty(), "{found}");
}

#[test]
fn sqlite_is_looked_after() {
    what_is_wrong_is_found(&TestDatabase::sqlite());
    room_is_given_back(&TestDatabase::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_is_looked_after() {
    for test in [what_is_wrong_is_found, room_is_given_back] {
        if let Some(database) = TestDatabase::postgres() {
            test(&database);
        }
    }
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_is_looked_after() {
    for test in [what_is_wrong_is_found, room_is_given_back] {
        if let Some(database) = TestDatabase::mysql() {
            test(&database);
        }
    }
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.db");
    let missing = Upkeep::new(DatabaseUrl::Sqlite(file.clone()))
        .err()
        .unwrap();
    assert!(missing.to_string().contains("There is no file"));
    assert!(!file.exists());
    let other = TestDatabase::sqlite();
    other.execute("CREATE TABLE mine (id INTEGER)");
    let upkeep = Upkeep::new(other.url().clone()).unwrap();
    assert_eq!(upkeep.status().unwrap().schema, None);
    assert!(upkeep.check(|_| {}).is_err());
    assert!(upkeep.reclaim().is_err());
    let migrated = upkeep.migrate().unwrap();
    assert_eq!(
        (migrated.before, Some(migrated.now)),
        (None, upkeep.status().unwrap().schema)
    );
}

#[test]
fn an_older_schema_is_told_and_not_touched() {
    let database = TestDatabase::sqlite();
    drop(database.open());
    database.execute("DELETE FROM tidemill_schema WHERE version > 1");
    let upkeep = Upkeep::new(database.url().clone()).unwrap();
    assert_eq!(upkeep.status().unwrap().schema, Some(1));
    let refused = upkeep.check(|_| {}).unwrap_err().to_string();
    assert!(refused.contains("tidemill db migrate"), "{refused}");
    assert_eq!(upkeep.status().unwrap().schema, Some(1));
}
