//! Bodies that are too long, shorter or longer than they claim, or packed.

use std::io::ErrorKind;

use serde_json::json;
use tidemill_testkit::TestServer;
use tidemill_testkit::http::request;

use super::{assert_refused, soon};
use crate::routes::JSON;
use crate::support::server;

const CREATE: &str = "/api/2.0/mlflow/experiments/create";
const LIMIT: usize = 16 << 20;

fn is_there(server: &TestServer, name: &str) -> bool {
    let path = format!("/api/2.0/mlflow/experiments/get-by-name?experiment_name={name}");
    server.get(&path).status == 200
}

#[test]
fn a_body_that_is_too_long_is_refused_before_it_is_sent() {
    let (server, _folder) = server(&[]);
    for route in JSON.iter() {
        let headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", "100000000"),
        ];
        let head = request(route.method, &route.path, &headers, b"{\"name\": \"");
        let answer = soon(&route.path, || server.raw(&head));
        assert_eq!(answer.status, 413, "{} {}", route.method, route.path);
        assert_eq!(answer.error_code(), "INVALID_PARAMETER_VALUE");
    }
}

#[test]
fn a_body_without_end_is_refused_at_the_limit() {
    let (server, _folder) = server(&[]);
    let before = server.resident_kib();
    let headers = [
        ("Content-Type", "application/json"),
        ("Transfer-Encoding", "chunked"),
    ];
    let mut connection = server.connect();
    connection
        .send(&request("POST", CREATE, &headers, b""))
        .unwrap();
    let piece = [b"10000\r\n", [b' '; 0x10000].as_slice(), b"\r\n"].concat();
    for _ in 0..LIMIT / 0x10000 {
        connection.send(&piece).unwrap();
    }
    connection.send(b"1\r\nx\r\n").unwrap();
    let answer = connection.answer().unwrap();
    assert_eq!(answer.status, 413, "{}", answer.text());
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 100 << 10, "{grown} KiB more");
}

#[test]
fn a_length_that_cannot_be_is_refused() {
    let (server, _folder) = server(&[]);
    let body = json!({"name": "lie"}).to_string();
    for lengths in [
        "Content-Length: -1\r\n",
        "Content-Length: +14\r\n",
        "Content-Length: 1e3\r\n",
        "Content-Length: 0x0e\r\n",
        "Content-Length: 14, 14\r\n",
        "Content-Length: 14\r\nContent-Length: 15\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 9223372036854775807\r\n",
        "Content-Length: 14\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 14\r\n",
        "Transfer-Encoding: chunked\r\n",
    ] {
        let head = format!(
            "POST {CREATE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{lengths}\r\n{body}"
        );
        let answer = soon(lengths, || server.raw(head.as_bytes()));
        assert_refused(lengths, &answer);
        assert!(!is_there(&server, "lie"), "{lengths}");
    }
}

#[test]
fn a_size_of_a_chunk_that_cannot_be_is_refused() {
    let (server, _folder) = server(&[]);
    for chunks in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}x\r\n0\r\n\r\n",
        "\r\n\r\n",
    ] {
        let head = format!(
            "POST {CREATE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        );
        let answer = soon(chunks, || server.raw(head.as_bytes()));
        assert_refused(chunks, &answer);
    }
}

#[test]
fn what_follows_a_body_is_no_part_of_it() {
    let (server, _folder) = server(&[]);
    let body = json!({"name": "first"}).to_string();
    let headers = [("Content-Type", "application/json")];
    let mut bytes = request("POST", CREATE, &headers, body.as_bytes());
    bytes.extend(b"garbage that is no request\r\n\r\n");
    let mut connection = server.connect();
    connection.send(&bytes).unwrap();
    assert_eq!(connection.answer().unwrap().status, 200);
    match connection.answer() {
        Ok(answer) => assert_refused("garbage", &answer),
        Err(error) => assert_ne!(error.kind(), ErrorKind::WouldBlock),
    }
}

#[test]
fn a_body_that_is_cut_off_changes_nothing() {
    let (server, _folder) = server(&[]);
    let headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", "1000"),
    ];
    for path in [CREATE, "/api/2.0/mlflow/runs/log-batch"] {
        let mut connection = server.connect();
        let cut = request("POST", path, &headers, br#"{"name": "cut"}"#);
        connection.send(&cut).unwrap();
        drop(connection);
    }
    let path = "/api/2.0/mlflow-artifacts/artifacts/cut.bin";
    let cut = request("PUT", path, &[("Content-Length", "1000")], b"half");
    let mut connection = server.connect();
    connection.send(&cut).unwrap();
    drop(connection);
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(!is_there(&server, "cut"));
    assert_eq!(server.get(path).status, 404);
}

/// A body is never unpacked, so that a small one cannot become a large one.
#[test]
fn a_packed_body_is_not_unpacked() {
    let (server, _folder) = server(&[]);
    for route in JSON.iter() {
        for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
            let headers = [
                ("Content-Type", "application/json"),
                ("Content-Encoding", encoding),
            ];
            let answer = server.send(route.method, &route.path, &headers, PACKED);
            assert_refused(&format!("{encoding} {}", route.path), &answer);
        }
    }
    assert!(!is_there(&server, "packed"));
    let path = "/api/2.0/mlflow-artifacts/artifacts/packed.gz";
    let put = server.send("PUT", path, &[("Content-Encoding", "gzip")], PACKED);
    assert_eq!(put.status, 200);
    assert_eq!(server.get(path).body, PACKED);
}

/// `{"name": "packed"}`, by gzip.
const PACKED: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 75, 204, 77, 85, 178, 82, 80, 42, 72, 76, 206,
    78, 77, 81, 170, 5, 0, 65, 196, 96, 149, 18, 0, 0, 0,
];
