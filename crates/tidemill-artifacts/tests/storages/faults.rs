//! Storages that are slow, broken, cut off or full.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};
use tidemill_artifacts::{GetOptions, Got, Limits, Repository};
use tidemill_core::Error;

use crate::s3_server::{self, S3Server};
use crate::storage::{
    self, block_on, body, cut, eventually, large, path, s3_settings, settings, stuck,
};

/// A bucket on a server that answers every connection with `answer`.
fn bucket_on(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> Repository {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            answer(socket.unwrap());
        }
    });
    let mut settings = settings(&s3_settings(&url));
    settings.limits = Limits {
        request: Duration::from_secs(2),
        transfer: Duration::from_secs(2),
        idle: Duration::from_millis(500),
        folder: Duration::from_secs(2),
    };
    storage::open("s3://tidemill", settings)
}

fn read_request(socket: &mut TcpStream) -> String {
    let mut request = [0; 65536];
    let length = socket.read(&mut request).unwrap();
    String::from_utf8_lossy(&request[..length]).into_owned()
}

fn is_unavailable<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Unavailable(_)))
}

/// Every operation says "unavailable" within a few seconds.
fn all_are_unavailable(bucket: &Repository) {
    let start = Instant::now();
    let name = path("f");
    block_on(async {
        assert!(is_unavailable(
            bucket.get(&name, GetOptions::default()).await
        ));
        assert!(is_unavailable(bucket.head(&name).await));
        assert!(is_unavailable(bucket.list(&name, None).await));
        assert!(is_unavailable(bucket.delete(&name).await));
        let content = stream::iter([Ok(Bytes::from("x"))]);
        assert!(is_unavailable(bucket.put(&name, None, content).await));
        assert!(is_unavailable(bucket.begin_multipart(&name, 2).await));
    });
    assert!(
        start.elapsed() < Duration::from_secs(25),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_silent_store_is_unavailable_in_bounded_time() {
    let sockets = std::sync::Mutex::new(Vec::new());
    all_are_unavailable(&bucket_on(move |socket| {
        sockets.lock().unwrap().push(socket)
    }));
}

#[test]
fn a_failing_store_is_unavailable_in_bounded_time() {
    all_are_unavailable(&bucket_on(|mut socket| {
        read_request(&mut socket);
        let _ =
            socket.write_all(b"HTTP/1.1 500 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }));
}

#[test]
fn a_store_that_hangs_up_is_unavailable_in_bounded_time() {
    all_are_unavailable(&bucket_on(drop));
}

#[test]
fn a_store_that_is_away_is_unavailable_in_bounded_time() {
    let nobody = s3_settings("http://127.0.0.1:1");
    let bucket = storage::open("s3://tidemill", settings(&nobody));
    all_are_unavailable(&bucket);
}

#[test]
fn a_download_that_falls_silent_ends_with_an_error() {
    let sockets = std::sync::Mutex::new(Vec::new());
    let bucket = bucket_on(move |mut socket| {
        read_request(&mut socket);
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\netag: \"x\"\r\nlast-modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\npart";
        socket.write_all(head.as_bytes()).unwrap();
        sockets.lock().unwrap().push(socket);
    });
    let start = Instant::now();
    let Got::Content(content) = block_on(bucket.get(&path("f"), GetOptions::default())).unwrap()
    else {
        panic!("no content");
    };
    assert!(is_unavailable(body(content)));
    assert!(start.elapsed() < Duration::from_secs(10));
}

const FILE: &str = "0123456789";

/// A store that hangs up after the first four bytes of a file and answers `rest` when it is
/// asked for the others.
fn breaking_off(etag: &'static str, rest: impl Into<String>) -> Repository {
    let rest = rest.into();
    bucket_on(move |mut socket| {
        let request = read_request(&mut socket).to_ascii_lowercase();
        let answer = if request.contains("range: bytes=4-9\r\n") {
            rest.clone()
        } else {
            assert!(!request.contains("range:"), "{request}");
            answer("200 OK", etag, "x: y", &FILE[..4]).replace("length: 4", "length: 10")
        };
        socket.write_all(answer.as_bytes()).unwrap();
    })
}

fn answer(status: &str, etag: &str, header: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\netag: {etag}\r\n{header}\r\ncontent-length: {length}\r\n\
         last-modified: Wed, 21 Oct 2015 07:28:00 GMT\r\nconnection: close\r\n\r\n{body}"
    )
}

const REST: &str = "content-range: bytes 4-9/10";

/// What arrived of the file, and whether it ended without an error.
fn downloaded(bucket: &Repository) -> (String, bool) {
    let Got::Content(content) = block_on(bucket.get(&path("f"), GetOptions::default())).unwrap()
    else {
        panic!("no content");
    };
    assert_eq!(content.range, 0..10);
    let pieces: Vec<_> = block_on(content.body.collect());
    let is_whole = pieces.iter().all(Result::is_ok);
    let bytes: Vec<_> = pieces.into_iter().flatten().flatten().collect();
    (String::from_utf8(bytes).unwrap(), is_whole)
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_was() {
    let rest = answer("206 Partial Content", "\"x\"", REST, &FILE[4..]);
    let bucket = breaking_off("\"x\"", rest);
    assert_eq!(downloaded(&bucket), (FILE.to_owned(), true));
}

#[test]
fn a_broken_download_never_goes_on_with_other_bytes() {
    let (strong, weak) = ("\"x\"", "W/\"x\"");
    let whole_again = answer("200 OK", strong, "x: y", FILE);
    let from_the_start = "content-range: bytes 0-9/10";
    let from_the_start = answer("206 Partial Content", strong, from_the_start, FILE);
    let unnamed = answer("206 Partial Content", strong, "x: y", &FILE[4..]);
    let too_long = answer("206 Partial Content", strong, REST, FILE);
    let too_short = answer("206 Partial Content", strong, REST, &FILE[4..6]);
    let other_file = answer("206 Partial Content", "\"y\"", REST, "abcdef");
    let perhaps_other_file = answer("206 Partial Content", weak, REST, "abcdef");
    for (etag, rest) in [
        (strong, whole_again),
        (strong, from_the_start),
        (strong, unnamed),
        (strong, too_long),
        (strong, too_short),
        (strong, other_file),
        (weak, perhaps_other_file),
    ] {
        let (bytes, is_whole) = downloaded(&breaking_off(etag, rest.as_str()));
        assert!(
            !is_whole && FILE.starts_with(&bytes),
            "{bytes} after {rest}"
        );
    }
}

#[test]
fn a_store_that_refuses_us_is_not_blamed_on_a_missing_file() {
    let bucket = bucket_on(|mut socket| {
        read_request(&mut socket);
        let _ =
            socket.write_all(b"HTTP/1.1 403 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    let refused = block_on(bucket.head(&path("f")));
    assert!(matches!(refused, Err(Error::PermissionDenied(_))));
}

#[test]
fn a_cut_multipart_upload_is_aborted_at_the_store() {
    let server = S3Server::start();
    let bucket = storage::open("s3://tidemill", settings(&s3_settings(&server.url)));
    let (mut pieces, _) = large(40 * 1024 * 1024);
    pieces.push(cut());
    let last = pieces.len() - 1;
    let pieces = stream::iter(pieces).enumerate().map(|(at, piece)| {
        if at == last {
            assert!(server.unfinished() > 0);
        }
        piece
    });
    assert!(block_on(bucket.put(&path("f"), None, pieces)).is_err());
    assert!(eventually(|| server.unfinished() == 0));
    assert!(matches!(
        block_on(bucket.head(&path("f"))),
        Err(Error::NotFound(_))
    ));
}

#[test]
fn an_upload_that_falls_silent_is_ended() {
    let mut quick = settings(&s3_settings(&s3_server::shared().url));
    quick.limits.idle = Duration::from_millis(200);
    let bucket = storage::open("s3://tidemill", quick);
    let name = path(&uuid::Uuid::new_v4().to_string());
    let upload = bucket.put(&name, None, stuck(Bytes::from("half")));
    assert!(matches!(block_on(upload), Err(Error::InvalidParameter(_))));
    assert!(matches!(
        block_on(bucket.head(&name)),
        Err(Error::NotFound(_))
    ));
}

#[test]
fn a_full_disk_is_a_clear_error_and_leaves_nothing() {
    // A file system of its own needs privileges that not every machine gives a test.
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let storage = storage::open(disk.path().to_str().unwrap(), settings(&[]));
    let (pieces, _) = large(6 * 1024 * 1024);
    let refused = block_on(storage.put(&path("f"), None, stream::iter(pieces)));
    assert!(matches!(refused, Err(Error::Unavailable(m)) if m.contains("no space left")));
    let fits = stream::iter([Ok(Bytes::from("small"))]);
    assert_eq!(block_on(storage.put(&path("g"), None, fits)).unwrap(), 5);
    let listing = block_on(storage.list(&path(""), None)).unwrap();
    assert_eq!(listing.files.len(), 1);
}

/// Four megabytes, unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(folder))
    }

    fn path(&self) -> &std::path::Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg(self.0.path())
            .status();
    }
}
