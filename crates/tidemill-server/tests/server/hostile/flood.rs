//! Many large bodies at once.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use std::time::{Duration, Instant};

use tidemill_testkit::http::request;

use super::assert_no_failure;
use crate::support::{is_long, server};

/// What the server may grow by while it is flooded: the room for bodies, the messages that come
/// of a few of them at a time, and some slack.
const MOST_KIB: u64 = 600 << 10;

/// A batch of about 15 MB that is refused only after it has been read: one long tag, or in the
/// long form very many metrics.
fn large() -> Vec<u8> {
    const SIZE: usize = 15_000_000;
    if !is_long() {
        let value = "x".repeat(SIZE);
        let tag = format!(r#"{{"run_id":"x","tags":[{{"key":"","value":"{value}"}}]}}"#);
        return tag.into_bytes();
    }
    let metric = r#"{"key":"k","value":1.5,"timestamp":1,"step":1},"#;
    let metrics = metric.repeat(SIZE / metric.len());
    let metrics = metrics.trim_end_matches(',');
    format!(r#"{{"run_id":"x","metrics":[{metrics}]}}"#).into_bytes()
}

#[test]
fn a_flood_of_large_bodies_does_not_fill_the_memory() {
    let (server, _folder) = server(&[]);
    let (before, body, done) = (server.resident_kib(), large(), AtomicBool::new(false));
    let (peak, clients) = (AtomicU64::new(0), 64);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                peak.fetch_max(server.resident_kib(), Ordering::Relaxed);
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        let senders: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let headers = [("Content-Type", "application/json")];
                    let path = "/api/2.0/mlflow/runs/log-batch";
                    server.send("POST", path, &headers, &body)
                })
            })
            .collect();
        assert_eq!(server.get("/health").status, 200);
        for sender in senders {
            let answer = sender.join().unwrap();
            // A full house says so.
            if answer.status != 503 {
                assert_no_failure("a large batch", &answer);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let grown = peak.load(Ordering::Relaxed).saturating_sub(before);
    assert!(grown < MOST_KIB, "{grown} KiB at the peak");
    eprintln!("{grown} KiB more at the peak");
}

#[test]
fn large_bodies_that_were_only_announced_keep_no_other_waiting() {
    let (server, _folder) = server(&[]);
    let headers = [("Content-Type", "application/json")];
    let path = "/api/2.0/mlflow/runs/log-batch";
    let announced = [headers[0], ("Content-Length", "16000000")];
    let held: Vec<_> = (0..50)
        .map(|_| {
            let mut connection = server.connect();
            connection
                .send(&request("POST", path, &announced, b"{"))
                .unwrap();
            connection
        })
        .collect();
    let began = Instant::now();
    let answer = server.send("POST", path, &headers, &large());
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    // Bodies that were announced are given up after twenty seconds.
    assert!(began.elapsed() < Duration::from_secs(15));
    drop(held);
}
