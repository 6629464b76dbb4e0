//! Servers for these tests.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use tidemill_testkit::{Launch, TestDatabase, TestServer};

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_tidemill");

/// A way to start the binary with its data below `folder`.
pub(crate) fn launch(folder: &Path) -> Launch {
    Launch::new(BINARY, folder)
}

/// A server on the embedded default, and the folder that goes with it.
pub(crate) fn server(args: &[&str]) -> (TestServer, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let server = launch(folder.path()).args(args).start();
    (server, folder)
}

/// What a program is told of the S3 server for tests, if there is one.
pub(crate) fn s3() -> Option<[(&'static str, String); 3]> {
    let url = std::env::var("TIDEMILL_TEST_S3_URL").ok();
    if url.is_none() {
        eprintln!("skipped: TIDEMILL_TEST_S3_URL names no server");
    }
    Some([
        ("MLFLOW_S3_ENDPOINT_URL", url?),
        ("AWS_ACCESS_KEY_ID", "tidemill".into()),
        ("AWS_SECRET_ACCESS_KEY", "tidemill-secret".into()),
    ])
}

/// A folder in its bucket that nobody else uses.
pub(crate) fn folder_on_s3() -> String {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let folder = FOLDERS.fetch_add(1, Ordering::Relaxed);
    format!("s3://tidemill/server-{}-{folder}", std::process::id())
}

/// Whether there is time for many rounds.
pub(crate) fn is_long() -> bool {
    std::env::var_os("TIDEMILL_TEST_LONG").is_some()
}

/// A migrated PostgreSQL database, where there is a server for tests.
pub(crate) fn postgres() -> Option<TestDatabase> {
    told_when_absent(TestDatabase::postgres())
}

/// A PostgreSQL database without any table, where there is a server for tests.
pub(crate) fn empty_postgres() -> Option<TestDatabase> {
    told_when_absent(TestDatabase::empty_postgres())
}

fn told_when_absent(database: Option<TestDatabase>) -> Option<TestDatabase> {
    if database.is_none() {
        eprintln!("skipped: TIDEMILL_TEST_POSTGRES_URL names no server");
    }
    database
}
