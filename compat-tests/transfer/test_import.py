"""Everything in a store of any version is in Tidemill after an import, however often and badly it is run."""

import hashlib
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.environment import HOME, STOCK, python_of
from transfer.answers import everything
from transfer.sources import FILES, served, work_in
from transfer.tidemill import import_from, kill_imports, verify

KILLS = 20


def test_a_target_answers_as_the_source_does(source, source_answers, target, same):
    report = import_from(source.uri, target.uri)
    assert report.exit_code == 0, report.output
    assert report.written > 0
    same(source_answers, target.answers(source.artifacts), source)


def test_verify_finds_an_import_whole(copied, imported):
    report = verify(copied.uri, imported.uri)
    assert report.exit_code == 0, report.output


def test_verify_finds_what_is_missing(copied, imported):
    work_in(copied, "work")
    assert verify(copied.uri, imported.uri).exit_code != 0


def test_a_source_is_only_read(copied, target):
    before = _content(copied)
    import_from(copied.uri, target.uri)
    verify(copied.uri, target.uri)
    assert _content(copied) == before


def test_a_second_import_writes_nothing(copied, imported, source_answers, same):
    again = import_from(copied.uri, imported.uri)
    assert (again.exit_code, again.written) == (0, 0), again.output
    same(source_answers, imported.answers(copied.artifacts), copied)


def test_a_dry_run_writes_nothing(source, target):
    report = import_from(source.uri, target.uri, "--dry-run")
    assert report.exit_code == 0, report.output
    answers = target.answers(source.artifacts)
    assert not answers["runs"] and not answers["registered models"]
    assert list(answers["experiments"]) in ([], ["0"])


def test_an_import_that_is_killed_goes_on(source, source_answers, target, same):
    # The first one shows how long it takes; the database is then another one.
    seconds = _seconds_of_an_import(source, target)
    killed = kill_imports(source.uri, target.uri, KILLS, seconds, seed=len(source.uri))
    report = import_from(source.uri, target.uri)
    assert report.exit_code == 0, report.output
    assert killed, "every import was through before its time"
    same(source_answers, target.answers(source.artifacts), source)
    assert verify(source.uri, target.uri).exit_code == 0


def test_an_import_brings_what_has_changed(copied, imported, tmp_path, same):
    work_in(copied, "work")
    report = import_from(copied.uri, imported.uri)
    assert report.exit_code == 0, report.output
    assert report.written > 0
    with served(copied, tmp_path / "served") as address:
        same(everything(address), imported.answers(copied.artifacts), copied)
    assert import_from(copied.uri, imported.uri).written == 0


@pytest.mark.parametrize(("decision", "winner"), [("keep", "by the target"), ("replace", "by the source")])
def test_a_conflict_is_reported_and_then_settled(copied, imported, post, decision, winner):
    run = work_in(copied, "conflict")["run"]
    with imported.served(copied.artifacts) as address:
        post(address, "runs/set-tag", run_id=run, key="contested", value="by the target")
        post(address, "runs/log-parameter", run_id=run, key="contested", value="by the target")
    refused = import_from(copied.uri, imported.uri, "--on-conflict", "fail")
    assert refused.exit_code != 0
    assert any(run in conflict for conflict in refused.conflicts), refused.output
    assert _contested(imported, copied, run) == ["by the target"] * 2
    settled = import_from(copied.uri, imported.uri, "--on-conflict", decision)
    assert settled.exit_code == 0, settled.output
    assert _contested(imported, copied, run) == [winner] * 2


def test_a_tag_that_only_the_target_has_stays(copied, imported, post):
    run = work_in(copied, "conflict")["run"]
    with imported.served(copied.artifacts) as address:
        post(address, "runs/set-tag", run_id=run, key="only here", value="by the target")
    import_from(copied.uri, imported.uri, "--on-conflict", "keep")
    tags = imported.answers(copied.artifacts)["runs"][run]["asked"]["run"]["data"]["tags"]
    assert tags["only here"]["value"] == "by the target"


def test_the_next_version_gets_the_number_that_the_source_would_give(copied, imported, source_answers, post):
    if not source_answers["registered models"]:
        pytest.skip("a store without a registry")
    numbers = work_in(copied, "number")
    with imported.served(copied.artifacts) as address:
        made = {name: post(address, "model-versions/create", name=name, source="s3://bucket/model") for name in numbers}
    assert {name: answer["model_version"]["version"] for name, answer in made.items()} == numbers


def test_a_server_is_a_source_too(source, source_answers, target, tmp_path, same):
    with served(source, tmp_path / "served") as address:
        report = import_from(address, target.uri)
        assert report.exit_code == 0, report.output
        assert verify(address, target.uri).exit_code == 0
    answers = target.answers(source.artifacts)
    # Newer servers list models with / or : in their names, and answer nothing about them.
    for name in set(source_answers["registered models"]) - set(answers["registered models"]):
        assert f"registered model {name}" in report.output
    same(source_answers, answers, source, "by server")


def test_a_store_follows_its_server_without_conflict(source, source_answers, target, tmp_path, same):
    if source.backend == FILES:
        pytest.skip("MLflow's server leaves out some of what is in the files")
    with served(source, tmp_path / "served") as address:
        assert import_from(address, target.uri).exit_code == 0
        report = import_from(source.uri, target.uri)
        assert report.exit_code == 0, report.output
        for side in (address, source.uri):
            report = verify(side, target.uri)
            assert report.exit_code == 0, report.output
        again = import_from(address, target.uri)
        assert (again.exit_code, again.written) == (0, 0), again.output
    same(source_answers, target.answers(source.artifacts), source)


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """100,000 runs with ten million points."""
    file = tmp_path_factory.mktemp("large") / "large.db"
    settings = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    subprocess.run([python_of(STOCK), "-m", "mlflow", "db", "upgrade", f"sqlite:///{file}"], check=True, env=settings)
    subprocess.run([sys.executable, HOME / "transfer" / "make_large.py", file], check=True)
    return file


@pytest.mark.long
def test_a_large_store_is_carried_whole(large, target):
    began = time.monotonic()
    report = import_from(f"sqlite:///{large}", target.uri)
    print(f"imported in {time.monotonic() - began:.0f} s")
    assert report.exit_code == 0, report.output
    assert verify(f"sqlite:///{large}", target.uri).exit_code == 0
    assert import_from(f"sqlite:///{large}", target.uri).written == 0


@pytest.mark.long
def test_a_large_import_that_is_killed_goes_on(large, target):
    killed = kill_imports(f"sqlite:///{large}", target.uri, KILLS, longest=10, seed=1)
    assert killed
    assert import_from(f"sqlite:///{large}", target.uri).exit_code == 0
    assert verify(f"sqlite:///{large}", target.uri).exit_code == 0


@pytest.mark.long
def test_verify_notices_one_point_among_ten_million(large, target, tmp_path):
    assert import_from(f"sqlite:///{large}", target.uri).exit_code == 0
    with sqlite3.connect(large) as database:
        row, value = database.execute("SELECT rowid, value FROM metrics LIMIT 1 OFFSET 5000000").fetchone()
        database.execute("UPDATE metrics SET value = ? WHERE rowid = ?", (value + 1, row))
    try:
        assert verify(f"sqlite:///{large}", target.uri).exit_code != 0
    finally:
        with sqlite3.connect(large) as database:
            database.execute("UPDATE metrics SET value = ? WHERE rowid = ?", (value, row))


def _seconds_of_an_import(source, target) -> float:
    began = time.monotonic()
    assert import_from(source.uri, f"sqlite:///{target.folder}/first.db").exit_code == 0
    return time.monotonic() - began


def _contested(target, source, run: str) -> list[str]:
    data = target.answers(source.artifacts)["runs"][run]["asked"]["run"]["data"]
    return [data[kind]["contested"]["value"] for kind in ("tags", "params")]


def _content(source) -> dict[str, str]:
    """A digest of each of the source's files; of a database on a server there is nothing to see."""
    if source.backend not in ("sqlite", FILES):
        return {}
    files = [source.path] if source.backend == "sqlite" else sorted(source.path.rglob("*"))
    return {os.fspath(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}
