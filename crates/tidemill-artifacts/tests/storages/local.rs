//! What only a folder on disk can get wrong.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Instant;

use bytes::Bytes;
use tidemill_artifacts::{Repositories, StorageSettings};
use tidemill_core::Error;
use tidemill_core::storage_uri::{LocationPolicy, StorageUri};

use crate::storage::{Storage, block_on, cut, eventually, large, local, path, stuck};

/// A storage with a link out of it: `link` names a folder with `secret` in it.
fn with_link() -> (Storage, tempfile::TempDir) {
    let storage = local().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    storage.store("f", "file");
    symlink(outside.path(), storage.disk().join("link")).unwrap();
    symlink(
        outside.path().join("secret"),
        storage.disk().join("file-link"),
    )
    .unwrap();
    (storage, outside)
}

#[test]
fn a_link_is_not_followed_by_a_download() {
    let (storage, _outside) = with_link();
    for name in ["link/secret", "file-link", "link"] {
        assert!(
            matches!(storage.read(name), Err(Error::NotFound(_))),
            "{name}"
        );
    }
}

#[test]
fn a_link_is_not_followed_by_a_listing() {
    let (storage, _outside) = with_link();
    assert_eq!(storage.names("link"), []);
    assert_eq!(storage.names(""), [("f".into(), Some(4))]);
}

#[test]
fn a_link_is_not_followed_by_an_upload() {
    let (storage, outside) = with_link();
    let below = storage.upload("link/new", vec![Ok(Bytes::from("x"))]);
    assert!(matches!(below, Err(Error::InvalidParameter(_))));
    // Over the link itself: the link is replaced, what it named is not.
    storage.store("file-link", "mine");
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    assert_eq!(storage.read("file-link").unwrap(), "mine");
}

#[test]
fn a_deletion_removes_a_link_and_not_what_it_names() {
    let (storage, outside) = with_link();
    block_on(storage.delete(&path("link/secret"))).unwrap();
    for name in ["link", "file-link"] {
        block_on(storage.delete(&path(name))).unwrap();
        assert!(fs::symlink_metadata(storage.disk().join(name)).is_err());
    }
    assert!(outside.path().join("secret").exists());
}

#[test]
fn a_deleted_folder_does_not_take_what_its_links_name() {
    let (storage, outside) = with_link();
    storage.store("folder/f", "x");
    symlink(outside.path(), storage.disk().join("folder/link")).unwrap();
    block_on(storage.delete(&path("folder"))).unwrap();
    assert!(!storage.disk().join("folder").exists());
    assert!(outside.path().join("secret").exists());
}

#[test]
fn a_folder_swapped_for_a_link_never_leads_out() {
    let (storage, outside) = with_link();
    let (folder, aside) = (storage.disk().join("swap"), storage.disk().join("aside"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("secret"), "inside").unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                fs::rename(&folder, &aside).unwrap();
                symlink(outside.path(), &folder).unwrap();
                fs::remove_file(&folder).unwrap();
                fs::rename(&aside, &folder).unwrap();
            }
        });
        for _ in 0..2000 {
            match storage.read("swap/secret") {
                Ok(content) => assert_eq!(content, "inside"),
                Err(error) => assert!(matches!(error, Error::NotFound(_)), "{error:?}"),
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn devices_and_pipes_are_no_artifacts() {
    let storage = local().unwrap();
    storage.store("f", "file");
    let pipe = storage.disk().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let start = Instant::now();
    assert!(matches!(storage.read("pipe"), Err(Error::NotFound(_))));
    assert_eq!(storage.names(""), [("f".into(), Some(4))]);
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn the_folder_of_unfinished_uploads_cannot_be_reached() {
    let storage = local().unwrap();
    storage.store("f", "file");
    let staging = ".tidemill-uploads";
    assert!(storage.disk().join(staging).is_dir());
    let mode = fs::metadata(storage.disk().join(staging))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(storage.names(staging), []);
    assert!(storage.upload(&format!("{staging}/x"), vec![]).is_err());
    assert!(storage.upload(&format!("a/{staging}/x"), vec![]).is_err());
    assert!(block_on(storage.delete(&path(staging))).is_err());
    fs::write(storage.disk().join(staging).join("x"), "x").unwrap();
    assert!(matches!(
        storage.read(&format!("{staging}/x")),
        Err(Error::NotFound(_))
    ));
}

fn unfinished(storage: &Storage) -> usize {
    fs::read_dir(storage.disk().join(".tidemill-uploads")).map_or(0, Iterator::count)
}

#[test]
fn a_cut_upload_leaves_no_file_on_disk() {
    let storage = local().unwrap();
    let (mut pieces, _) = large(5 * 1024 * 1024);
    pieces.push(cut());
    assert!(storage.upload("f", pieces).is_err());
    assert_eq!(unfinished(&storage), 0);
}

#[test]
fn pieces_of_a_byte_each_become_the_file() {
    let storage = local().unwrap();
    let (_, content) = large(3000);
    let pieces = (0..3000).map(|at| Ok(content.slice(at..=at))).collect();
    assert_eq!(storage.upload("f", pieces).unwrap(), 3000);
    assert_eq!(storage.read("f").unwrap(), content);
}

#[test]
fn an_upload_nobody_waits_for_leaves_no_file_on_disk() {
    let storage = local().unwrap();
    let (pieces, content) = large(3 * 1024 * 1024);
    drop(pieces);
    block_on(async {
        let name = path("f");
        let upload = storage.put(&name, None, stuck(content));
        let cut = tokio::time::timeout(std::time::Duration::from_millis(300), upload).await;
        assert!(cut.is_err());
    });
    assert!(eventually(|| unfinished(&storage) == 0));
    assert_eq!(storage.names(""), []);
}

#[test]
fn uploads_that_a_crash_cut_off_are_swept_at_the_start() {
    let storage = local().unwrap();
    storage.store("f", "file");
    let staging = storage.disk().join(".tidemill-uploads");
    for (name, age) in [("old", 2 * 86_400), ("new", 60)] {
        let file = fs::File::create(staging.join(name)).unwrap();
        let modified = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
        file.set_modified(modified).unwrap();
    }
    let root = StorageUri::local(&storage.disk()).unwrap();
    let repositories = Repositories::new(
        StorageSettings::default(),
        LocationPolicy::new(vec![]),
        Some(root),
    );
    block_on(repositories.prepare()).unwrap();
    assert!(!staging.join("old").exists());
    assert!(staging.join("new").exists());
}

#[test]
fn a_file_and_a_folder_do_not_replace_each_other() {
    let storage = local().unwrap();
    storage.store("folder/f", "file");
    for name in ["folder", "folder/f/below"] {
        let refused = storage.upload(name, vec![Ok(Bytes::from("x"))]);
        assert!(
            matches!(refused, Err(Error::InvalidParameter(_))),
            "{name}: {refused:?}"
        );
    }
    assert_eq!(storage.read("folder/f").unwrap(), "file");
}

#[test]
fn a_name_too_long_for_the_disk_is_a_bad_request() {
    let storage = local().unwrap();
    let name = "x".repeat(300);
    let refused = storage.upload(&name, vec![]);
    assert!(matches!(refused, Err(Error::InvalidParameter(m)) if m == "Invalid path"));
    assert!(matches!(storage.read(&name), Err(Error::NotFound(_))));
    assert_eq!(storage.names(&name), []);
    block_on(storage.delete(&path(&name))).unwrap();
}

#[test]
fn only_folders_below_the_roots_are_opened() {
    let storage = local().unwrap();
    storage.store("1/run/f", "file");
    let root = StorageUri::local(&storage.disk()).unwrap();
    let repositories = Repositories::new(
        StorageSettings::default(),
        LocationPolicy::new(vec![]),
        Some(root.clone()),
    );
    for location in [
        "/etc",
        "file:///etc",
        "/",
        &format!("{root}2"),
        &format!("{root}/../x"),
    ] {
        let opened = block_on(repositories.open_location(location));
        assert!(
            matches!(opened, Err(Error::InvalidParameter(_))),
            "{location}"
        );
    }
    for location in [
        format!("{root}/1/run"),
        "mlflow-artifacts:/1/run".to_owned(),
    ] {
        let run = block_on(repositories.open_location(&location)).unwrap();
        let listing = block_on(run.list(&path(""), None)).unwrap();
        assert_eq!(listing.files[0].path, "f");
    }
}

#[test]
fn links_and_parts_are_for_object_stores() {
    let storage = local().unwrap();
    let hour = std::time::Duration::from_secs(3600);
    for refused in [
        block_on(storage.begin_multipart(&path("f"), 1)).unwrap_err(),
        block_on(storage.complete_multipart(&path("f"), None, &[])).unwrap_err(),
        block_on(storage.abort_multipart(&path("f"), None)).unwrap_err(),
        block_on(storage.presign_download(&path("f"), hour)).unwrap_err(),
        block_on(storage.presign_upload(&path("f"), hour)).unwrap_err(),
    ] {
        let text = "is not supported for the current artifact repository";
        assert!(matches!(refused, Error::NotImplemented(m) if m.ends_with(text)));
    }
}

#[test]
fn without_its_root_nothing_counts_as_purged() {
    let storage = local().unwrap();
    storage.store("1/r/artifacts/a", "data");
    let (root, aside) = (storage.disk(), storage.disk().with_extension("aside"));
    fs::rename(&root, &aside).unwrap();
    let run = storage.below(&path("1/r/artifacts"));
    assert!(matches!(
        block_on(run.purge("r")),
        Err(Error::Unavailable(_))
    ));
    fs::rename(&aside, &root).unwrap();
    block_on(run.purge("r")).unwrap();
    assert_eq!(storage.names("1"), []);
}

#[test]
fn the_top_of_a_storage_is_not_purged() {
    let storage = local().unwrap();
    storage.store("f", "file");
    assert!(matches!(
        block_on(storage.purge("f")),
        Err(Error::InvalidParameter(_))
    ));
    assert_eq!(storage.read("f").unwrap(), "file");
}

#[test]
fn a_link_is_measured_and_purged_as_itself() {
    let (storage, outside) = with_link();
    let usage = block_on(storage.usage(&path("link"))).unwrap();
    assert_eq!(usage.files, 0);
    storage.store("run/a", "data");
    symlink(outside.path(), storage.disk().join("run/out")).unwrap();
    block_on(storage.below(&path("run")).purge("")).unwrap();
    block_on(storage.below(&path("link")).purge("")).unwrap();
    assert!(outside.path().join("secret").exists());
    assert!(storage.disk().join("link").symlink_metadata().is_err());
    assert!(!storage.disk().join("run").exists());
}
