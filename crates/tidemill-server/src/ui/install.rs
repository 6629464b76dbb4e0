//! `tidemill ui install`: MLflow's UI out of its wheel.
//!
//! The UI is not ours to ship. The wheel comes from a package index, its hash is checked, and
//! only the UI and the licence are kept.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest;
use url::Url;
use zip::ZipArchive;

use super::{IN_PACKAGE, INSTALLED, VERSION};

/// Hashes of wheels whose UIs are tested; what the index says must agree.
const KNOWN: [(&str, &str); 3] = [
    (
        "3.17.2",
        "4e44c03791beb518d8b0a40b0982d958c2634d902f46d67d7907c82107f21fac",
    ),
    (
        "3.11.1",
        "8f6bf1238ac04f97664c229dd480380c5c254a78bdb3c0e433e3a0397508b1af",
    ),
    (
        "2.22.5",
        "5b95b5960e6726d0f9f7115b8593def2b339447d95d8a180caf84a3da121b407",
    ),
];
/// The longest index page and wheel that are read, and the most that a UI may take, in bytes.
const INDEX_PAGE: usize = 64 << 20;
const WHEEL: usize = 256 << 20;
const UNPACKED: u64 = 512 << 20;
/// How long the index may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// Files that become much smaller.
const COMPRESSIBLE: [&str; 9] = [
    "js", "mjs", "cjs", "css", "html", "json", "svg", "txt", "ttf",
];

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// MLflow's version.
    #[arg(long, default_value = VERSION)]
    version: String,
    /// Folder to put the UI into. [default: where the server looks, below tidemill-data/ui]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Package index to fetch the wheel from.
    #[arg(
        long,
        env = "PIP_INDEX_URL",
        default_value = "https://pypi.org/simple",
        value_name = "URL"
    )]
    index_url: Url,
    /// A wheel that is already here, instead of the index.
    #[arg(long, value_name = "FILE")]
    wheel: Option<PathBuf>,
}

/// Fetches, checks and unpacks the UI, and says under which licence it is.
pub(crate) fn install(args: &Install) -> Result<(), String> {
    let version = &args.version;
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    if !version.split('.').all(is_part) {
        return Err(format!(
            "--version '{version}' is refused: use one such as {VERSION}."
        ));
    }
    let wheel = match &args.wheel {
        Some(path) => wheel_on_disk(path, version)?,
        None => actix_web::rt::System::new().block_on(fetch(&args.index_url, version))?,
    };
    let to = match &args.to {
        Some(folder) => folder.clone(),
        None => Path::new(INSTALLED).join(version),
    };
    let files = unpack(&wheel, &to)
        .map_err(|error| format!("The UI cannot be unpacked into {}: {error}", to.display()))?;
    eprintln!(
        "The web UI of MLflow {version} is in {} ({files} files).\n\
         It is a part of MLflow, used under the Apache License, Version 2.0, which is beside it \
         as LICENSE.txt.\n\
         Start the server again to serve it.",
        to.display()
    );
    Ok(())
}

fn wheel_on_disk(path: &Path, version: &str) -> Result<Vec<u8>, String> {
    let wheel = fs::read(path).map_err(|error| format!("--wheel {}: {error}", path.display()))?;
    match known(version) {
        Some(hash) if hash != sha256(&wheel) => Err(format!(
            "--wheel {} is refused: it is not the wheel of MLflow {version} that was published.",
            path.display()
        )),
        _ => Ok(wheel),
    }
}

fn known(version: &str) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|(known, _)| *known == version)
        .map(|(_, hash)| *hash)
}

async fn fetch(index: &Url, version: &str) -> Result<Vec<u8>, String> {
    let client = reqwest::Client::builder()
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .build()
        .map_err(|error| error.to_string())?;
    let page_url = format!("{}/mlflow/", index.as_str().trim_end_matches('/'));
    let page_url = Url::parse(&page_url).map_err(|error| format!("--index-url: {error}"))?;
    let page = download(&client, &page_url, INDEX_PAGE).await?;
    let (wheel, hash) = link(&String::from_utf8_lossy(&page), &page_url, version)?;
    if known(version).is_some_and(|known| known != hash) {
        return Err(format!(
            "The index announces another wheel of MLflow {version} than the one that was published."
        ));
    }
    let wheel = download(&client, &wheel, WHEEL).await?;
    match sha256(&wheel) == hash {
        true => Ok(wheel),
        false => Err("The wheel that came is not the one that the index announced.".into()),
    }
}

async fn download(client: &reqwest::Client, url: &Url, most: usize) -> Result<Vec<u8>, String> {
    let failed =
        |error: &dyn std::fmt::Display| format!("{} cannot be fetched: {error}", plain(url));
    let answer = client
        .get(url.clone())
        .header(
            "accept",
            "text/html, application/octet-stream;q=0.9, */*;q=0.1",
        )
        .send()
        .await
        .and_then(reqwest::Response::error_for_status);
    let mut answer = answer.map_err(|error| failed(&error.without_url()))?;
    let mut bytes = Vec::new();
    while let Some(piece) = answer
        .chunk()
        .await
        .map_err(|error| failed(&error.without_url()))?
    {
        if bytes.len() + piece.len() > most {
            return Err(failed(&format!("it is longer than {most} bytes")));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// An address without the password that it may hold.
fn plain(url: &Url) -> String {
    let mut url = url.clone();
    // An address that cannot have a password has none.
    let _ = url.set_password(None).and_then(|()| url.set_username(""));
    url.into()
}

/// Where a page of the index says the wheel is, and its hash.
fn link(page: &str, page_url: &Url, version: &str) -> Result<(Url, String), String> {
    let missing = || format!("{} has no wheel of MLflow {version}.", plain(page_url));
    let name = regex::escape(&format!("mlflow-{version}-py3-none-any.whl"));
    let pattern = format!("href=[\"']([^\"'#]*{name})#sha256=([0-9a-f]{{64}})[\"']");
    let pattern = regex::Regex::new(&pattern).map_err(|error| error.to_string())?;
    let found = pattern.captures(page).ok_or_else(missing)?;
    let wheel = page_url.join(&found[1]).map_err(|_| missing())?;
    Ok((wheel, found[2].to_owned()))
}

fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Unpacks beside the folder and puts it in place at the end. What is there is replaced only if
/// it is a UI, or empty.
fn unpack(wheel: &[u8], to: &Path) -> io::Result<usize> {
    let to = std::path::absolute(to)?;
    let (Some(parent), Some(name)) = (to.parent(), to.file_name()) else {
        return Err(io::Error::other("it is not a folder that can be replaced"));
    };
    let mut beside = std::ffi::OsString::from(format!(".{}.", std::process::id()));
    beside.push(name);
    let partial = parent.join(beside);
    fs::create_dir_all(parent)?;
    fs::create_dir(&partial)?;
    let done = fill(wheel, &partial).and_then(|files| {
        replace(&to, &partial)?;
        Ok(files)
    });
    if done.is_err() {
        // The failure is what counts.
        let _ = fs::remove_dir_all(&partial);
    }
    done
}

fn replace(to: &Path, with: &Path) -> io::Result<()> {
    if to.exists() {
        let is_ui = to.join("index.html").is_file() && to.join("asset-manifest.json").is_file();
        if !is_ui && fs::read_dir(to)?.next().is_some() {
            return Err(io::Error::other("there is something else in it"));
        }
        fs::remove_dir_all(to)?;
    }
    fs::rename(with, to)
}

fn fill(wheel: &[u8], folder: &Path) -> io::Result<usize> {
    let mut archive = ZipArchive::new(Cursor::new(wheel)).map_err(io::Error::other)?;
    let (mut files, mut room) = (0, UNPACKED);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(io::Error::other)?;
        let Some(name) = entry.enclosed_name().filter(|_| entry.is_file()) else {
            continue;
        };
        let Some(name) = kept(&name) else { continue };
        let mut content = Vec::new();
        (&mut entry).take(room + 1).read_to_end(&mut content)?;
        room = room
            .checked_sub(content.len() as u64)
            .ok_or_else(|| io::Error::other("it is larger than a UI can be"))?;
        write(&folder.join(name), &content)?;
        files += 1;
    }
    match folder.join("index.html").is_file() {
        true => Ok(files),
        false => Err(io::Error::other("the wheel has no UI")),
    }
}

/// The place of a file of the wheel in the folder: the UI and the licence have one. Maps for
/// debuggers take most of the room, and are left out.
fn kept(name: &Path) -> Option<PathBuf> {
    let is_map = name.extension().is_some_and(|extension| extension == "map");
    if let Ok(name) = name.strip_prefix(IN_PACKAGE) {
        return (!is_map).then(|| name.to_owned());
    }
    let text = name.to_string_lossy();
    let is_licence = text.contains(".dist-info/") && text.ends_with("/LICENSE.txt");
    is_licence.then(|| PathBuf::from("LICENSE.txt"))
}

/// Writes a file, and its compressed form where that saves something.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    if content.len() < 1024 || !extension.is_some_and(|e| COMPRESSIBLE.contains(&e)) {
        return Ok(());
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    let mut compressed = GzEncoder::new(File::create(name)?, Compression::best());
    compressed.write_all(content)?;
    compressed.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn wheel(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn only_the_ui_and_the_licence_are_kept() {
        let home = tempfile::tempdir().unwrap();
        let script = "x".repeat(5000);
        let wheel = wheel(&[
            ("mlflow/server/js/build/index.html", "<html>"),
            ("mlflow/server/js/build/static/js/main.js", &script),
            ("mlflow/server/js/build/static/js/main.js.map", "map"),
            ("mlflow/server/handlers.py", "code"),
            ("mlflow-9.9.9.dist-info/licenses/LICENSE.txt", "Apache"),
            ("mlflow/server/js/build/../../../../../escaped.txt", "no"),
        ]);
        let to = home.path().join("ui/9.9.9");
        assert_eq!(unpack(&wheel, &to).unwrap(), 3);
        assert_eq!(
            fs::read_to_string(to.join("static/js/main.js")).unwrap(),
            script
        );
        assert!(to.join("static/js/main.js.gz").metadata().unwrap().len() < 100);
        assert!(!to.join("static/js/main.js.map").exists());
        assert!(!to.join("index.html.gz").exists(), "too short to gain");
        assert_eq!(
            fs::read_to_string(to.join("LICENSE.txt")).unwrap(),
            "Apache"
        );
        assert!(!home.path().join("escaped.txt").exists());
        assert_eq!(fs::read_dir(home.path().join("ui")).unwrap().count(), 1);
    }

    #[test]
    fn a_wheel_without_a_ui_leaves_the_old_one() {
        let home = tempfile::tempdir().unwrap();
        let to = home.path().join("ui");
        fs::create_dir(&to).unwrap();
        fs::write(to.join("index.html"), "old").unwrap();
        let error = unpack(&wheel(&[("mlflow/__init__.py", "")]), &to).unwrap_err();
        assert_eq!(error.to_string(), "the wheel has no UI");
        assert_eq!(fs::read_to_string(to.join("index.html")).unwrap(), "old");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_not_a_ui_is_not_replaced() {
        let home = tempfile::tempdir().unwrap();
        let wheel = wheel(&[
            ("mlflow/server/js/build/index.html", "new"),
            ("mlflow/server/js/build/asset-manifest.json", "{}"),
        ]);
        fs::write(home.path().join("tidemill.db"), "data").unwrap();
        for folder in [home.path().to_owned(), home.path().join("ui/..")] {
            assert!(unpack(&wheel, &folder).is_err(), "{}", folder.display());
            assert_eq!(
                fs::read_to_string(home.path().join("tidemill.db")).unwrap(),
                "data"
            );
        }
        let to = home.path().join("here");
        fs::create_dir(&to).unwrap();
        unpack(&wheel, &to).unwrap();
        unpack(&wheel, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("index.html")).unwrap(), "new");
    }

    #[test]
    fn the_index_says_where_the_wheel_is_and_what_its_hash_is() {
        let page_url = Url::parse("https://user:pw@host/simple/mlflow/").unwrap();
        let hash = "a".repeat(64);
        let page = format!(
            "<a href=\"../../p/mlflow-1.2-py3-none-any.whl#sha256={}\">x</a>\
             <a href=\"../../p/mlflow-1.2.3-py3-none-any.whl#sha256={hash}\">y</a>",
            "b".repeat(64)
        );
        let (wheel, found) = link(&page, &page_url, "1.2.3").unwrap();
        assert_eq!(wheel.path(), "/p/mlflow-1.2.3-py3-none-any.whl");
        assert_eq!(found, hash);
        let error = link(&page, &page_url, "4.5.6").unwrap_err();
        assert_eq!(
            error,
            "https://host/simple/mlflow/ has no wheel of MLflow 4.5.6."
        );
    }
}
