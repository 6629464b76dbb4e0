//! Servers for these tests.

use std::path::Path;

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
