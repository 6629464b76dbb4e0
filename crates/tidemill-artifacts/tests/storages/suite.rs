//! What every storage does.

use bytes::Bytes;
use tidemill_artifacts::{ByteRange, GetOptions, Got};
use tidemill_core::Error;

use crate::storage::{self, Storage, block_on, body, cut, large, path};

/// Each function of the suite as a test of each storage.
macro_rules! on_storages {
    ($storages:tt $tests:tt) => { $crate::suite::on_storages!(@each $storages $tests); };
    (@each [$($storage:ident),*] $tests:tt) => { $($crate::suite::on_storages!(@one $storage $tests);)* };
    (@one $storage:ident [$($name:ident),* $(,)?]) => {
        mod $storage {
            $(#[test] fn $name() { $crate::storage::$storage().iter().for_each(super::$name); })*
        }
    };
}
pub(crate) use on_storages;

on_storages! { [local, memory, s3, other_s3, azure, gcs] [
    a_file_comes_back_as_it_went_in,
    names_people_use_come_back,
    an_empty_file_is_a_file,
    a_large_file_comes_back_as_it_went_in,
    a_second_upload_replaces_the_first,
    a_cut_upload_leaves_nothing,
    a_cut_large_upload_leaves_nothing,
    a_cut_upload_leaves_the_file_it_would_have_replaced,
    a_missing_file_is_not_found,
    a_range_gives_its_part,
    a_range_outside_the_file_is_refused,
    a_known_file_is_not_sent_again,
    a_folder_is_listed_by_path,
    a_missing_folder_and_a_file_list_nothing,
    a_deleted_file_is_gone,
    a_deleted_folder_takes_all_it_holds_and_nothing_else,
    deleting_what_is_missing_is_fine,
    the_root_is_neither_written_nor_deleted,
    a_folder_is_measured_and_purged_by_itself,
] }

/// The server in this process, which stands in for S3 and Google, keeps folders on disk and
/// would send one as a file.
mod folders {
    use super::a_folder_is_no_file;

    on_storages! { [local, memory, other_s3, azure] [a_folder_is_no_file] }
}

fn a_file_comes_back_as_it_went_in(storage: &Storage) {
    storage.store("1/run/artifacts/model.pkl", "content");
    assert_eq!(
        storage.read("1/run/artifacts/model.pkl").unwrap(),
        "content"
    );
    let content = storage
        .fetch("1/run/artifacts/model.pkl", GetOptions::default())
        .unwrap();
    assert_eq!(content.metadata.size, 7);
    assert_eq!(content.range, 0..7);
    assert!(content.metadata.etag.is_some());
    let age = content.metadata.last_modified.elapsed().unwrap_or_default();
    assert!(age.as_secs() < 60);
}

fn names_people_use_come_back(storage: &Storage) {
    for name in [
        "a b (2).txt",
        "größe=1@x+y.txt",
        "日本語.txt",
        "100%",
        "epoch:3,v;x.json",
        "[1]{2}~'!$&*",
    ] {
        storage.store(&format!("names/{name}"), name.to_owned());
        assert_eq!(storage.read(&format!("names/{name}")).unwrap(), name);
    }
    assert_eq!(storage.names("names").len(), 6);
    assert!(
        storage
            .names("names")
            .contains(&("names/100%".into(), Some(4)))
    );
}

fn an_empty_file_is_a_file(storage: &Storage) {
    storage.store("empty", "");
    assert_eq!(storage.read("empty").unwrap(), "");
    assert_eq!(storage.names(""), [("empty".into(), Some(0))]);
}

fn a_large_file_comes_back_as_it_went_in(storage: &Storage) {
    // More than one part, and not a round number of them.
    let (pieces, content) = large(40 * 1024 * 1024 + 17);
    assert_eq!(
        storage.upload("large", pieces).unwrap(),
        content.len() as u64
    );
    assert!(storage.read("large").unwrap() == content);
}

fn a_second_upload_replaces_the_first(storage: &Storage) {
    storage.store("f", "first");
    storage.store("f", "second, and longer");
    assert_eq!(storage.read("f").unwrap(), "second, and longer");
}

fn a_cut_upload_leaves_nothing(storage: &Storage) {
    let cut = storage.upload("folder/f", vec![Ok(Bytes::from("half")), cut()]);
    assert!(matches!(cut, Err(Error::InvalidParameter(m)) if m == "cut"));
    assert_eq!(storage.names(""), []);
}

fn a_cut_large_upload_leaves_nothing(storage: &Storage) {
    let (mut pieces, _) = large(35 * 1024 * 1024);
    pieces.push(cut());
    assert!(storage.upload("folder/f", pieces).is_err());
    assert_eq!(storage.names(""), []);
}

fn a_cut_upload_leaves_the_file_it_would_have_replaced(storage: &Storage) {
    storage.store("f", "whole");
    assert!(
        storage
            .upload("f", vec![Ok(Bytes::from("half")), cut()])
            .is_err()
    );
    assert_eq!(storage.read("f").unwrap(), "whole");
}

fn a_missing_file_is_not_found(storage: &Storage) {
    storage.store("f", "file");
    for name in ["missing", "missing/too", "f/below"] {
        let message = format!("No such artifact: '{name}'");
        assert!(matches!(storage.read(name), Err(Error::NotFound(m)) if m == message));
    }
}

fn a_folder_is_no_file(storage: &Storage) {
    storage.store("folder/f", "file");
    let message = "Artifact path refers to a directory, not a file: 'folder'";
    assert!(matches!(storage.read("folder"), Err(Error::InvalidParameter(m)) if m == message));
}

fn a_range_gives_its_part(storage: &Storage) {
    storage.store("f", "0123456789");
    for (range, part, at) in [
        (ByteRange::FromTo(2, 4), "234", 2..5),
        (ByteRange::From(7), "789", 7..10),
        (ByteRange::Last(2), "89", 8..10),
        (ByteRange::FromTo(8, 99), "89", 8..10),
    ] {
        let options = GetOptions {
            range: Some(range),
            ..GetOptions::default()
        };
        let content = storage.fetch("f", options).unwrap();
        assert_eq!((content.range.clone(), content.metadata.size), (at, 10));
        assert_eq!(body(content).unwrap(), part);
    }
}

fn a_range_outside_the_file_is_refused(storage: &Storage) {
    storage.store("f", "0123456789");
    let options = GetOptions {
        range: Some(ByteRange::From(10)),
        ..GetOptions::default()
    };
    let got = block_on(storage.get(&path("f"), options)).unwrap();
    assert!(matches!(got, Got::RangeNotSatisfiable(file) if file.size == 10));
}

fn a_known_file_is_not_sent_again(storage: &Storage) {
    storage.store("f", "first");
    let known = block_on(storage.head(&path("f"))).unwrap().etag;
    let options = GetOptions {
        if_none_match: known,
        ..GetOptions::default()
    };
    let got = block_on(storage.get(&path("f"), options.clone())).unwrap();
    assert!(matches!(got, Got::NotModified(_)));
    storage.store("f", "second");
    assert_eq!(
        body(storage.fetch("f", options).unwrap()).unwrap(),
        "second"
    );
}

fn a_folder_is_listed_by_path(storage: &Storage) {
    for name in ["m/b.txt", "m/a/x", "m/a.txt", "m/a/y/z", "m/Z", "other"] {
        storage.store(name, "12345");
    }
    assert_eq!(
        storage.names("m"),
        [
            ("m/Z".into(), Some(5)),
            ("m/a".into(), None),
            ("m/a.txt".into(), Some(5)),
            ("m/b.txt".into(), Some(5))
        ]
    );
    assert_eq!(
        storage.names(""),
        [("m".into(), None), ("other".into(), Some(5))]
    );
    let below = Storage::clone(storage).repository.below(&path("m/a"));
    let listing = block_on(below.list(&path(""), None)).unwrap();
    let names: Vec<_> = listing
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(names, ["x", "y"]);
    let after = block_on(storage.list(&path("m"), Some("m/a.txt"))).unwrap();
    assert_eq!(after.files.len(), 1);
}

fn a_missing_folder_and_a_file_list_nothing(storage: &Storage) {
    storage.store("folder/f", "file");
    assert_eq!(storage.names("missing"), []);
    assert_eq!(storage.names("folder/f"), []);
    assert_eq!(storage.names("fold"), []);
}

fn a_deleted_file_is_gone(storage: &Storage) {
    storage.store("folder/f", "file");
    storage.store("folder/f2", "file");
    block_on(storage.delete(&path("folder/f"))).unwrap();
    assert!(matches!(storage.read("folder/f"), Err(Error::NotFound(_))));
    assert_eq!(storage.names("folder"), [("folder/f2".into(), Some(4))]);
}

fn a_deleted_folder_takes_all_it_holds_and_nothing_else(storage: &Storage) {
    for name in ["m/a", "m/deep/b", "m2/c", "m.txt"] {
        storage.store(name, "x");
    }
    block_on(storage.delete(&path("m"))).unwrap();
    assert_eq!(
        storage.names(""),
        [("m.txt".into(), Some(1)), ("m2".into(), None)]
    );
    assert_eq!(storage.names("m2"), [("m2/c".into(), Some(1))]);
}

fn deleting_what_is_missing_is_fine(storage: &Storage) {
    block_on(storage.delete(&path("missing"))).unwrap();
    block_on(storage.delete(&path("missing/too"))).unwrap();
}

fn the_root_is_neither_written_nor_deleted(storage: &Storage) {
    storage.store("f", "file");
    assert!(matches!(
        block_on(storage.delete(&path(""))),
        Err(Error::InvalidParameter(_))
    ));
    assert!(matches!(
        storage.upload("", vec![]),
        Err(Error::InvalidParameter(_))
    ));
    assert_eq!(storage.read("f").unwrap(), "file");
}

fn a_folder_is_measured_and_purged_by_itself(storage: &Storage) {
    for name in [
        "1/r/artifacts/a",
        "1/r/artifacts/deep/b",
        "1/r/artifacts2",
        "1/s/artifacts/c",
    ] {
        storage.store(name, "data");
    }
    let usage = block_on(storage.usage(&path("1/r/artifacts"))).unwrap();
    assert_eq!((usage.files, usage.bytes), (2, 8));
    let age = usage.newest.unwrap().elapsed().unwrap_or_default();
    assert!(age.as_secs() < 600, "{age:?}");
    let missing = block_on(storage.usage(&path("missing"))).unwrap();
    assert_eq!((missing.files, missing.newest), (0, None));
    block_on(storage.below(&path("1/r/artifacts")).purge("r")).unwrap();
    assert_eq!(storage.names("1/r"), [("1/r/artifacts2".into(), Some(4))]);
    block_on(storage.below(&path("1/r/artifacts2")).purge("r")).unwrap();
    assert_eq!(storage.names("1"), [("1/s".into(), None)]);
    assert_eq!(storage.read("1/s/artifacts/c").unwrap(), "data");
    block_on(storage.below(&path("missing")).purge("r")).unwrap();
}

/// Thousands of files are listed in one go on the storages that are quick enough for it here.
#[test]
fn a_folder_of_more_than_one_page_is_listed_whole() {
    let storage = storage::s3().unwrap();
    for number in 0..1100 {
        storage.store(&format!("many/{number:04}"), "x");
    }
    assert_eq!(storage.names("many").len(), 1100);
    block_on(storage.delete(&path("many"))).unwrap();
    assert_eq!(storage.names("many"), []);
}
