//! What this machine offers to tests.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::step;

/// The usual places of the test servers, when the variables that name them are not set.
const SERVERS: [(&str, &str, u16); 2] = [
    (
        "TIDEMILL_TEST_POSTGRES_URL",
        "postgresql://postgres@127.0.0.1:5432/postgres",
        5432,
    ),
    (
        "TIDEMILL_TEST_MYSQL_URL",
        "mysql://root@127.0.0.1:3306/mysql",
        3306,
    ),
];

/// The databases that tests may use: those named in the environment, and those that listen in
/// the usual place.
pub(crate) fn databases() -> Vec<(&'static str, String)> {
    SERVERS
        .into_iter()
        .filter_map(|(variable, usual, port)| match std::env::var(variable) {
            Ok(url) => Some((variable, url)),
            Err(_) if listens(port) => Some((variable, usual.to_owned())),
            Err(_) => {
                eprintln!(
                    "no {variable}, and nothing listens on port {port}: tests on it are left out"
                );
                None
            }
        })
        .collect()
}

fn listens(port: u16) -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

/// Installs the client library that the feature `mysql` links to, where that is possible.
pub(crate) fn has_mysql_client() -> bool {
    has(
        mysql_client_found,
        &["libmariadb-dev", "libmariadb-dev-compat", "pkg-config"],
    )
}

/// Installs the browser that the web UI is tested in, where that is possible.
pub(crate) fn has_chromium() -> bool {
    has(
        || Path::new("/usr/bin/chromium").exists(),
        &["chromium", "fonts-liberation"],
    )
}

fn has(is_there: impl Fn() -> bool, packages: &[&str]) -> bool {
    if !is_there() && Path::new("/usr/bin/apt-get").exists() {
        let install = ["install", "-y", "-qq", "--no-install-recommends"];
        let _ = step::run("package lists", "apt-get", &["update", "-qq"]);
        let _ = step::run("packages", "apt-get", &[&install, packages].concat());
    }
    is_there()
}

fn mysql_client_found() -> bool {
    Command::new("pkg-config")
        .args(["--exists", "mysqlclient"])
        .status()
        .is_ok_and(|status| status.success())
}
