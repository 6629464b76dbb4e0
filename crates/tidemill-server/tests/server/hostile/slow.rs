//! Clients that send as slowly as they can.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::json;
use tidemill_testkit::TestServer;
use tidemill_testkit::http::{Connection, request};

use crate::support::{is_long, server};

/// The server gives a head fifteen seconds and a body twenty; the rest is a slow machine's.
const CUT_WITHIN: Duration = Duration::from_secs(45);

/// Sends `first`, then a byte a second, until the server has had enough.
fn trickle(server: &TestServer, first: &[u8]) {
    let mut connection = server.connect();
    connection.send(first).unwrap();
    let began = Instant::now();
    while !has_ended(&mut connection) {
        assert!(
            began.elapsed() < CUT_WITHIN,
            "not cut after {:?}: {}",
            began.elapsed(),
            String::from_utf8_lossy(first)
        );
        // The other end may have gone since; the next look sees it.
        let _ = connection.send(b"x");
    }
}

/// Whether an answer, or the end, comes within a second.
fn has_ended(connection: &mut Connection) -> bool {
    match connection.answer_within(Duration::from_secs(1)) {
        Ok(answer) => {
            let is_end = (400..500).contains(&answer.status) || answer.status == 503;
            assert!(is_end, "{}", answer.status);
            true
        }
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn who_sends_slowly_is_cut_and_others_are_served_meanwhile() {
    let (server, _folder) = server(&[]);
    let many = if is_long() { 100 } else { 4 };
    let json = |path: &str, length: &str| {
        let headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", length),
        ];
        request("POST", path, &headers, b"{")
    };
    let create = "/api/2.0/mlflow/experiments/create";
    let artifact = "/api/2.0/mlflow-artifacts/artifacts/slow";
    let starts: [Vec<u8>; 7] = [
        b"GET /health HTTP/1.1\r\nX: ".to_vec(),
        b"".to_vec(),
        json(create, "1000"),
        json(create, "16000000"),
        json(
            "/api/2.0/mlflow/upload-artifact?run_uuid=x&path=y",
            "1000000",
        ),
        request("PUT", artifact, &[("Content-Length", "1000000")], b"x"),
        request(
            "POST",
            create,
            &[
                ("Content-Type", "application/json"),
                ("Transfer-Encoding", "chunked"),
            ],
            b"ffffff\r\n{",
        ),
    ];
    std::thread::scope(|scope| {
        let slow: Vec<_> = (0..many)
            .flat_map(|_| &starts)
            .map(|start| scope.spawn(|| trickle(&server, start)))
            .collect();
        let mut n = 0;
        while slow.iter().any(|client| !client.is_finished()) {
            let began = Instant::now();
            let made = server.post(create, &json!({"name": format!("meanwhile {n}")}));
            assert_eq!(made.status, 200, "{}", made.text());
            assert!(
                began.elapsed() < Duration::from_secs(3),
                "{:?}",
                began.elapsed()
            );
            std::thread::sleep(Duration::from_millis(100));
            n += 1;
        }
        for client in slow {
            client.join().unwrap();
        }
    });
}
