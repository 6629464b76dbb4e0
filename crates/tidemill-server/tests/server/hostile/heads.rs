//! Request lines and headers of all sizes and shapes.

use std::time::Duration;

use super::{assert_refused, soon};
use crate::support::server;

/// What a client that may be cut off in the middle of sending sees: an answer, or the end.
fn refused_or_cut(server: &tidemill_testkit::TestServer, what: &str, bytes: &[u8]) {
    let began = std::time::Instant::now();
    let mut connection = server.connect();
    let sent = connection.send(bytes);
    match connection.answer() {
        Ok(answer) => assert_refused(what, &answer),
        Err(error) => {
            let cut = !matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            );
            assert!(cut, "{what}: {error} (sent: {sent:?})");
        }
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{what}");
    assert_eq!(server.get("/health").status, 200, "{what}");
}

#[test]
fn a_head_without_end_is_refused() {
    let (server, _folder) = server(&[]);
    let before = server.resident_kib();
    let get = "GET /api/2.0/mlflow/experiments/get?experiment_id=0 HTTP/1.1\r\nHost: localhost\r\n";
    let many: String = (0..100_000).map(|n| format!("X-H{n}: {n}\r\n")).collect();
    for (what, head) in [
        ("100,000 headers", format!("{get}{many}\r\n")),
        (
            "one header of 10 MB",
            format!("{get}X-H: {}\r\n\r\n", "x".repeat(10 << 20)),
        ),
        (
            "a name of 1 MB",
            format!("{get}{}: x\r\n\r\n", "x".repeat(1 << 20)),
        ),
        (
            "a URL of 1 MB",
            format!(
                "GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "x".repeat(1 << 20)
            ),
        ),
        (
            "a query of 10 MB",
            format!(
                "GET /?{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "x".repeat(10 << 20)
            ),
        ),
        (
            "a method of 1 MB",
            format!(
                "{} / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "X".repeat(1 << 20)
            ),
        ),
        ("a line of 10 MB", "x".repeat(10 << 20)),
    ] {
        refused_or_cut(&server, what, head.as_bytes());
    }
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 64 << 10, "{grown} KiB more");
}

#[test]
fn a_head_that_is_not_http_is_refused() {
    let (server, _folder) = server(&[]);
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbroken\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n b: folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\xff\xfe / HTTP/1.1\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%% HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT evil:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.com\r\nX: \xff\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
    ] {
        let what = String::from_utf8_lossy(bytes).into_owned();
        refused_or_cut(&server, &what, bytes);
    }
}

#[test]
fn one_host_beside_another_is_refused() {
    let (server, _folder) = server(&[]);
    let path = "GET /api/2.0/mlflow/experiments/get?experiment_id=0 HTTP/1.1\r\n";
    for hosts in [
        "Host: evil.com\r\nHost: localhost\r\n",
        "Host: localhost\r\nHost: evil.com\r\n",
        "Host:\r\n",
        "",
    ] {
        let bytes = format!("{path}{hosts}\r\n");
        let answer = soon(hosts, || server.raw(bytes.as_bytes()));
        assert_refused(hosts, &answer);
    }
    let absolute = "GET http://evil.com/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = server.raw(absolute.as_bytes());
    assert!(answer.status < 500, "{}", answer.status);
}
