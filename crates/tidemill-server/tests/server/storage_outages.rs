//! An object store that is slow, fails or is cut off: a clear answer in bounded time, or an
//! answer that is cut so that its reader notices, and nothing half written.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tidemill_testkit::TestServer;
use tidemill_testkit::http::{Answer, request};

use crate::bad_storage::{BadStorage, Mood, OBJECT};
use crate::support::launch;

const PATH: &str = "/api/2.0/mlflow-artifacts/artifacts";
/// Above the size from which uploads have parts.
const SEVERAL_PARTS: usize = 40 << 20;

/// A server that waits two seconds for `storage`.
fn server(storage: &BadStorage) -> (TestServer, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let server = launch(folder.path())
        .args(&["--artifacts-destination", "s3://bucket/root"])
        .env("MLFLOW_S3_ENDPOINT_URL", &storage.endpoint())
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "us-east-1")
        .env("MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT", "2")
        .start();
    (server, folder)
}

fn upload(server: &TestServer, size: usize) -> Answer {
    server.send("PUT", &format!("{PATH}/a.bin"), &[], &vec![b'x'; size])
}

fn must_be_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.error_code(), "TEMPORARILY_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

fn every_request_is_unavailable(mood: Mood, bound: Duration) {
    let storage = BadStorage::start(mood);
    let (server, _folder) = server(&storage);
    let requests: [&dyn Fn() -> Answer; 5] = [
        &|| upload(&server, 10),
        &|| upload(&server, SEVERAL_PARTS),
        &|| server.get(&format!("{PATH}/a.bin")),
        &|| server.get(&format!("{PATH}?path=a")),
        &|| server.send("DELETE", &format!("{PATH}/a.bin"), &[], b""),
    ];
    for ask in requests {
        let began = Instant::now();
        must_be_unavailable(&ask());
        assert!(began.elapsed() < bound, "{:?}", began.elapsed());
    }
}

#[test]
fn a_silent_storage_is_told_in_time() {
    every_request_is_unavailable(Mood::Silent, Duration::from_secs(5));
}

#[test]
fn a_failing_storage_is_told_in_time() {
    every_request_is_unavailable(Mood::Failing, Duration::from_secs(5));
}

#[test]
fn a_body_that_the_storage_cuts_is_not_passed_on_as_whole() {
    a_download_is_cut(Mood::CutsBodies);
}

#[test]
fn a_body_that_stops_in_the_middle_ends_the_answer() {
    a_download_is_cut(Mood::StopsInBodies);
}

fn a_download_is_cut(mood: Mood) {
    let storage = BadStorage::start(mood);
    let (server, _folder) = server(&storage);
    let mut connection = server.connect();
    let began = Instant::now();
    let asked = request("GET", &format!("{PATH}/a.bin"), &[], b"");
    connection.send(&asked).unwrap();
    let answer = connection.answer();
    assert!(answer.is_err(), "half of {OBJECT} bytes passed as whole");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn an_upload_whose_part_fails_is_taken_back() {
    let storage = BadStorage::start(Mood::FailsAtPartTwo);
    let (server, _folder) = server(&storage);
    must_be_unavailable(&upload(&server, SEVERAL_PARTS));
    must_be_aborted(&storage);
    let completed = |line: &String| line.starts_with("POST") && line.contains("uploadId=");
    assert!(!storage.requests().iter().any(completed));
}

#[test]
fn an_upload_that_is_not_put_together_is_not_acknowledged() {
    let storage = BadStorage::start(Mood::FailsAtCompletion);
    let (server, _folder) = server(&storage);
    must_be_unavailable(&upload(&server, SEVERAL_PARTS));
    must_be_aborted(&storage);
}

#[test]
fn an_upload_that_its_client_cuts_is_taken_back() {
    let storage = BadStorage::start(Mood::FailsAtCompletion);
    let (server, _folder) = server(&storage);
    let length = (2 * SEVERAL_PARTS).to_string();
    let headers = [("Content-Length", length.as_str())];
    let body = vec![b'x'; SEVERAL_PARTS];
    let mut cut = server.connect();
    let sent = request("PUT", &format!("{PATH}/a.bin"), &headers, &body);
    cut.send(&sent).unwrap();
    drop(cut);
    must_be_aborted(&storage);
}

/// The parts are forgotten after the answer, in the background.
fn must_be_aborted(storage: &BadStorage) {
    let aborted = |line: &String| line.starts_with("DELETE") && line.contains("uploadId=id");
    let began = Instant::now();
    while !storage.requests().iter().any(aborted) {
        let seen = storage.requests();
        assert!(began.elapsed() < Duration::from_secs(10), "{seen:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
