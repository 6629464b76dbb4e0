//! Multipart uploads that nobody has ended.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tidemill_artifacts::{Repository, Unfinished};
use tidemill_core::{Error, Result};

use crate::s3_server::{self, S3Server};
use crate::storage::{self, Storage, block_on, path, s3_settings, settings};

/// All of them, page by page.
fn all(repository: &Repository) -> Result<Vec<Unfinished>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = block_on(repository.unfinished_uploads(after.as_ref()))?;
        all.extend(page.uploads);
        match page.next {
            None => return Ok(all),
            next => after = next,
        }
    }
}

fn paths(repository: &Repository) -> BTreeSet<String> {
    let all = all(repository).unwrap().into_iter();
    all.map(|upload| upload.path.to_string()).collect()
}

fn begin(repository: &Repository, name: &str) -> Option<String> {
    let upload = block_on(repository.begin_multipart(&path(name), 1));
    upload.unwrap().upload_id
}

fn storages_with_uploads() -> Vec<Storage> {
    let storages = [storage::s3(), storage::other_s3(), storage::gcs_with_key()];
    storages.into_iter().flatten().collect()
}

const NAMES: [&str; 3] = ["a b/größe (1)+x.bin", "100%41=50%25 'it'&<b>.bin", "plain"];

#[test]
fn an_upload_is_listed_until_it_is_ended() {
    for storage in storages_with_uploads() {
        let ids = NAMES.map(|name| begin(&storage, name).unwrap());
        let neighbour = storage.below(&path("other"));
        begin(&neighbour, "f");
        assert_eq!(paths(&neighbour), BTreeSet::from(["f".to_owned()]));
        assert_eq!(paths(&storage).len(), 4);
        for (name, id) in NAMES.iter().zip(&ids) {
            let listed = all(&storage).unwrap();
            let listed = listed.iter().find(|one| one.path == path(name)).unwrap();
            assert_eq!(&listed.upload_id, id, "{name}");
            block_on(storage.abort_multipart(&path(name), Some(id))).unwrap();
        }
        assert_eq!(paths(&storage), BTreeSet::from(["other/f".to_owned()]));
    }
}

#[test]
fn the_time_of_its_begin_is_told() {
    let server = S3Server::start();
    let bucket = storage::open("s3://tidemill", settings(&s3_settings(&server.url)));
    begin(&bucket, "f");
    let near = |then: SystemTime| all(&bucket).unwrap()[0].begun.duration_since(then);
    let minute = Duration::from_secs(60);
    assert!(near(SystemTime::now() - minute).unwrap() <= minute);
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    server.age_uploads(month);
    assert!(near(SystemTime::now() - month - minute).unwrap() <= minute);
}

#[test]
fn storages_that_end_uploads_themselves_list_none() {
    for storage in [storage::local(), storage::memory(), storage::azure()] {
        let Some(storage) = storage else { continue };
        if storage::azure().is_some() {
            let _ = block_on(storage.begin_multipart(&path("f"), 1));
        }
        assert_eq!(all(&storage).unwrap(), []);
    }
}

#[test]
fn wrong_credentials_are_refused() {
    let mut variables = s3_settings(&s3_server::shared().url);
    variables[2].1 = "wrong";
    let bucket = storage::open("s3://tidemill", settings(&variables));
    assert!(matches!(all(&bucket), Err(Error::PermissionDenied(_))));
}

/// A bucket whose server gives these answers, one after the other, and the requests it gets.
fn answering(bodies: &[String]) -> (Repository, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (log, bodies) = (Arc::clone(&requests), bodies.to_vec());
    std::thread::spawn(move || {
        for (socket, body) in listener.incoming().zip(bodies) {
            let mut socket = socket.unwrap();
            let mut request = [0; 8192];
            let length = socket.read(&mut request).unwrap();
            let request = String::from_utf8_lossy(&request[..length]);
            let target = request.split(' ').nth(1).unwrap().to_owned();
            log.lock().unwrap().push(target);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = socket.write_all(head.as_bytes());
            let _ = socket.write_all(body.as_bytes());
        }
    });
    let bucket = storage::open("s3://tidemill/root", settings(&s3_settings(&url)));
    (bucket, requests)
}

fn answer(uploads: &[(&str, &str)], next: &str) -> String {
    let uploads: String = uploads
        .iter()
        .map(|(key, id)| {
            format!(
                "<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiator><ID>x</ID></Initiator>\
                 <Initiated>2026-01-02T03:04:05.000Z</Initiated></Upload>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListMultipartUploadsResult \
         xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>tidemill</Bucket><KeyMarker/>\
         <EncodingType>url</EncodingType>{next}{uploads}</ListMultipartUploadsResult>"
    )
}

const MORE: &str = "<NextKeyMarker>root/a+b%2Bc</NextKeyMarker>\
    <NextUploadIdMarker>i/2</NextUploadIdMarker><IsTruncated>true</IsTruncated>";

#[test]
fn all_pages_are_read_and_keys_are_decoded() {
    let first = answer(&[("root/a", "i/1"), ("root/a+b%2Bc", "i/2")], MORE);
    // The second is no path of an artifact, the third is beside the folder.
    let keys = [("root/d", "i3"), ("root/x//y", "i4"), ("rooted/e", "i5")];
    let last = answer(&keys, "<IsTruncated>false</IsTruncated>");
    let (bucket, requests) = answering(&[first, last]);
    let found: Vec<_> = all(&bucket).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.path.as_str(), one.upload_id.as_str()))
        .collect();
    assert_eq!(found, [("a", "i/1"), ("a b+c", "i/2"), ("d", "i3")]);
    let requests = requests.lock().unwrap();
    assert!(
        requests[0].starts_with("/tidemill?uploads=&"),
        "{requests:?}"
    );
    assert!(requests[0].contains("prefix=root%2F") && !requests[0].contains("marker"));
    let markers = "key-marker=root%2Fa%20b%2Bc&upload-id-marker=i%2F2";
    assert!(requests[1].contains(markers), "{requests:?}");
}

#[test]
fn an_answer_that_is_no_page_is_an_error() {
    let same = answer(&[], MORE);
    let earlier = MORE.replace("root/a+b%2Bc", "root/a");
    let markless = answer(&[], "<IsTruncated>true</IsTruncated>");
    let endless = format!("<ListMultipartUploadsResult>{}", " ".repeat(9 << 20));
    let undated = answer(&[("root/a", "i")], "").replace("2026", "soon");
    for bodies in [
        vec![same.clone(), same.clone(), same.clone()],
        vec![same.clone(), answer(&[], &earlier), same],
        vec![markless],
        vec![endless],
        vec![undated],
        vec!["<html>".to_owned()],
        vec!["<Error><Code>SlowDown</Code></Error>".to_owned()],
        vec!["<ListBucketResult></ListBucketResult>".to_owned()],
        vec![String::new()],
    ] {
        let (bucket, requests) = answering(&bodies);
        let refused = all(&bucket);
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        assert_eq!(requests.lock().unwrap().len(), bodies.len().min(2));
    }
}
