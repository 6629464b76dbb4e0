//! What was acknowledged is kept, whatever ends the server; what was not is there whole or
//! not at all.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant, SystemTime};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tidemill_testkit::http::request;
use tidemill_testkit::{Launch, TestServer};

use crate::load::{Client, Ledger, Site};
use crate::support::{empty_postgres, is_long, launch, postgres};
use crate::writes::World;

const CLIENTS: usize = 6;
const ARTIFACTS: &str = "tidemill-data/artifacts";

/// Numbers at random; the seed is printed, and can be given to see the same again.
fn random() -> StdRng {
    let given = std::env::var("TIDEMILL_TEST_SEED").ok();
    let seed = given.and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(rand::random);
    eprintln!("TIDEMILL_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

fn rounds() -> u32 {
    if is_long() { 20 } else { 3 }
}

fn a_moment(random: &mut StdRng) -> Duration {
    Duration::from_millis(random.random_range(20..1200))
}

/// Lets clients write until all have stopped; `meanwhile` happens beside them, with a flag that
/// stops them.
fn under_load<T>(
    clients: Vec<Client>,
    meanwhile: impl FnOnce(&AtomicBool) -> T,
) -> (Vec<Ledger>, T) {
    let stop = AtomicBool::new(false);
    scope(|scope| {
        let writing: Vec<_> = clients
            .into_iter()
            .map(|client| scope.spawn(|| client.write_until(&stop)))
            .collect();
        let outcome = meanwhile(&stop);
        let ledgers = writing
            .into_iter()
            .map(|client| client.join().expect("a client does not panic"));
        (ledgers.collect(), outcome)
    })
}

fn nothing_was_refused(ledgers: &[Ledger]) {
    let refusals: Vec<_> = ledgers.iter().flat_map(Ledger::refusals).collect();
    assert!(refusals.is_empty(), "{refusals:?}");
}

fn something_was_written(ledgers: &[Ledger]) {
    let written: usize = ledgers.iter().map(Ledger::acknowledged).sum();
    eprintln!("{written} writes acknowledged");
    assert!(written > 0);
}

#[test]
fn a_killed_server_has_kept_what_it_acknowledged_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_killed_server_has_kept_what_it_acknowledged(&launch(folder.path()));
}

#[test]
fn a_killed_server_has_kept_what_it_acknowledged_on_postgres() {
    let Some(database) = postgres() else { return };
    let folder = tempfile::tempdir().unwrap();
    let launch = launch(folder.path()).args(&["--backend-store-uri", &database.uri()]);
    a_killed_server_has_kept_what_it_acknowledged(&launch);
}

fn a_killed_server_has_kept_what_it_acknowledged(launch: &Launch) {
    let mut random = random();
    let mut server = launch.start();
    let site = Site::prepare(&server);
    let mut ledgers = Vec::new();
    for round in 0..rounds() {
        let clients = site.clients(&server, &format!("c{round}x"), CLIENTS, &mut random);
        let (written, ()) = under_load(clients, |_| {
            sleep(a_moment(&mut random));
            server.kill();
        });
        nothing_was_refused(&written);
        ledgers.extend(written);
        server = launch.start();
    }
    something_was_written(&ledgers);
    World::of(&server).must_keep(&ledgers);
}

#[test]
fn a_replica_goes_on_while_another_is_killed() {
    let Some(database) = postgres() else { return };
    let mut random = random();
    let folder = tempfile::tempdir().unwrap();
    let args = ["--backend-store-uri", &database.uri()];
    let launch = launch(folder.path()).args(&args);
    let survivor = launch.start();
    let site = Site::prepare(&survivor);
    let mut ledgers = Vec::new();
    for round in 0..rounds() {
        let killed = launch.start();
        let mut clients = site.clients(&killed, &format!("k{round}x"), CLIENTS / 2, &mut random);
        clients.extend(site.clients(&survivor, &format!("s{round}x"), CLIENTS / 2, &mut random));
        let (written, slowest) = under_load(clients, |stop| {
            sleep(a_moment(&mut random));
            killed.kill();
            let slowest = slowest_answer(&survivor, Duration::from_millis(500));
            stop.store(true, Ordering::Relaxed);
            slowest
        });
        assert!(slowest < Duration::from_secs(5), "took {slowest:?}");
        let (of_killed, of_survivor) = written.split_at(CLIENTS / 2);
        assert!(of_killed.iter().all(|ledger| ledger.cut_off));
        assert!(of_survivor.iter().all(|ledger| !ledger.cut_off));
        nothing_was_refused(&written);
        ledgers.extend(written);
    }
    something_was_written(&ledgers);
    World::of(&survivor).must_keep(&ledgers);
    World::of(&launch.start()).must_keep(&ledgers);
}

/// The longest that a read takes while others write.
fn slowest_answer(server: &TestServer, during: Duration) -> Duration {
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    while began.elapsed() < during {
        let asked = Instant::now();
        assert_eq!(server.get("/readyz").status, 200);
        slowest = slowest.max(asked.elapsed());
        sleep(Duration::from_millis(10));
    }
    slowest
}

#[test]
fn a_server_that_is_told_to_stop_answers_what_was_begun_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_server_that_is_told_to_stop_answers_what_was_begun(&launch(folder.path()));
}

#[test]
fn a_server_that_is_told_to_stop_answers_what_was_begun_on_postgres() {
    let Some(database) = empty_postgres() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let launch = launch(folder.path()).args(&["--backend-store-uri", &database.uri()]);
    a_server_that_is_told_to_stop_answers_what_was_begun(&launch);
}

fn a_server_that_is_told_to_stop_answers_what_was_begun(launch: &Launch) {
    let mut random = random();
    let mut server = launch.start();
    let site = Site::prepare(&server);
    let mut ledgers = Vec::new();
    for round in 0..rounds() {
        let clients = site.clients(&server, &format!("t{round}x"), CLIENTS, &mut random);
        let (written, took) = under_load(clients, |_| {
            sleep(a_moment(&mut random));
            let told = Instant::now();
            server.terminate();
            assert!(server.wait().success());
            told.elapsed()
        });
        assert!(took < Duration::from_secs(10), "took {took:?} to stop");
        assert!(written.iter().all(|ledger| ledger.cut_off));
        nothing_was_refused(&written);
        ledgers.extend(written.into_iter().map(Ledger::without_doubt));
        server = launch.start();
    }
    something_was_written(&ledgers);
    World::of(&server).must_keep(&ledgers);
}

#[test]
fn a_request_that_takes_too_long_does_not_keep_a_server_from_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let launch = launch(folder.path());
    let server = launch.clone().args(&["--shutdown-timeout", "1"]).start();
    let mut slow = server.connect();
    slow.send(&half_an_upload("slow.bin")).unwrap();
    wait_for_staged_bytes(folder.path());
    let told = Instant::now();
    server.terminate();
    // The client was cut off, and the status says so.
    assert_eq!(server.wait().code(), Some(1));
    assert!(
        told.elapsed() < Duration::from_secs(5),
        "{:?}",
        told.elapsed()
    );
    assert!(slow.answer().map_or(true, |answer| answer.status >= 400));
    assert_eq!(launch.start().get(&artifact("slow.bin")).status, 404);
}

#[test]
fn a_request_under_way_may_finish_while_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let launch = launch(folder.path());
    let server = launch.start();
    let mut slow = server.connect();
    slow.send(&half_an_upload("slow.bin")).unwrap();
    wait_for_staged_bytes(folder.path());
    server.terminate();
    sleep(Duration::from_millis(300));
    slow.send(&[b'y'; HALF]).unwrap();
    assert_eq!(slow.answer().unwrap().status, 200);
    assert!(server.wait().success());
    let found = launch.start().get(&artifact("slow.bin"));
    assert_eq!((found.status, found.body.len()), (200, 2 * HALF));
}

#[test]
fn an_upload_cut_by_a_kill_is_never_seen_and_its_rest_is_removed_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let launch = launch(folder.path());
    let server = launch.start();
    let mut cut = server.connect();
    cut.send(&half_an_upload("cut.bin")).unwrap();
    wait_for_staged_bytes(folder.path());
    server.kill();

    let server = launch.start();
    assert_eq!(server.get(&artifact("cut.bin")).status, 404);
    let listed = server.get("/api/2.0/mlflow-artifacts/artifacts?path=");
    assert_eq!(listed.json(), serde_json::json!({}));
    // Another replica might still be writing it.
    let left = staged(folder.path()).unwrap();
    assert_eq!(left.len(), 1);
    server.kill();

    let file = folder
        .path()
        .join(ARTIFACTS)
        .join(".tidemill-uploads")
        .join(&left[0]);
    let file = std::fs::File::options().write(true).open(file).unwrap();
    let two_days = Duration::from_secs(2 * 24 * 60 * 60);
    file.set_modified(SystemTime::now() - two_days).unwrap();
    drop(launch.start());
    assert_eq!(staged(folder.path()).unwrap(), [""; 0]);
}

const HALF: usize = 3 << 20;

fn artifact(name: &str) -> String {
    format!("/api/2.0/mlflow-artifacts/artifacts/{name}")
}

/// The head of an upload and the first half of its body.
fn half_an_upload(name: &str) -> Vec<u8> {
    let length = (2 * HALF).to_string();
    let headers = [("Content-Length", length.as_str())];
    request("PUT", &artifact(name), &headers, &[b'x'; HALF])
}

/// The names of uploads that are not whole.
fn staged(folder: &Path) -> io::Result<Vec<String>> {
    let entries = std::fs::read_dir(folder.join(ARTIFACTS).join(".tidemill-uploads"))?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

fn wait_for_staged_bytes(folder: &Path) {
    let began = Instant::now();
    while staged(folder).is_ok_and(|names| names.is_empty()) || staged(folder).is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "no upload began");
        sleep(Duration::from_millis(5));
    }
}
