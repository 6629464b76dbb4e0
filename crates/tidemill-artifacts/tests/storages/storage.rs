//! Storages to test on, each with a folder of its own.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;
use tidemill_artifacts::{Content, GetOptions, Got, Repositories, Repository, StorageSettings};
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::storage_uri::{LocationPolicy, StorageUri};
use tidemill_core::{Error, Result};

use crate::google_links::SERVICE_ACCOUNT;
use crate::s3_server::{self, S3Server};

/// A repository and what keeps it alive.
#[derive(Clone)]
pub(crate) struct Storage {
    pub(crate) repository: Repository,
    folder: Option<Arc<TempDir>>,
}

impl std::ops::Deref for Storage {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        &self.repository
    }
}

pub(crate) fn memory() -> Option<Storage> {
    Some(Storage {
        repository: Repository::in_memory(),
        folder: None,
    })
}

pub(crate) fn local() -> Option<Storage> {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let root = StorageUri::local(&folder.path().join("artifacts")).unwrap();
    let repositories = Repositories::new(
        StorageSettings::default(),
        LocationPolicy::new(vec![]),
        Some(root.clone()),
    );
    let repository = block_on(repositories.open(&root)).unwrap();
    Some(Storage {
        repository,
        folder: Some(folder),
    })
}

pub(crate) fn s3() -> Option<Storage> {
    let server = s3_server::shared();
    Some(own_bucket("s3", server, &s3_settings(&server.url)))
}

pub(crate) fn other_s3() -> Option<Storage> {
    let url = std::env::var("TIDEMILL_TEST_S3_URL").ok()?;
    Some(own_folder("s3://tidemill", &s3_settings(&url)))
}

pub(crate) fn azure() -> Option<Storage> {
    let url = std::env::var("TIDEMILL_TEST_AZURE_URL").ok()?;
    let key =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    let connection = format!("AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint={url}");
    Some(own_folder(
        "wasbs://tidemill@devstoreaccount1.blob.core.windows.net",
        &[("AZURE_STORAGE_CONNECTION_STRING", &connection)],
    ))
}

pub(crate) fn gcs() -> Option<Storage> {
    let server = s3_server::google();
    let settings = [("STORAGE_EMULATOR_HOST", server.url.as_str())];
    Some(own_bucket("gs", server, &settings))
}

/// With a service account's key, which signs links.
pub(crate) fn gcs_with_key() -> Option<Storage> {
    let server = s3_server::google();
    let settings = [
        ("STORAGE_EMULATOR_HOST", server.url.as_str()),
        ("GOOGLE_APPLICATION_CREDENTIALS", SERVICE_ACCOUNT),
    ];
    Some(own_bucket("gs", server, &settings))
}

pub(crate) fn s3_settings(url: &str) -> [(&'static str, &str); 4] {
    [
        ("MLFLOW_S3_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", s3_server::KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", s3_server::SECRET),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ]
}

pub(crate) fn settings(variables: &[(&str, &str)]) -> StorageSettings {
    StorageSettings::new(
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
}

/// A folder of a bucket that tests share.
fn own_folder(root: &str, variables: &[(&str, &str)]) -> Storage {
    let repository = open(root, settings(variables));
    Storage {
        repository: repository.below(&path(&unique())),
        folder: None,
    }
}

/// A folder of a bucket of its own.
fn own_bucket(scheme: &str, server: &S3Server, variables: &[(&str, &str)]) -> Storage {
    let name = unique();
    server.make_bucket(&name);
    own_folder(&format!("{scheme}://{name}"), variables)
}

fn unique() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

pub(crate) fn open(root: &str, settings: StorageSettings) -> Repository {
    let root = StorageUri::parse(root).unwrap();
    let repositories = Repositories::new(settings, LocationPolicy::new(vec![]), Some(root.clone()));
    block_on(repositories.open(&root)).unwrap()
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        // A failed test shows what the storage said.
        tracing_subscriber::fmt().with_test_writer().init();
        tokio::runtime::Runtime::new().unwrap()
    });
    runtime.block_on(work)
}

pub(crate) fn path(text: &str) -> ArtifactPath {
    ArtifactPath::parse(text).unwrap()
}

impl Storage {
    /// The folder of a local storage.
    pub(crate) fn disk(&self) -> PathBuf {
        self.folder.as_ref().unwrap().path().join("artifacts")
    }

    pub(crate) fn store(&self, name: &str, content: impl Into<Bytes>) {
        let content = content.into();
        let size = content.len() as u64;
        assert_eq!(self.upload(name, vec![Ok(content)]).unwrap(), size);
    }

    pub(crate) fn upload(&self, name: &str, pieces: Vec<Result<Bytes>>) -> Result<u64> {
        block_on(self.put(&path(name), None, stream::iter(pieces)))
    }

    pub(crate) fn read(&self, name: &str) -> Result<Bytes> {
        self.fetch(name, GetOptions::default())
            .map(|content| body(content).unwrap())
    }

    pub(crate) fn fetch(&self, name: &str, options: GetOptions) -> Result<Content> {
        match block_on(self.get(&path(name), options))? {
            Got::Content(content) => Ok(content),
            _ => panic!("{name} gave no content"),
        }
    }

    /// Names and sizes, `None` for folders.
    pub(crate) fn names(&self, folder: &str) -> Vec<(String, Option<u64>)> {
        let listing = block_on(self.list(&path(folder), None)).unwrap();
        assert_eq!(listing.next, None);
        let entry = |file: tidemill_artifacts::FileInfo| {
            assert_eq!(file.is_dir, file.file_size.is_none());
            (file.path, file.file_size)
        };
        listing.files.into_iter().map(entry).collect()
    }
}

pub(crate) fn body(content: Content) -> Result<Bytes> {
    let pieces: Result<Vec<Bytes>> = block_on(content.body.try_collect());
    pieces.map(|pieces| pieces.concat().into())
}

pub(crate) fn cut() -> Result<Bytes> {
    Err(Error::invalid_parameter("cut"))
}

/// A body of `size` bytes in small pieces, each byte telling where it belongs.
pub(crate) fn large(size: usize) -> (Vec<Result<Bytes>>, Bytes) {
    let content: Bytes = (0..size)
        .map(|i| (i / 7 % 251) as u8)
        .collect::<Vec<_>>()
        .into();
    let piece = 60_000;
    let pieces = (0..size)
        .step_by(piece)
        .map(|start| Ok(content.slice(start..(start + piece).min(size))))
        .collect();
    (pieces, content)
}

/// Waits for what happens after an answer, for a few seconds.
pub(crate) fn eventually(what: impl Fn() -> bool) -> bool {
    for _ in 0..100 {
        if what() {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    false
}

/// A body that never goes on after `first`.
pub(crate) fn stuck(first: Bytes) -> impl futures::Stream<Item = Result<Bytes>> {
    stream::once(async { Ok(first) }).chain(stream::pending())
}
