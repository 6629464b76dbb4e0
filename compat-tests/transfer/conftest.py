"""Sources of every version and the targets they are imported into. Each source is made once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from harness.database import BACKENDS, backend_store, is_there
from harness.environment import CLIENTS, STOCK
from harness.server import serving
from transfer.answers import differences, everything
from transfer.sources import FILES, Source, copy_of, new_source, served
from transfer.tidemill import import_from

KINDS = [(version, backend) for version in CLIENTS for backend in ("sqlite", FILES)]
KINDS += [(STOCK, backend) for backend in ("postgres", "mysql") if is_there(backend)]


def pytest_addoption(parser):
    parser.addoption("--into", default="sqlite", choices=BACKENDS, help="the database of the targets")
    parser.addoption("--points", type=int, help="points of the longest history of each source (default: it depends)")
    parser.addoption("--long", action="store_true", help="run the tests marked long too")


# What is tried with every store; the other tests only with one, unless they are long.
ALWAYS = ("test_a_target_answers_as_the_source_does", "test_an_import_brings_what_has_changed")
ONE = (STOCK, "sqlite")
# What is tried on each database that MLflow can be taken back to.
BACK = ("test_mlflow_answers_from_an_export_as_it_did_from_the_source", "test_mlflow_goes_on_working_in_an_export")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--long"):
        return
    for item in items:
        kind = item.callspec.params.get("source", ONE) if hasattr(item, "callspec") else ONE
        if item.get_closest_marker("long") or not _is_tried(item.originalname, kind):
            item.add_marker(pytest.mark.skip(reason="needs --long"))


def _is_tried(test: str, kind: tuple[str, str]) -> bool:
    version, backend = kind
    return kind == ONE or test in ALWAYS or (test in BACK and version == STOCK and backend != FILES)


@dataclass(frozen=True)
class Target:
    """A database to import into."""

    uri: str
    folder: Path

    def served(self, artifacts: Path):
        """The address of Tidemill on it, with the sources' files at hand."""
        # Experiment 0 of a store that Python's client makes has its files below the client's own folder.
        roots = [os.path.abspath("mlruns"), os.fspath(artifacts.parent), os.fspath(self.folder.parent)]
        roots = ["--local-artifact-roots", ",".join(roots)]
        return serving("tidemill", self.uri, os.fspath(self.folder), os.fspath(artifacts), *roots)

    def answers(self, artifacts: Path) -> dict:
        with self.served(artifacts) as address:
            return everything(address)


@pytest.fixture(scope="session", params=KINDS, ids=lambda kind: " ".join(kind))
def source(request, tmp_path_factory) -> Iterator[Source]:
    version, backend = request.param
    folder = tmp_path_factory.mktemp("source")
    with new_source(version, backend, folder, _points(request.config, request.param)) as made:
        yield made


def _points(config, kind: tuple[str, str]) -> int:
    """One of the stores has a long history; asking for it takes most of a test's time."""
    whole = kind == ONE or config.getoption("--long")
    return config.getoption("--points") or (100_000 if whole else 3_000)


@pytest.fixture(scope="session")
def source_answers(source, tmp_path_factory) -> dict:
    """What MLflow's own server answers about the source."""
    with served(source, tmp_path_factory.mktemp("served")) as address:
        return everything(address)


@pytest.fixture
def copied(source, tmp_path) -> Iterator[Source]:
    """A copy of the source that the test may change."""
    with copy_of(source, tmp_path / "copy") as copy:
        yield copy


@pytest.fixture
def target(pytestconfig, tmp_path) -> Iterator[Target]:
    """An empty one."""
    (tmp_path / "target").mkdir()
    with backend_store(pytestconfig.getoption("--into"), os.fspath(tmp_path / "target")) as uri:
        yield Target(uri, tmp_path / "target")


@pytest.fixture
def imported(copied, target) -> Target:
    """One that has everything of the copied source."""
    report = import_from(copied.uri, target.uri)
    assert report.exit_code == 0, report.output
    return target


@pytest.fixture
def same():
    """`same(this, that, source)` shows what is different, if anything is. `more` are further situations."""

    def check(this: dict, that: dict, source: Source, *more: str) -> None:
        found = differences(this, that, *source.situations(), *more)
        assert not found, f"{len(found)} differences\n" + "\n".join(found[:50])

    return check


@pytest.fixture
def post():
    """`post(address, path, **body)` asks a server to do something."""

    def send(address: str, path: str, **body) -> dict:
        answer = requests.post(f"{address}/api/2.0/mlflow/{path}", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return send
