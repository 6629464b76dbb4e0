//! The web UI's files, and what stands in their place.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tidemill_testkit::TestServer;

use crate::support::{BINARY, launch};

const INDEX: &str = "<!doctype html><script src=\"static-files/static/js/main.1a2b.js\"></script>";
const SCRIPT: &str = "console.log('ui')";

/// A folder as MLflow's build leaves it, next to a file that is not of it.
fn build(home: &Path) -> PathBuf {
    let folder = home.join("build");
    fs::create_dir_all(folder.join("static/js")).unwrap();
    fs::write(folder.join("index.html"), INDEX).unwrap();
    fs::write(folder.join("favicon.ico"), "icon").unwrap();
    fs::write(folder.join("static/js/main.1a2b.js"), SCRIPT).unwrap();
    fs::write(home.join("secret.txt"), "secret").unwrap();
    folder
}

/// A server that finds no UI by itself.
fn without_python(home: &Path, args: &[&str]) -> TestServer {
    let alone = launch(home).args(args).env("PATH", "").env("HOME", "");
    alone.env("VIRTUAL_ENV", "").env("CONDA_PREFIX", "").start()
}

pub(crate) fn with_ui(args: &[&str]) -> (TestServer, TempDir) {
    let home = tempfile::tempdir().unwrap();
    let folder = build(home.path());
    let args = [&["--ui-dir", folder.to_str().unwrap()], args].concat();
    (without_python(home.path(), &args), home)
}

#[test]
fn without_a_ui_the_root_says_how_to_get_one() {
    let home = tempfile::tempdir().unwrap();
    let server = without_python(home.path(), &[]);
    let root = server.get("/");
    assert_eq!(root.status, 200);
    for hint in [
        "tidemill ui install",
        "--ui-dir",
        "--ui-proxy",
        "href=\"status\"",
    ] {
        assert!(root.text().contains(hint), "{}", root.text());
    }
    assert_eq!(server.get("/static-files/favicon.ico").status, 404);
    let status = server.get("/status").text();
    assert!(status.contains("<td>Database<td>ready"), "{status}");
}

#[test]
fn the_root_is_the_index_with_a_policy_and_scripts_are_kept_for_good() {
    let (server, _home) = with_ui(&[]);
    let root = server.get("/");
    assert_eq!((root.status, root.text()), (200, INDEX.to_owned()));
    assert_eq!(root.header("cache-control"), Some("no-cache"));
    assert_eq!(root.header("x-frame-options"), Some("SAMEORIGIN"));
    assert_eq!(root.header("x-content-type-options"), Some("nosniff"));
    let policy = root.header("content-security-policy").unwrap();
    for rule in [
        "connect-src 'self'",
        "script-src-attr 'none'",
        "object-src 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    let script = server.get("/static-files/static/js/main.1a2b.js");
    assert_eq!((script.status, script.text()), (200, SCRIPT.to_owned()));
    assert!(
        script
            .header("content-type")
            .unwrap()
            .contains("javascript")
    );
    assert_eq!(
        script.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    let tag = script.header("etag").unwrap();
    let again = server.send(
        "GET",
        "/static-files/static/js/main.1a2b.js",
        &[("If-None-Match", tag)],
        b"",
    );
    assert_eq!(again.status, 304);
    assert_eq!(server.send("HEAD", "/", &[], b"").status, 200);
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let (server, _home) = with_ui(&[]);
    for path in [
        "/static-files/../secret.txt",
        "/static-files/..%2fsecret.txt",
        "/static-files/%2e%2e/secret.txt",
        "/static-files//etc/passwd",
        "/static-files/static/../../secret.txt",
        "/static-files/static",
        "/static-files/",
        "/static-files/index.html",
    ] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_file_that_appears_later_is_not_served() {
    let (server, home) = with_ui(&[]);
    fs::write(home.path().join("build/late.txt"), "late").unwrap();
    assert_eq!(server.get("/static-files/late.txt").status, 404);
}

#[test]
fn compressed_files_go_to_those_who_take_them() {
    let home = tempfile::tempdir().unwrap();
    let folder = build(home.path());
    fs::write(folder.join("static/js/main.1a2b.js.gz"), "packed").unwrap();
    let server = without_python(home.path(), &["--ui-dir", folder.to_str().unwrap()]);
    let path = "/static-files/static/js/main.1a2b.js";
    let packed = server.send("GET", path, &[("Accept-Encoding", "br, gzip")], b"");
    assert_eq!(packed.text(), "packed");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(
        packed
            .header("content-type")
            .unwrap()
            .contains("javascript")
    );
    let plain = server.get(path);
    assert_eq!(plain.text(), SCRIPT);
    assert_eq!(plain.header("content-encoding"), None);
    let refused = server.send("GET", path, &[("Accept-Encoding", "gzip;q=0")], b"");
    assert_eq!(refused.text(), SCRIPT);
}

#[test]
fn files_of_a_plain_folder_are_compressed_on_the_way() {
    let home = tempfile::tempdir().unwrap();
    let folder = build(home.path());
    let script = SCRIPT.repeat(1_000);
    fs::write(folder.join("static/js/main.1a2b.js"), &script).unwrap();
    let server = without_python(home.path(), &["--ui-dir", folder.to_str().unwrap()]);
    let path = "/static-files/static/js/main.1a2b.js";
    let packed = server.send("GET", path, &[("Accept-Encoding", "br, gzip")], b"");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(
        packed.body.len() < script.len() / 10,
        "{}",
        packed.body.len()
    );
    let mut unpacked = String::new();
    let mut reader = flate2::read::GzDecoder::new(packed.body.as_slice());
    reader.read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, script);

    let plain = server.get(path);
    assert_eq!(plain.header("content-encoding"), None);
    assert!(plain.header("vary").is_some());
    let part = [("Accept-Encoding", "gzip"), ("Range", "bytes=8-11")];
    let part = server.send("GET", path, &part, b"");
    assert_eq!((part.status, part.text()), (206, script[8..12].to_owned()));
}

#[test]
fn the_ui_is_below_the_prefix_too() {
    let (server, _home) = with_ui(&["--static-prefix", "/ml/flow"]);
    assert_eq!(server.get("/ml/flow/").text(), INDEX);
    assert_eq!(
        server.get("/ml/flow/static-files/favicon.ico").text(),
        "icon"
    );
    assert_eq!(server.get("/").status, 404);
    let redirect = server.get("/ml/flow");
    assert_eq!(redirect.status, 307);
    assert_eq!(redirect.header("location"), Some("./flow/"));
}

#[test]
fn the_files_may_come_from_another_server() {
    let (other, _home) = with_ui(&[]);
    let home = tempfile::tempdir().unwrap();
    let address = format!("http://{}", other.address());
    let server = without_python(home.path(), &["--ui-proxy", &address]);
    assert_eq!(server.get("/").text(), INDEX);
    assert!(server.get("/").header("content-security-policy").is_some());
    assert_eq!(server.get("/static-files/favicon.ico").text(), "icon");
    assert_eq!(server.get("/static-files/none.js").status, 404);
    assert_eq!(server.get("/static-files/../version").status, 404);
    assert_eq!(server.get("/static-files/%2e%2e/version").status, 404);
    assert_eq!(server.get("/static-files/%3f").status, 404);
    drop(other);
    assert_eq!(server.get("/").status, 502);
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn the_ui_of_an_mlflow_in_the_python_environment_is_found() {
    let home = tempfile::tempdir().unwrap();
    let environment = home.path().join("venv");
    let package = environment.join("lib/python3.12/site-packages/mlflow/server/js");
    fs::create_dir_all(&package).unwrap();
    fs::rename(build(home.path()), package.join("build")).unwrap();
    fs::create_dir(environment.join("bin")).unwrap();
    fs::write(environment.join("bin/python3"), "").unwrap();
    let (venv, bin) = (environment.to_str().unwrap(), environment.join("bin"));
    for (variable, value) in [
        ("VIRTUAL_ENV", venv),
        ("CONDA_PREFIX", venv),
        ("PATH", bin.to_str().unwrap()),
    ] {
        let only = ["PATH", "VIRTUAL_ENV", "CONDA_PREFIX"]
            .into_iter()
            .filter(|other| *other != variable)
            .fold(launch(home.path()), |launch, other| launch.env(other, ""));
        let server = only.env(variable, value).start();
        assert_eq!(server.get("/").text(), INDEX, "{variable}");
    }
}

#[test]
fn a_ui_that_is_named_has_to_be_there() {
    let home = tempfile::tempdir().unwrap();
    for (flag, value, why) in [
        ("--ui-dir", "nowhere", "ui install"),
        ("--ui-proxy", "ftp://host", "http and https"),
    ] {
        let (status, log) = launch(home.path()).args(&[flag, value]).refused();
        assert!(!status.success());
        assert!(log.contains(value) && log.contains(why), "{log}");
    }
}

#[test]
fn an_installed_ui_is_found_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let wheel = home.path().join("mlflow.whl");
    let mut zip = zip::ZipWriter::new(fs::File::create(&wheel).unwrap());
    zip.start_file(
        "mlflow/server/js/build/index.html",
        zip::write::SimpleFileOptions::default(),
    )
    .unwrap();
    zip.write_all(INDEX.as_bytes()).unwrap();
    zip.finish().unwrap();
    let install = |version: &str| {
        std::process::Command::new(BINARY)
            .args(["ui", "install", "--version", version, "--wheel"])
            .arg(&wheel)
            .current_dir(home.path())
            .output()
            .unwrap()
    };
    let done = install("9.9.9");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        done.status.success() && said.contains("Apache License"),
        "{said}"
    );
    assert_eq!(without_python(home.path(), &[]).get("/").text(), INDEX);
    let other = install("3.17.2");
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(
        !other.status.success() && said.contains("not the wheel"),
        "{said}"
    );
    for version in ["../escape", "..", ".", "", "3..1"] {
        assert!(!install(version).status.success(), "{version}");
    }
    assert!(home.path().join("tidemill-data/tidemill.db").exists());
}

#[test]
fn only_the_ui_is_told_that_there_is_nothing() {
    let home = tempfile::tempdir().unwrap();
    let server = without_python(home.path(), &[]);
    let asked = |path: &str| server.get(path);
    let none = asked("/ajax-api/3.0/mlflow/gateway/endpoints/list");
    assert_eq!((none.status, none.text()), (200, "{}".to_owned()));
    let program = asked("/api/3.0/mlflow/gateway/endpoints/list");
    assert_eq!(program.error_code(), "ENDPOINT_NOT_FOUND");
    let user = asked("/ajax-api/2.0/mlflow/users/current");
    assert_eq!(user.status, 404);
}
