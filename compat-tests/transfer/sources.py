"""Stores to import from: made by a version of MLflow, copied, changed, and served by MLflow itself."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.database import backend_store, copy_database
from harness.environment import HOME, STOCK, python_of
from harness.server import free_port, serving, started

FILES = "files"
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class Source:
    version: str  # of the MLflow that made it
    backend: str  # sqlite, postgres, mysql or files
    uri: str
    artifacts: Path

    @property
    def path(self) -> Path:
        """The file or folder, where it is one."""
        return Path(self.uri.removeprefix("sqlite:///"))

    def situations(self) -> tuple[str, ...]:
        """The parts of the table of tolerated differences that apply to it."""
        return (self.backend, f"{self.version} {self.backend}")


@contextmanager
def new_source(version: str, backend: str, folder: Path, points: int) -> Iterator[Source]:
    """Yields a store of that version with everything that `make_store` writes."""
    with _empty(backend, folder) as uri:
        source = Source(version, backend, uri, folder / "artifacts")
        call(source, "make_store.py", uri, "--artifacts", source.artifacts, "--points", points)
        yield source


@contextmanager
def copy_of(source: Source, folder: Path) -> Iterator[Source]:
    """Yields a copy that may be changed. Its runs' files are the original's."""
    with _empty(source.backend, folder) as uri:
        copy = replace(source, uri=uri)
        if source.backend == "sqlite":
            shutil.copy(source.path, copy.path)
        elif source.backend == FILES:
            shutil.copytree(source.path, copy.path)
        else:
            copy_database(source.backend, source.uri, uri)
        yield copy


def make_tables(uri: str) -> None:
    """Lets the newest MLflow make its tables, or bring them up to date."""
    _run(STOCK, "-m", "mlflow", "db", "upgrade", uri)


def work_in(source: Source, deed: str) -> dict:
    """Lets `change_store` do something there."""
    return json.loads(call(source, "change_store.py", source.uri, deed))


@contextmanager
def served(source: Source, folder: Path) -> Iterator[str]:
    """Yields the address of MLflow's own server on the source: the newest one, or that of a file store's version."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if source.backend == FILES:
            yield stack.enter_context(_own_server(source, folder))
            return
        if source.version != STOCK:
            source = stack.enter_context(copy_of(source, folder))
            make_tables(source.uri)
        yield stack.enter_context(serving("mlflow", source.uri, os.fspath(folder), os.fspath(source.artifacts)))


def call(source: Source, script: str, *words: object) -> str:
    return _run(source.version, HOME / "transfer" / script, *words)


@contextmanager
def _empty(backend: str, folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    if backend == FILES:
        yield os.fspath(folder / "mlruns")
        return
    with backend_store(backend, os.fspath(folder)) as uri:
        yield uri


@contextmanager
def _own_server(source: Source, folder: Path) -> Iterator[str]:
    port = free_port()
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = ["--backend-store-uri", source.uri, "--default-artifact-root", os.fspath(source.artifacts)]
    command = [os.fspath(python_of(source.version).parent / "mlflow"), "server", *where, *stores]
    with started(command, port, _environment(source.version), os.fspath(folder)) as address:
        yield address


def _run(version: str, *words: object) -> str:
    command = [os.fspath(python_of(version)), *map(str, words)]
    done = subprocess.run(command, env=_environment(version), capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr[-4000:]}"
    return done.stdout


def _environment(version: str) -> dict[str, str]:
    """With the environment's own programs first: `mlflow server` starts gunicorn by its name."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "_MLFLOW_"))}
    return {**ours, **SETTINGS, "PATH": f"{python_of(version).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
