//! Links in the store that somebody with access to its disk has placed.

use std::os::unix::fs::symlink;

use super::site::{SECRET, case, on_every_surface};

const PROXY: &str = "/api/2.0/mlflow-artifacts/artifacts";
const ID: &str = "symlink in local store";
const FOLDER: &str = "{experiment}/{run}/artifacts";

/// A link to the outside and a link to the victim itself, among the run's artifacts.
fn with_links(test: impl Fn(&super::site::Surface)) {
    on_every_surface(|surface| {
        let folder = surface.site.run_folder();
        std::fs::create_dir_all(&folder).unwrap();
        for (target, name) in [("", "folder"), ("victim", "file")] {
            let link = folder.join(name);
            if link.symlink_metadata().is_err() {
                symlink(surface.site.outside().join(target), link).unwrap();
            }
        }
        test(surface);
        surface.site.is_unharmed(ID);
    });
}

#[test]
fn a_link_is_not_followed_when_reading() {
    with_links(|surface| {
        for path in ["folder/victim", "file"] {
            for route in [
                format!("{PROXY}/{FOLDER}/{path}"),
                format!("/get-artifact?run_uuid={{run}}&path={path}"),
            ] {
                let answer = surface.get(&route);
                assert!(
                    matches!(answer.status, 400 | 404),
                    "{route}: {}",
                    answer.status
                );
                surface.is_discreet(ID, &answer, b"");
            }
        }
    });
}

#[test]
fn a_link_is_not_followed_when_listing() {
    with_links(|surface| {
        for route in [
            format!("{PROXY}?path={FOLDER}/folder"),
            "/api/2.0/mlflow/artifacts/list?run_id={run}&path=folder".into(),
        ] {
            let answer = surface.get(&route);
            assert!(
                matches!(answer.status, 200 | 400 | 404),
                "{}",
                answer.status
            );
            assert!(!answer.text().contains("victim"), "{}", answer.text());
            surface.is_discreet(ID, &answer, b"");
        }
    });
}

#[test]
fn a_link_is_not_followed_when_writing() {
    with_links(|surface| {
        let path = format!("{PROXY}/{FOLDER}/folder/planted");
        let put = surface.send("PUT", &path, &[], b"evil");
        assert!((400..500).contains(&put.status), "{}", put.status);
        let path = "/api/2.0/mlflow/upload-artifact?run_uuid={run}&path=folder/planted";
        let posted = surface.send("POST", path, &[], b"evil");
        assert!((400..500).contains(&posted.status), "{}", posted.status);
        surface.is_discreet(ID, &put, b"");
    });
}

#[test]
fn a_file_put_over_a_link_replaces_the_link() {
    with_links(|surface| {
        let path = format!("{PROXY}/{FOLDER}/file");
        let put = surface.send("PUT", &path, &[], b"mine");
        assert!(matches!(put.status, 200 | 400 | 404), "{}", put.status);
        assert_ne!(surface.get(&path).text(), SECRET);
    });
}

#[test]
fn deleting_a_link_deletes_only_the_link() {
    with_links(|surface| {
        let link = surface.site.run_folder().join("folder");
        surface.send(
            "DELETE",
            &format!("{PROXY}/{FOLDER}/folder/victim"),
            &[],
            b"",
        );
        surface.site.is_unharmed(ID);
        let deleted = surface.send("DELETE", &format!("{PROXY}/{FOLDER}/folder"), &[], b"");
        assert_eq!(deleted.status, 200, "{}", deleted.text());
        assert!(link.symlink_metadata().is_err(), "the link is still there");
    });
}

#[test]
fn deleting_a_folder_does_not_reach_through_the_links_in_it() {
    with_links(|surface| {
        surface.holds(&case(ID, "DELETE", &format!("{PROXY}/{FOLDER}")).answers(200, ""));
        assert!(!surface.site.run_folder().exists());
    });
}
