//! Databases and disks that fail: a clear answer in bounded time, and work again afterwards.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use tidemill_testkit::http::{Answer, request};
use tidemill_testkit::server::NOBODY;
use tidemill_testkit::{TestDatabase, TestServer};

use crate::load::{Fate, Ledger, Site};
use crate::proxy::Proxy;
use crate::support::{BINARY, launch, postgres};
use crate::writes::World;

/// Waiting for a connection has two steps of five seconds; the rest is a slow machine's.
const BOUND: Duration = Duration::from_secs(15);
/// In which a request comes as far as the database.
const A_MOMENT: Duration = Duration::from_secs(1);

/// One request of each kind that needs the database in its own way, all at once, with how long
/// each took.
fn requests(server: &TestServer) -> Vec<(Answer, Duration)> {
    let run = json!({"run_id": "0", "key": "k", "value": "1"});
    let posts = [
        ("experiments/search", json!({"max_results": 5})),
        ("runs/search", json!({"experiment_ids": ["0"]})),
        ("runs/create", json!({"experiment_id": "0"})),
        ("runs/set-tag", run.clone()),
        ("runs/log-parameter", run),
        ("registered-models/create", json!({"name": uuid()})),
    ];
    scope(|scope| {
        let asked: Vec<_> = posts
            .iter()
            .map(|(path, body)| {
                scope.spawn(move || {
                    let began = Instant::now();
                    let answer = server.post(&format!("/api/2.0/mlflow/{path}"), body);
                    (answer, began.elapsed())
                })
            })
            .collect();
        let answers = asked.into_iter();
        answers
            .map(|answer| answer.join().expect("an answer comes"))
            .collect()
    })
}

fn uuid() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn must_be_unavailable(answers: &[(Answer, Duration)], bound: Duration) {
    for (answer, took) in answers {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.error_code(), "TEMPORARILY_UNAVAILABLE");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(*took < bound, "{answer:?} took {took:?}");
    }
}

fn must_work(server: &TestServer) {
    for (answer, _) in requests(server) {
        assert!(answer.status < 500, "{answer:?}");
    }
}

fn must_be_alive_but_not_ready(server: &TestServer) {
    let began = Instant::now();
    assert_eq!(server.get("/health").status, 200);
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(server.get("/readyz").status, 503);
    assert!(began.elapsed() < Duration::from_secs(5));
}

fn becomes_ready(server: &TestServer) {
    let began = Instant::now();
    while server.get("/readyz").status != 200 {
        assert!(began.elapsed() < BOUND, "not ready: {}", server.log());
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_database_that_is_gone_is_told_at_once_and_used_again_when_it_is_back() {
    let Some(database) = postgres() else { return };
    let proxy = Proxy::before(&database);
    let folder = tempfile::tempdir().unwrap();
    let args = ["--backend-store-uri", proxy.uri(), "--pool-size", "4"];
    let server = launch(folder.path()).args(&args).start();
    let site = Site::prepare(&server);
    let clients = site.clients(&server, "c", 4, &mut StdRng::seed_from_u64(1));
    let stop = AtomicBool::new(false);
    let ledgers: Vec<Ledger> = scope(|scope| {
        let writing: Vec<_> = clients
            .into_iter()
            .map(|client| scope.spawn(|| client.write_until(&stop)))
            .collect();
        sleep(Duration::from_millis(400));
        proxy.cut();
        must_be_unavailable(&requests(&server), BOUND);
        must_be_alive_but_not_ready(&server);
        proxy.heal();
        becomes_ready(&server);
        sleep(Duration::from_millis(400));
        stop.store(true, Ordering::Relaxed);
        let ledgers = writing.into_iter().map(|client| client.join().unwrap());
        ledgers.collect()
    });
    must_work(&server);
    for ledger in &ledgers {
        assert!(!ledger.cut_off);
        assert!(ledger.refusals().all(|answer| answer.status == 503));
        assert!(matches!(
            ledger.writes.last(),
            Some((_, Fate::Acknowledged(_)))
        ));
    }
    assert!(ledgers.iter().flat_map(Ledger::refusals).count() > 0);
    World::of(&server).must_keep(&ledgers);
}

#[test]
fn a_database_that_answers_no_more_does_not_hang_requests() {
    let Some(database) = postgres() else { return };
    let proxy = Proxy::before(&database);
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "--backend-store-uri",
        proxy.uri(),
        "--database-timeout",
        "2",
    ];
    let server = launch(folder.path()).args(&args).start();
    must_work(&server);
    proxy.stall();
    for _ in 0..2 {
        must_be_unavailable(&requests(&server), Duration::from_secs(4));
    }
    must_be_alive_but_not_ready(&server);
    proxy.heal();
    becomes_ready(&server);
    must_work(&server);
}

/// Ends every connection but this one.
const DISCONNECT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE datname = current_database() AND pid <> pg_backend_pid();";

#[test]
fn connections_to_a_server_that_no_longer_writes_are_given_up() {
    let Some(database) = postgres() else { return };
    let folder = tempfile::tempdir().unwrap();
    let uri = database.uri();
    let args = ["--backend-store-uri", &uri, "--pool-size", "4"];
    let server = launch(folder.path()).args(&args).start();
    let post = |path: &str, body| server.post(&format!("/api/2.0/mlflow/{path}"), &body);
    let run = post("runs/create", json!({"experiment_id": "0"})).json();
    let run = run["run"]["info"]["run_id"].clone();
    let grouped = || {
        let tag = json!({"run_id": run, "key": "k", "value": "v"});
        post("runs/set-tag", tag).status
    };
    let pooled = || post("experiments/create", json!({"name": uuid()})).status;
    // A setting of the database applies to connections made after it, as a fail-over does.
    let name = uri.rsplit('/').next().unwrap().split('?').next().unwrap();
    let demote = format!("ALTER DATABASE {name} SET default_transaction_read_only =");
    database.execute(&format!("{demote} on; {DISCONNECT}"));
    assert_eq!((grouped(), pooled()), (503, 503));
    let held = database.hold("BEGIN READ WRITE; LOCK TABLE experiment");
    scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| post("experiments/search", json!({"max_results": 1})));
        }
        sleep(Duration::from_millis(300));
        drop(held);
    });
    database.execute(&format!("BEGIN READ WRITE; {demote} off; COMMIT"));
    // The first to notice is told; nobody else is.
    pooled();
    for _ in 0..8 {
        assert_eq!((pooled(), grouped()), (200, 200), "{}", server.log());
    }
}

/// Stops a server while a write waits for its database: the exit status and the log. The
/// database comes back after `back`, if it does.
fn stopped_while_a_write_waits(database: &TestDatabase, back: Option<Duration>) -> Option<i32> {
    let proxy = Proxy::before(database);
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "--backend-store-uri",
        proxy.uri(),
        "--shutdown-timeout",
        "1",
    ];
    let server = launch(folder.path()).args(&args).start();
    must_work(&server);
    proxy.stall();
    let mut waiting = server.connect();
    let body = json!({"run_id": "0", "key": "k", "value": "1"}).to_string();
    let headers = [("Content-Type", "application/json")];
    let path = "/api/2.0/mlflow/runs/set-tag";
    let asked = request("POST", path, &headers, body.as_bytes());
    waiting.send(&asked).unwrap();
    sleep(A_MOMENT);
    let told = Instant::now();
    server.terminate();
    if let Some(back) = back {
        sleep(back);
        proxy.heal();
    }
    let status = server.wait();
    assert!(
        told.elapsed() < Duration::from_secs(8),
        "{:?}",
        told.elapsed()
    );
    let log = std::fs::read_to_string(folder.path().join("server.log")).unwrap();
    assert_eq!(
        log.contains("requests=1"),
        status.code() == Some(1),
        "{log}"
    );
    status.code()
}

#[test]
fn a_server_whose_database_answers_no_more_still_stops() {
    let Some(database) = postgres() else { return };
    assert_eq!(stopped_while_a_write_waits(&database, None), Some(1));
}

#[test]
fn who_was_cut_off_at_the_end_is_told_by_the_exit_status() {
    let Some(database) = postgres() else { return };
    // After the requests' time, but before the end.
    let late = Duration::from_millis(2500);
    assert_eq!(stopped_while_a_write_waits(&database, Some(late)), Some(1));
    let in_time = Duration::from_millis(100);
    assert_eq!(
        stopped_while_a_write_waits(&database, Some(in_time)),
        Some(0)
    );
}

#[test]
fn a_server_does_not_wait_for_its_own_work_for_ever() {
    let Some(database) = postgres() else { return };
    let folder = tempfile::tempdir().unwrap();
    let uri = database.uri();
    let args = ["--backend-store-uri", &uri, "--shutdown-timeout", "0"];
    let server = launch(folder.path()).args(&args).start();
    let post = |path: &str, body| {
        let answer = server.post(&format!("/api/2.0/mlflow/runs/{path}"), &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    let run = post("create", json!({"experiment_id": "0"}))["run"]["info"]["run_id"].clone();
    let point = |step| json!({"key": "m", "value": 0.5, "timestamp": 1, "step": step});
    let points: Vec<_> = (0..1000).map(point).collect();
    post("log-batch", json!({"run_id": run, "metrics": points}));
    let held = database.hold("BEGIN; LOCK TABLE metric_chunk");
    post("update", json!({"run_id": run, "status": "FINISHED"}));
    sleep(A_MOMENT);
    let told = Instant::now();
    server.terminate();
    // Not everything could be finished, and the status says so.
    assert_eq!(server.wait().code(), Some(1));
    assert!(
        told.elapsed() < Duration::from_secs(8),
        "{:?}",
        told.elapsed()
    );
    drop(held);
}

#[test]
fn a_pool_that_is_used_up_is_told_in_time() {
    let Some(database) = postgres() else { return };
    let folder = tempfile::tempdir().unwrap();
    let uri = database.uri();
    let args = ["--backend-store-uri", &uri, "--pool-size", "1"];
    let server = launch(folder.path()).args(&args).start();
    let held = database.hold("BEGIN; LOCK TABLE experiment, run, registered_model");
    must_be_unavailable(&requests(&server), BOUND);
    assert_eq!(server.get("/health").status, 200);
    drop(held);
    becomes_ready(&server);
    must_work(&server);
}

#[test]
fn a_sqlite_file_that_another_process_locks_is_told_and_still_read() {
    let database = TestDatabase::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let uri = database.uri();
    let server = launch(folder.path())
        .args(&["--backend-store-uri", &uri])
        .start();
    let held = database.hold("BEGIN IMMEDIATE");
    let create = |name: &str| {
        let body = json!({"name": name});
        server.post("/api/2.0/mlflow/experiments/create", &body)
    };
    let began = Instant::now();
    let answer = create("locked");
    must_be_unavailable(&[(answer.clone(), began.elapsed())], BOUND);
    assert!(
        answer.text().contains("locked by another process"),
        "{answer:?}"
    );
    let read = server.get("/api/2.0/mlflow/experiments/get?experiment_id=0");
    assert_eq!(read.status, 200);
    drop(held);
    assert_eq!(create("locked").status, 200);
}

#[test]
fn a_write_that_was_given_up_is_not_made_afterwards() {
    let database = TestDatabase::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let uri = database.uri();
    let args = ["--backend-store-uri", &uri, "--database-timeout", "1"];
    let server = launch(folder.path()).args(&args).start();
    let path = "/api/2.0/mlflow/experiments/create";
    let held = database.hold("BEGIN IMMEDIATE");
    assert_eq!(server.post(path, &json!({"name": "late"})).status, 503);
    drop(held);
    let again = server.post(path, &json!({"name": "late"}));
    assert_eq!(again.status, 200, "{again:?}");
}

#[test]
fn a_file_that_may_not_be_written_is_told_and_still_read() {
    let folder = tempfile::tempdir().unwrap();
    drop(launch(folder.path()).start());
    if let Err(error) = give_to_nobody(folder.path()) {
        eprintln!("skipped: nobody else can run the binary: {error}");
        return;
    }
    let file = folder.path().join("tidemill-data/tidemill.db");
    let permit = |mode| std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    let create = |server: &TestServer| {
        let body = json!({"name": "new"});
        server.post("/api/2.0/mlflow/experiments/create", &body)
    };
    let launch = launch(folder.path()).without_privileges();
    permit(0o444);
    let server = launch.start();
    let answer = create(&server);
    must_be_unavailable(&[(answer.clone(), Duration::ZERO)], BOUND);
    assert!(answer.text().contains("read-only"), "{answer:?}");
    let read = server.get("/api/2.0/mlflow/experiments/get?experiment_id=0");
    assert_eq!(read.status, 200);
    permit(0o644);
    // The connection that met the old permission is replaced after its next failure.
    create(&server);
    assert_eq!(
        server
            .post(
                "/api/2.0/mlflow/experiments/create",
                &json!({"name": "after"})
            )
            .status,
        200
    );
}

/// Where the test runs as root: hands over everything in `folder`, if nobody can run the server.
fn give_to_nobody(folder: &Path) -> std::io::Result<()> {
    if std::fs::metadata(folder)?.uid() != 0 {
        return Ok(());
    }
    let mut version = Command::new(BINARY);
    version.arg("--version").uid(NOBODY).gid(NOBODY).output()?;
    let mut rest = vec![folder.to_owned()];
    while let Some(path) = rest.pop() {
        chown(&path, Some(NOBODY), Some(NOBODY))?;
        if path.is_dir() {
            let entries = std::fs::read_dir(path)?;
            rest.extend(entries.map_while(Result::ok).map(|entry| entry.path()));
        }
    }
    Ok(())
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = launch(folder.path()).start();
    let site = Site::prepare(&server);
    let clients = site.clients(&server, "c", 4, &mut StdRng::seed_from_u64(2));
    let stop = AtomicBool::new(false);
    let ledgers: Vec<Ledger> = scope(|scope| {
        let writing: Vec<_> = clients
            .into_iter()
            .map(|client| scope.spawn(|| client.write_until(&stop)))
            .collect();
        sleep(Duration::from_millis(500));
        server.limit_file_size(Some(200 * 1024));
        sleep(Duration::from_millis(500));
        assert_eq!(server.get("/readyz").status, 200);
        server.limit_file_size(None);
        sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        let ledgers = writing.into_iter().map(|client| client.join().unwrap());
        ledgers.collect()
    });
    for ledger in &ledgers {
        assert!(!ledger.cut_off);
        for answer in ledger.refusals() {
            assert_eq!(answer.status, 503, "{answer:?}");
            let text = answer.text();
            assert!(
                text.contains("no room") || text.contains("no space"),
                "{text}"
            );
        }
        assert!(matches!(
            ledger.writes.last(),
            Some((_, Fate::Acknowledged(_)))
        ));
    }
    assert!(ledgers.iter().flat_map(Ledger::refusals).count() > 0);
    World::of(&server).must_keep(&ledgers);
    server.kill();
    World::of(&launch(folder.path()).start()).must_keep(&ledgers);
}
