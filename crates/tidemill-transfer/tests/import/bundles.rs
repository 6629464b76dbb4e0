//! Bundles: what goes in comes out, and what somebody made to harm is refused.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tar::{Archive, Builder, EntryType, Header};
use tempfile::TempDir;
use tidemill_core::transfer::Kind;
use tidemill_testkit::TestDatabase;
use tidemill_transfer::{ArtifactFiles, Bundle, Error, OnConflict, TakeFile, pack};

use crate::databases::MUCH;
use crate::given::{Given, import, opened, written};

/// Files by path.
struct Files(Vec<(&'static str, Vec<u8>)>);

impl ArtifactFiles for Files {
    fn each(&mut self, take: &mut TakeFile<'_>) -> Result<(), Error> {
        for (path, bytes) in &self.0 {
            take(path, &mut &bytes[..])?;
        }
        Ok(())
    }
}

/// A bundle of what `place` has.
fn bundle_of(place: &str, folder: &TempDir) -> PathBuf {
    let path = folder.path().join("all.tar");
    let large: Vec<u8> = (0..20_000_000_u32).map(|n| (n / 1000) as u8).collect();
    let mut files = Files(vec![
        ("a/empty", Vec::new()),
        ("a/größe", b"text".to_vec()),
        ("b/large", large.clone()),
        ("b/same", large),
    ]);
    let out = File::create(&path).unwrap();
    let (_, report) = pack(&mut *opened(place).unwrap(), Some(&mut files), out, |_| {}).unwrap();
    assert_eq!(report.faults.count, 0, "{report}");
    path
}

fn refusal(path: &Path) -> String {
    let error = match Bundle::open(path) {
        Ok(bundle) => bundle.unwrap().check().unwrap_err(),
        Err(error) => error,
    };
    error.to_string()
}

fn what_goes_in_comes_out(database: &TestDatabase) {
    let given = Given::with(MUCH);
    given.import_into(database, OnConflict::Fail);
    let folder = tempfile::tempdir().unwrap();
    let path = bundle_of(&database.uri(), &folder);
    let found = Bundle::open(&path).unwrap().unwrap().check().unwrap();
    assert_eq!(found.counts["runs"], 1204);
    assert_eq!(found.counts["artifacts"], 4);
    assert_eq!(found.artifact_bytes, 40_000_004);

    let other = TestDatabase::sqlite();
    let mut source = opened(path.to_str().unwrap()).unwrap();
    let report = import(&mut *source, &other, OnConflict::Fail);
    assert!(report.is_good(), "{report}");
    assert_eq!(report.kinds[&Kind::Run].added, 1204);
    assert!(given.verified(&other).is_good());
    let mut source = opened(path.to_str().unwrap()).unwrap();
    assert_eq!(written(&import(&mut *source, &other, OnConflict::Fail)), 0);
}

#[test]
fn what_goes_in_comes_out_of_sqlite() {
    what_goes_in_comes_out(&TestDatabase::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn what_goes_in_comes_out_of_postgres() {
    if let Some(database) = TestDatabase::postgres() {
        what_goes_in_comes_out(&database);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn what_goes_in_comes_out_of_mysql() {
    if let Some(database) = TestDatabase::mysql() {
        what_goes_in_comes_out(&database);
    }
}

#[test]
fn files_come_out_as_they_went_in_and_what_is_twice_there_is_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = bundle_of(Given::with("").file().to_str().unwrap(), &folder);
    assert!(fs::metadata(&path).unwrap().len() < 21_000_000);
    let mut found = Vec::new();
    let mut bundle = Bundle::open(&path).unwrap().unwrap();
    bundle
        .each(&mut |path, bytes| {
            let mut read = Vec::new();
            bytes.read_to_end(&mut read).unwrap();
            let sum = read.iter().map(|byte| u64::from(*byte)).sum::<u64>();
            found.push((path.to_owned(), read.len(), sum));
            Ok(())
        })
        .unwrap();
    let large = (0..20_000_000_u32)
        .map(|n| u64::from((n / 1000) as u8))
        .sum();
    assert_eq!(
        found,
        [
            (String::from("a/empty"), 0, 0),
            (String::from("a/größe"), 4, 116 + 101 + 120 + 116),
            (String::from("b/large"), 20_000_000, large),
            (String::from("b/same"), 20_000_000, large),
        ]
    );
}

fn snapshot(database: &TestDatabase) {
    let given = Given::with("");
    given.import_into(database, OnConflict::Fail);
    let mut source = opened(&database.uri()).unwrap();
    given.execute("INSERT INTO runs SELECT 'later', name, user_id, status, 9, 9, NULL, 'active', 'x', 7 FROM runs LIMIT 1");
    assert_eq!(written(&given.import_into(database, OnConflict::Fail)), 1);
    let heads = source.run_heads(None, 100, &mut Vec::new()).unwrap();
    let ids: Vec<_> = heads.iter().map(|head| head.id.as_str()).collect();
    assert_eq!(ids, ["r1", "r2", "r3"]);
    let mut now = opened(&database.uri()).unwrap();
    assert_eq!(now.run_heads(None, 100, &mut Vec::new()).unwrap().len(), 4);
}

#[test]
fn what_is_written_meanwhile_is_not_seen_in_sqlite() {
    snapshot(&TestDatabase::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn what_is_written_meanwhile_is_not_seen_in_postgres() {
    if let Some(database) = TestDatabase::postgres() {
        snapshot(&database);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn what_is_written_meanwhile_is_not_seen_in_mysql() {
    if let Some(database) = TestDatabase::mysql() {
        snapshot(&database);
    }
}

/// The entries of an archive: name and bytes.
fn entries(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = Archive::new(File::open(path).unwrap());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), bytes)
    });
    entries.collect()
}

fn unzipped(bytes: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

#[test]
fn it_can_be_read_by_hand() {
    let given = Given::with("");
    let folder = tempfile::tempdir().unwrap();
    let entries = entries(&bundle_of(given.file().to_str().unwrap(), &folder));
    let bytes = |name: &str| &entries.iter().find(|(n, _)| n == name).unwrap().1;
    assert!(bytes("README.txt").starts_with(b"This is a bundle"));
    let manifest: Value = serde_json::from_slice(bytes("manifest.json")).unwrap();
    let pages = manifest["pages"].as_array().unwrap();
    let lines = |kind: &str| -> Vec<Value> {
        let page = pages.iter().find(|page| page["kind"] == kind).unwrap();
        let object = bytes(&format!("objects/{}", page["sha256"].as_str().unwrap()));
        let text = unzipped(object);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    assert_eq!(lines("experiments")[0]["name"], "größe");
    let runs = lines("runs");
    assert_eq!(runs[0]["run"]["run"]["info"]["run_id"], "r1");
    assert_eq!(
        runs[1]["points"],
        json!({"key": "loss", "points": [[0, 100, 0.5], [1, 101, 0.25], [2, 102, "NaN"]]})
    );
    assert_eq!(runs[2], json!({"end": {"whole": true}}));
    let model = &lines("registered_models")[0];
    assert_eq!(model["last_version"], 2);
    assert_eq!(model["versions"][0]["current_stage"], "Production");
}

/// An archive of these entries.
fn packed(path: &Path, entries: &[(String, Vec<u8>)]) {
    let mut archive = Builder::new(File::create(path).unwrap());
    for (name, bytes) in entries {
        let mut header = Header::new_ustar();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    archive.finish().unwrap();
}

/// Entries whose manifest was changed, with the hash that belongs to it.
fn with_manifest(
    mut entries: Vec<(String, Vec<u8>)>,
    change: impl FnOnce(&mut Value),
) -> Vec<(String, Vec<u8>)> {
    let hash = entries.pop().unwrap();
    let (name, bytes) = entries.pop().unwrap();
    let mut manifest: Value = serde_json::from_slice(&bytes).unwrap();
    change(&mut manifest);
    let bytes = serde_json::to_vec(&manifest).unwrap();
    let digest = sha256(&bytes).into_bytes();
    entries.push((name, bytes));
    entries.push((hash.0, digest));
    entries
}

#[test]
fn damage_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = bundle_of(Given::with("").file().to_str().unwrap(), &folder);
    let whole = entries(&path);
    let broken = folder.path().join("broken.tar");
    for number in 1..whole.len() {
        let mut changed = whole.clone();
        let middle = changed[number].1.len() / 2;
        changed[number].1[middle] ^= 1;
        packed(&broken, &changed);
        assert!(refusal(&broken).contains("damaged"), "{}", whole[number].0);
        packed(&broken, &[&whole[..number], &whole[number + 1..]].concat());
        assert!(refusal(&broken).contains("damaged"), "{}", whole[number].0);
        packed(&broken, &whole[..number]);
        let cut = refusal(&broken);
        assert!(cut.contains("not written whole"), "{cut}");
    }
    let bytes = fs::read(&path).unwrap();
    fs::write(&broken, &bytes[..bytes.len() / 2]).unwrap();
    assert!(refusal(&broken).contains("damaged"));
}

#[test]
fn what_does_not_belong_into_a_bundle_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = bundle_of(Given::with("").file().to_str().unwrap(), &folder);
    let whole = entries(&path);
    let made = folder.path().join("made.tar");
    let secret = folder.path().join("secret");
    for (name, kind, link) in [
        ("objects/../../secret", EntryType::Regular, ""),
        ("/secret", EntryType::Regular, ""),
        ("secret", EntryType::Symlink, "/etc/passwd"),
        ("secret", EntryType::Link, "/etc/passwd"),
        ("secret", EntryType::Directory, ""),
        ("secret", EntryType::GNUSparse, ""),
        ("secret", EntryType::GNULongName, ""),
        ("secret", EntryType::XHeader, ""),
    ] {
        let mut archive = Builder::new(File::create(&made).unwrap());
        let mut header = Header::new_ustar();
        header.set_size(whole[0].1.len() as u64);
        archive
            .append_data(&mut header, "README.txt", &whole[0].1[..])
            .unwrap();
        let mut header = Header::new_old();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_cksum();
        archive.append(&header, &b""[..]).unwrap();
        archive.finish().unwrap();
        let refusal = refusal(&made);
        assert!(refusal.contains("damaged"), "{name} {kind:?}: {refusal}");
    }
    assert!(!secret.exists());
}

#[test]
fn sizes_have_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let whole = entries(&bundle_of(
        Given::with("").file().to_str().unwrap(),
        &folder,
    ));
    let made = folder.path().join("made.tar");
    // A page that unpacks to more than memory should hold.
    let bomb = zipped(&vec![b'\n'; (512 << 20) + 1]);
    let hash = sha256(&bomb);
    let mut entries = whole.clone();
    entries.insert(1, (format!("objects/{hash}"), bomb));
    let entries = with_manifest(entries, |manifest| {
        manifest["pages"][0]["sha256"] = Value::from(hash);
    });
    packed(&made, &entries);
    assert!(refusal(&made).contains("larger than a page may be"));
    // An entry that says to be larger than the file.
    let mut archive = Builder::new(File::create(&made).unwrap());
    let mut header = Header::new_ustar();
    header.set_size(whole[0].1.len() as u64);
    archive
        .append_data(&mut header, "README.txt", &whole[0].1[..])
        .unwrap();
    let mut header = Header::new_gnu();
    header.set_size(1 << 50);
    archive
        .append_data(&mut header, format!("objects/{}", "0".repeat(64)), &b""[..])
        .unwrap();
    drop(archive);
    assert!(refusal(&made).contains("damaged"));
}

#[test]
fn what_a_newer_program_wrote_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = entries(&bundle_of(
        Given::with("").file().to_str().unwrap(),
        &folder,
    ));
    let made = folder.path().join("made.tar");
    packed(
        &made,
        &with_manifest(whole.clone(), |manifest| manifest["version"] = json!(2)),
    );
    assert!(refusal(&made).contains("use a newer one"));
    packed(
        &made,
        &with_manifest(whole.clone(), |manifest| manifest["more"] = json!(2)),
    );
    assert!(refusal(&made).contains("unknown field `more`"));
    packed(&made, &with_manifest(whole, |_| ()));
    Bundle::open(&made).unwrap().unwrap().check().unwrap();
}

#[test]
fn an_index_that_lies_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let whole = entries(&bundle_of(
        Given::with("").file().to_str().unwrap(),
        &folder,
    ));
    let made = folder.path().join("made.tar");
    for (field, value) in [
        ("page", json!(5)),
        ("line", json!(1)),
        ("run_id", json!("r2")),
        ("digest", json!("0")),
    ] {
        let mut entries = whole.clone();
        let index = entries
            .iter_mut()
            .find(|(_, bytes)| {
                bytes.starts_with(&[0x1f, 0x8b])
                    && unzipped(bytes).contains("\"digest\":\"")
                    && unzipped(bytes).contains("\"line\"")
            })
            .unwrap();
        let old = index.0.clone();
        let text = unzipped(&index.1);
        let mut first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        first[field] = value.clone();
        let rest: Vec<&str> = text.lines().skip(1).collect();
        index.1 = zipped(format!("{first}\n{}\n", rest.join("\n")).as_bytes());
        let (hash, size) = (sha256(&index.1), index.1.len());
        index.0 = format!("objects/{hash}");
        let entries = with_manifest(entries, |manifest| {
            for page in manifest["pages"].as_array_mut().unwrap() {
                if old.ends_with(page["sha256"].as_str().unwrap()) {
                    page["sha256"] = json!(hash);
                    page["bytes"] = json!(size);
                }
            }
        });
        packed(&made, &entries);
        let error = opened(made.to_str().unwrap()).err().unwrap().to_string();
        assert!(error.contains("damaged"), "{field}: {error}");
    }
}
