"""What has come in goes out again, into a database that MLflow's own server serves with the answers of the source."""

import hashlib
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.database import backend_store
from harness.environment import STOCK
from harness.server import ServerDidNotStart
from transfer.answers import everything
from transfer.sources import FILES, Source, make_tables, served, work_in
from transfer.tidemill import export_to, import_from, started_export

PATIENCE = 60


@pytest.fixture(scope="module")
def ours(source, tmp_path_factory) -> str:
    """A database of Tidemill's that has everything of the source."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('ours') / 'tidemill.db'}"
    report = import_from(source.uri, uri)
    assert report.exit_code == 0, report.output
    return uri


@pytest.fixture(scope="module")
def exported(source, ours, tmp_path_factory) -> Iterator[Source]:
    """What an export into an empty database has made: one as the source, since not each holds the same."""
    folder = tmp_path_factory.mktemp("exported")
    backend = "sqlite" if source.backend == FILES else source.backend
    with backend_store(backend, os.fspath(folder)) as uri:
        report = export_to(uri, ours)
        assert report.exit_code == 0, report.output
        assert not report.answer["faults"]["count"]
        assert report.answer["points"]
        yield Source(STOCK, backend, uri, source.artifacts)


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Path:
    """A file with MLflow's tables, and nothing in them."""
    file = tmp_path_factory.mktemp("bare") / "mlflow.db"
    make_tables(f"sqlite:///{file}")
    return file


@pytest.fixture
def fresh(bare, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(bare, tmp_path / "mlflow.db"))


def test_mlflow_answers_from_an_export_as_it_did_from_the_source(exported, source, source_answers, tmp_path, same):
    with served(exported, tmp_path) as address:
        same(source_answers, everything(address), source)


def test_mlflow_goes_on_working_in_an_export(exported, source_answers, copied, tmp_path, post):
    """Numbers follow those that were given, also where the last version of a model was deleted."""
    if not source_answers["registered models"]:
        pytest.skip("a store without a registry")
    numbers = work_in(copied, "number")
    last = max(int(id) for id in source_answers["experiments"])
    with served(exported, tmp_path) as address:
        made = {name: post(address, "model-versions/create", name=name, source="s3://bucket/model") for name in numbers}
        assert {name: answer["model_version"]["version"] for name, answer in made.items()} == numbers
        experiment = post(address, "experiments/create", name="made later")["experiment_id"]
        assert int(experiment) == last + 1
        run = post(address, "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
        post(address, "runs/log-batch", run_id=run, params=[{"key": "p", "value": "1"}])
        histories = next(
            id for id, one in source_answers["runs"].items() if one["found"]["info"]["run_name"] == "histories"
        )
        post(address, "runs/log-metric", run_id=histories, key="at one step", value=9.5, timestamp=1, step=10**9)
        answers = everything(address)["runs"]
    assert answers[run]["asked"]["run"]["data"]["params"]["p"]["value"] == "1"
    assert answers[histories]["asked"]["run"]["data"]["metrics"]["at one step"]["value"] == 9.5


def test_an_export_into_a_database_that_a_server_has_been_started_on(source, ours, fresh, tmp_path):
    target = Source(STOCK, "sqlite", f"sqlite:///{fresh}", source.artifacts)
    with served(target, tmp_path / "before"):
        pass
    report = export_to(target.uri, ours)
    assert report.exit_code == 0, report.output


def test_nothing_is_merged(ours, fresh):
    uri = f"sqlite:///{fresh}"
    assert export_to(uri, ours).exit_code == 0
    before = hashlib.sha256(fresh.read_bytes()).hexdigest()
    again = export_to(uri, ours)
    assert again.exit_code != 0
    assert "holds something already" in again.output
    assert hashlib.sha256(fresh.read_bytes()).hexdigest() == before


def test_an_export_that_is_killed_is_served_by_nobody(source, ours, fresh, tmp_path):
    uri = f"sqlite:///{fresh}"
    process = started_export(uri, ours)
    _wait_until_marked(fresh)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the export was through before its time"
    with (
        pytest.raises(ServerDidNotStart),
        served(Source(STOCK, "sqlite", uri, source.artifacts), tmp_path / "served"),
    ):
        pass
    again = export_to(uri, ours)
    assert again.exit_code != 0
    assert "broken off" in again.output


def _wait_until_marked(file: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(file)) as database:
            (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        if revision.startswith("tidemill"):
            return
        time.sleep(0.005)
    raise AssertionError("the export did not begin")
