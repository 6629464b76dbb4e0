//! Servers for these tests.

use std::path::Path;

use tempfile::TempDir;
use tidemill_testkit::{Launch, TestServer};

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
