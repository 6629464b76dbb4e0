//! Azure accounts that keep folders, as their blob endpoint shows them: with a hierarchical
//! namespace, where folders are entries of their own that can be deleted only once empty; and
//! without, where clients keep them as empty blobs that say so in their metadata.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use tidemill_artifacts::{GetOptions, Repository};
use tidemill_core::Error;

use crate::signed::{MINUTE, send};
use crate::storage::{self, block_on, path, settings};

/// Contents by key; folders have none.
type Entries = BTreeMap<String, Option<Vec<u8>>>;

#[derive(Clone, Copy, PartialEq)]
enum Namespace {
    Hierarchical,
    Flat,
}
use Namespace::{Flat, Hierarchical};

struct DataLake {
    repository: Repository,
    entries: Arc<Mutex<Entries>>,
}

impl DataLake {
    fn start(namespace: Namespace) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let entries = Arc::<Mutex<Entries>>::default();
        let served = entries.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let entries = served.clone();
                std::thread::spawn(move || serve(socket.unwrap(), namespace, &entries));
            }
        });
        let connection = format!("AccountName=acc;AccountKey=a2V5;BlobEndpoint={url}");
        let settings = settings(&[("AZURE_STORAGE_CONNECTION_STRING", &connection)]);
        Self {
            repository: storage::open("abfss://tidemill@acc.dfs.core.windows.net/root", settings),
            entries,
        }
    }

    /// With a folder `m`, a file and a folder in it, and an empty folder.
    fn with_folders(namespace: Namespace) -> Self {
        let lake = Self::start(namespace);
        for name in ["m/file", "m/deep/er/file", "other"] {
            lake.store(name, "12345");
        }
        lake.store("m/nothing", "");
        add(&mut lake.entries.lock().unwrap(), "root/m/empty", None);
        lake
    }

    fn store(&self, name: &str, content: &'static str) {
        let pieces = futures::stream::iter([Ok(Bytes::from(content))]);
        let name = path(name);
        block_on(self.repository.put(&name, None, pieces)).unwrap();
    }

    fn list(&self, folder: &str) -> Vec<(String, Option<u64>)> {
        let listing = block_on(self.repository.list(&path(folder), None)).unwrap();
        let files = listing.files.into_iter();
        files.map(|file| (file.path, file.file_size)).collect()
    }
}

#[test]
fn folders_of_a_data_lake_are_no_files() {
    for namespace in [Hierarchical, Flat] {
        let lake = DataLake::with_folders(namespace);
        assert_eq!(
            lake.list("m"),
            [
                ("m/deep".into(), None),
                ("m/empty".into(), None),
                ("m/file".into(), Some(5)),
                ("m/nothing".into(), Some(0)),
            ]
        );
        assert_eq!(
            lake.list(""),
            [("m".into(), None), ("other".into(), Some(5))]
        );
        assert_eq!(lake.list("m/empty"), []);
    }
}

#[test]
fn a_folder_of_a_data_lake_is_not_sent_as_a_file() {
    for namespace in [Hierarchical, Flat] {
        let lake = DataLake::with_folders(namespace);
        let name = path("m/deep");
        let refused = |error: Error| {
            let message = "Artifact path refers to a directory, not a file: 'm/deep'";
            assert!(matches!(error, Error::InvalidParameter(m) if m == message));
        };
        block_on(async {
            let repository = &lake.repository;
            refused(repository.head(&name).await.unwrap_err());
            let got = repository.get(&name, GetOptions::default()).await;
            refused(got.err().unwrap());
        });
    }
}

#[test]
fn a_folder_of_a_data_lake_is_deleted_with_all_it_holds() {
    for namespace in [Hierarchical, Flat] {
        let lake = DataLake::with_folders(namespace);
        lake.store("m2/file", "x");
        block_on(lake.repository.delete(&path("m"))).unwrap();
        let left = ["root", "root/m2", "root/m2/file", "root/other"];
        assert!(lake.entries.lock().unwrap().keys().eq(&left));
        block_on(lake.repository.delete(&path("m"))).unwrap();
    }
}

#[test]
fn a_blob_that_azure_s_emulator_keeps_for_a_folder_is_one() {
    let Some(storage) = storage::azure() else {
        return;
    };
    block_on(async {
        let link = storage.presign_upload(&path("m/deep"), MINUTE).await;
        let link = link.unwrap();
        let mut headers = link.headers;
        headers.push(("x-ms-meta-hdi_isfolder".into(), "true".into()));
        headers.push(("content-length".into(), "0".into()));
        let answer = send("PUT", &link.url, &headers, Bytes::new()).await;
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
    });
    assert_eq!(storage.names("m"), [("m/deep".into(), None)]);
    storage.store("m/deep/file", "12345");
    assert_eq!(storage.names("m"), [("m/deep".into(), None)]);
    assert!(matches!(
        storage.read("m/deep"),
        Err(Error::InvalidParameter(_))
    ));
    block_on(storage.delete(&path("m"))).unwrap();
    assert_eq!(storage.names(""), []);
}

fn add(entries: &mut Entries, key: &str, content: Option<Vec<u8>>) {
    for (at, _) in key.match_indices('/') {
        entries.entry(key[..at].to_owned()).or_default();
    }
    entries.insert(key.to_owned(), content);
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn serve(mut socket: TcpStream, namespace: Namespace, entries: &Mutex<Entries>) {
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    while let Some(request) = read(&mut reader) {
        let answer = answer(&request, namespace, &mut entries.lock().unwrap());
        if socket.write_all(&answer).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|size| *size > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        match header.trim().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request {
        method,
        path: decoded(path),
        query: query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect(),
        body,
    })
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

fn answer(request: &Request, namespace: Namespace, entries: &mut Entries) -> Vec<u8> {
    let operation = request.query.get("comp").map(String::as_str);
    let key = request.path.strip_prefix("/tidemill/").unwrap_or_default();
    match (request.method.as_str(), operation) {
        ("GET", Some("list")) => {
            response(200, "", list(&request.query, namespace, entries).as_bytes())
        }
        ("POST", Some("batch")) => {
            let body = batch(&request.body, namespace, entries);
            let kind = "content-type: multipart/mixed; boundary=answers\r\n";
            response(202, kind, body.as_bytes())
        }
        ("PUT", None) => {
            add(entries, key, Some(request.body.clone()));
            response(201, "", b"")
        }
        ("HEAD" | "GET", None) => match entries.get(key) {
            None => response(404, "", b""),
            Some(None) => {
                let kind = match namespace {
                    Hierarchical => "x-ms-resource-type: directory\r\n",
                    Flat => "",
                };
                let headers = format!("{kind}x-ms-meta-hdi_isfolder: true\r\n");
                response(200, &headers, b"")
            }
            Some(Some(content)) => response(200, "", content),
        },
        _ => response(400, "", b""),
    }
}

fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} x\r\netag: \"x\"\r\nlast-modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n\
         {headers}content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Everything below a prefix; with a delimiter, nothing further down but the names of folders.
fn list(query: &BTreeMap<String, String>, namespace: Namespace, entries: &Entries) -> String {
    let prefix = query.get("prefix").map_or("", String::as_str);
    let is_shallow = query.contains_key("delimiter");
    let mut folders = BTreeSet::new();
    let mut xml = String::new();
    for (key, content) in entries {
        let Some(rest) = key.strip_prefix(prefix) else {
            continue;
        };
        let inner = rest.split_once('/').map(|(folder, _)| folder);
        match (inner, content) {
            (Some(folder), _) if is_shallow => {
                folders.insert(folder);
            }
            (None, None) if is_shallow && namespace == Hierarchical => {
                folders.insert(rest);
            }
            _ => xml += &blob(key, content.as_deref(), namespace),
        }
    }
    for folder in folders {
        xml += &format!("<BlobPrefix><Name>{prefix}{folder}/</Name></BlobPrefix>");
    }
    format!(
        "<?xml version=\"1.0\"?><EnumerationResults><Prefix>{prefix}</Prefix><Blobs>{xml}</Blobs>\
         <NextMarker/></EnumerationResults>"
    )
}

fn blob(key: &str, content: Option<&[u8]>, namespace: Namespace) -> String {
    let kind = match (namespace, content) {
        (Flat, _) => "",
        (_, Some(_)) => "<ResourceType>file</ResourceType>",
        (_, None) => "<ResourceType>directory</ResourceType>",
    };
    let size = content.unwrap_or_default().len();
    format!(
        "<Blob><Name>{key}</Name><Properties><Last-Modified>Wed, 21 Oct 2015 07:28:00 GMT\
         </Last-Modified><Etag>x</Etag><Content-Length>{size}</Content-Length>\
         <Content-Type>x/x</Content-Type>{kind}</Properties></Blob>"
    )
}

/// Deletions, one after the other.
fn batch(body: &[u8], namespace: Namespace, entries: &mut Entries) -> String {
    let body = String::from_utf8_lossy(body);
    let targets = body.lines().filter_map(|line| {
        let target = line.strip_prefix("DELETE ")?.strip_suffix(" HTTP/1.1")?;
        Some(decoded(target.trim_start_matches("/tidemill/")))
    });
    let mut answers = String::new();
    for (id, key) in targets.enumerate() {
        let below = format!("{key}/");
        let is_empty = !entries.keys().any(|other| other.starts_with(&below));
        let status = match entries.contains_key(&key) {
            false => 404,
            true if is_empty || namespace == Flat => 202,
            true => 409,
        };
        if status == 202 {
            entries.remove(&key);
        }
        answers += &format!(
            "--answers\r\nContent-Type: application/http\r\nContent-ID: {id}\r\n\r\n\
             HTTP/1.1 {status} x\r\n\r\n\r\n"
        );
    }
    answers + "--answers--\r\n"
}
