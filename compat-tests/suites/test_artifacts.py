"""Artifacts through the server: up, down and listed, byte for byte."""

import os

import mlflow
import pytest


@pytest.fixture
def fetch(client, run_id, tmp_path):
    def download(path=""):
        target = tmp_path / "down"
        target.mkdir(exist_ok=True)
        return client.download_artifacts(run_id, path, str(target))

    return download


@pytest.fixture
def put(client, run_id, tmp_path):
    def upload(name, content, folder=None):
        source = tmp_path / "up" / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(content)
        client.log_artifact(run_id, str(source), folder)

    return upload


def read(path):
    with open(path, "rb") as file:
        return file.read()


def listed(client, run_id, path=None):
    return [(entry.path, entry.is_dir, entry.file_size) for entry in client.list_artifacts(run_id, path)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.txt", b"hello\n"),
        ("empty.bin", b""),
        ("with space.txt", b"space"),
        ("größe-日本語.txt", "ü".encode()),
        ("percent%20sign+plus&amp;.txt", b"odd"),
        ("no_extension", bytes(range(256))),
        ("page.html", b"<b>bold</b>"),
    ],
)
def test_a_file_comes_back_byte_for_byte(put, fetch, name, content):
    put(name, content)
    assert read(fetch(name)) == content


def test_a_file_of_20_mb_comes_back_byte_for_byte(put, fetch):
    content = os.urandom(20 * 1024 * 1024)
    put("large.bin", content)
    assert read(fetch("large.bin")) == content


def test_an_upload_replaces_the_file_before_it(put, fetch):
    put("model.bin", b"first, and longer")
    put("model.bin", b"second")
    assert read(fetch("model.bin")) == b"second"


def test_a_listing_shows_files_with_sizes_and_folders(client, run_id, put):
    put("a.txt", b"123")
    put("b.txt", b"4567", "folder/deep")
    put("ü.txt", b"1", "folder")
    assert listed(client, run_id) == [("a.txt", False, 3), ("folder", True, None)]
    assert listed(client, run_id, "folder") == [("folder/deep", True, None), ("folder/ü.txt", False, 1)]
    assert listed(client, run_id, "folder/deep") == [("folder/deep/b.txt", False, 4)]


def test_listing_a_missing_path_or_a_file_is_empty(client, run_id, put):
    put("a.txt", b"123")
    assert listed(client, run_id, "nothing") == []
    assert listed(client, run_id, "a.txt") == []


def test_a_tree_is_uploaded_and_downloaded_whole(client, run_id, tmp_path, fetch):
    tree = {"top.txt": "1", "one/two/three.txt": "2", "one/ü space.txt": "3"}
    for name, text in tree.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    client.log_artifacts(run_id, str(tmp_path / "tree"), "copied")
    down = fetch("copied")
    assert {name: read(os.path.join(down, name)).decode() for name in tree} == tree


def test_everything_of_a_run_is_downloaded_at_once(put, fetch):
    put("a.txt", b"a")
    put("b.txt", b"b", "folder")
    down = fetch("")
    assert (read(os.path.join(down, "a.txt")), read(os.path.join(down, "folder", "b.txt"))) == (b"a", b"b")


@pytest.mark.parametrize("path", ["../other", "a/../../b", "/etc/passwd"])
def test_a_path_that_climbs_out_is_refused(client, run_id, path):
    with pytest.raises(Exception, match="400|INVALID_PARAMETER_VALUE"):
        client.list_artifacts(run_id, path)


def test_a_missing_file_is_an_error(fetch):
    with pytest.raises(Exception, match="missing.txt|404|No such"):
        fetch("missing.txt")


def test_texts_and_dicts_are_logged_as_files(experiment, client, tmp_path):
    with mlflow.start_run() as run:
        mlflow.log_text("größe ✓", "notes/a.txt")
        mlflow.log_dict({"a": [1, 2]}, "data.json")
        mlflow.log_dict({"b": {"c": 1}}, "data.yaml")
    down = client.download_artifacts(run.info.run_id, "", str(tmp_path))
    assert read(os.path.join(down, "notes", "a.txt")).decode() == "größe ✓"
    assert b'"a": [' in read(os.path.join(down, "data.json"))
    assert b"c: 1" in read(os.path.join(down, "data.yaml"))


@pytest.mark.since("2.22.5")
def test_artifacts_are_found_by_uri(experiment, tmp_path):
    with mlflow.start_run() as run:
        mlflow.log_text("1", "folder/a.txt")
    for uri in (f"runs:/{run.info.run_id}/folder/a.txt", f"{run.info.artifact_uri}/folder/a.txt"):
        assert mlflow.artifacts.load_text(uri) == "1"
    found = mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{run.info.run_id}/folder")
    assert [entry.path for entry in found] == ["folder/a.txt"]


@pytest.mark.long
def test_a_folder_of_a_thousand_files_is_listed_whole(client, run_id, tmp_path):
    for i in range(1000):
        (tmp_path / f"{i:04}.txt").write_text(str(i))
    client.log_artifacts(run_id, str(tmp_path))
    assert listed(client, run_id) == [(f"{i:04}.txt", False, len(str(i))) for i in range(1000)]
