//! Signed links, used as a client uses them: without credentials.

use std::time::Duration;

use bytes::Bytes;
use tidemill_artifacts::{CompletedPart, MultipartUpload};
use tidemill_core::Error;

use crate::google_links::SERVICE_ACCOUNT;
use crate::s3_server;
use crate::storage::{self, Storage, block_on, path};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

fn storages_with_links() -> Vec<Storage> {
    let other_s3 = storage::other_s3();
    checking_links().into_iter().chain(other_s3).collect()
}

/// Not every S3 server that may be named looks at signatures.
fn checking_links() -> Vec<Storage> {
    [storage::s3(), storage::gcs_with_key(), storage::azure()]
        .into_iter()
        .flatten()
        .collect()
}

/// Names with characters that must be encoded, or that look encoded already.
const NAMES: [&str; 3] = [
    "a b/größe (1)+x.txt",
    "100%41=50%25 'it'@[0]:!$&*,;.txt",
    "~-_.",
];

fn storages_and_names() -> impl Iterator<Item = (Storage, &'static str)> {
    let storages = storages_with_links().into_iter();
    storages.flat_map(|storage| NAMES.map(|name| (storage.clone(), name)))
}

pub(crate) async fn send(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: Bytes,
) -> reqwest::Response {
    let method = method.parse().unwrap();
    let mut request = reqwest::Client::new().request(method, url).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await.unwrap()
}

#[test]
fn a_download_link_gives_the_file_and_its_size() {
    for (storage, name) in storages_and_names() {
        storage.store(name, "content");
        block_on(async {
            let link = storage.presign_download(&path(name), MINUTE).await.unwrap();
            assert_eq!(link.file_size, Some(7));
            let answer = send("GET", &link.url, &link.headers, Bytes::new()).await;
            assert_eq!(answer.status(), 200, "{}", link.url);
            assert_eq!(answer.bytes().await.unwrap(), "content");
        });
    }
}

#[test]
fn a_link_for_another_file_or_method_is_worthless() {
    for storage in checking_links() {
        storage.store("f", "content");
        storage.store("g", "secret");
        block_on(async {
            let link = storage.presign_download(&path("f"), MINUTE).await.unwrap();
            let other = link.url.replace("/f?", "/g?");
            assert_ne!(other, link.url);
            assert_eq!(send("GET", &other, &[], Bytes::new()).await.status(), 403);
            assert_eq!(
                send("DELETE", &link.url, &[], Bytes::new()).await.status(),
                403
            );
        });
    }
}

#[test]
fn a_missing_file_has_no_download_link() {
    for storage in storages_with_links() {
        let link = block_on(storage.presign_download(&path("missing"), MINUTE));
        assert!(matches!(link, Err(Error::NotFound(_))));
    }
}

#[test]
fn an_upload_link_takes_the_file() {
    for (storage, name) in storages_and_names() {
        let name = format!("{name}.json");
        block_on(async {
            let link = storage.presign_upload(&path(&name), MINUTE).await.unwrap();
            assert!(
                link.headers
                    .contains(&("Content-Type".into(), "application/json".into()))
            );
            let answer = send("PUT", &link.url, &link.headers, Bytes::from("{}")).await;
            assert!(
                answer.status().is_success(),
                "{}",
                answer.text().await.unwrap()
            );
        });
        assert_eq!(storage.read(&name).unwrap(), "{}");
    }
}

/// Where only `object_store` has the key, or asks Google to sign. It signs for Google's host.
#[test]
fn a_link_that_is_not_signed_here_is_for_the_file_as_it_is_named() {
    let url = s3_server::google().url.as_str();
    let open =
        |variables: &[(&str, &str)]| storage::open("gs://tidemill", storage::settings(variables));
    let signing = open(&[
        ("GOOGLE_SERVICE_ACCOUNT", SERVICE_ACCOUNT),
        ("GOOGLE_BASE_URL", url),
    ]);
    let reading = open(&[("STORAGE_EMULATOR_HOST", url)]);
    let folder = path(&uuid::Uuid::new_v4().to_string());
    block_on(async {
        for name in NAMES {
            let name = folder.join(&path(name));
            let link = signing.presign_upload(&name, MINUTE).await.unwrap();
            let host = [("host".to_owned(), "storage.googleapis.com".to_owned())];
            let answer = send("PUT", &link.url, &host, Bytes::from("x")).await;
            assert_eq!(answer.status(), 200, "{}", link.url);
            assert_eq!(reading.head(&name).await.unwrap().size, 1);
        }
    });
}

async fn send_parts(upload: &MultipartUpload, parts: &[Bytes]) -> Vec<CompletedPart> {
    let mut completed = Vec::new();
    for (part, body) in upload.parts.iter().zip(parts) {
        let answer = send("PUT", &part.url, &[], body.clone()).await;
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
        let etag = answer.headers().get("etag");
        completed.push(CompletedPart {
            part_number: i64::from(part.part_number),
            etag: etag.map(|etag| etag.to_str().unwrap().to_owned()),
            url: Some(part.url.clone()),
        });
    }
    completed
}

#[test]
fn parts_sent_to_their_links_become_the_file() {
    let parts = [Bytes::from(vec![1; 5 * 1024 * 1024]), Bytes::from("end")];
    for storage in storages_with_links() {
        let name = path("mpu/big file.bin");
        block_on(async {
            let upload = storage.begin_multipart(&name, 2).await.unwrap();
            let mut completed = send_parts(&upload, &parts).await;
            completed.reverse();
            storage
                .complete_multipart(&name, upload.upload_id.as_deref(), &completed)
                .await
                .unwrap();
        });
        let content = storage.read("mpu/big file.bin").unwrap();
        assert_eq!(content.len(), parts[0].len() + 3);
        assert!(content.ends_with(b"end"));
    }
}

#[test]
fn an_aborted_upload_leaves_nothing() {
    for storage in storages_with_links() {
        let name = path("mpu/f");
        block_on(async {
            let upload = storage.begin_multipart(&name, 1).await.unwrap();
            send_parts(&upload, &[Bytes::from("x")]).await;
            storage
                .abort_multipart(&name, upload.upload_id.as_deref())
                .await
                .unwrap();
        });
        assert_eq!(storage.names(""), []);
    }
}

#[test]
fn an_upload_id_of_nobody_s_is_refused() {
    for storage in [storage::s3(), storage::other_s3()].into_iter().flatten() {
        let part = CompletedPart {
            part_number: 1,
            etag: Some("\"x\"".into()),
            url: None,
        };
        let completed = block_on(storage.complete_multipart(&path("f"), Some("nonsense"), &[part]));
        assert!(completed.is_err());
        assert_eq!(storage.names(""), []);
    }
}
