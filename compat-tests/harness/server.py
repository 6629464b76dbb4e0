"""Starts the server under test on a free port and stops it again."""

import os
import random
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

from .database import backend_store
from .environment import HOME, STOCK, python_of

START_DEADLINE = 120.0
STOP_DEADLINE = 20.0


class ServerDidNotStart(Exception):
    pass


@contextmanager
def running(kind: str, backend: str, *flags: str, database: Path | None = None):
    """Yields the address of a fresh `kind` server (tidemill or mlflow) on an empty database, or on the SQLite file given.

    Tidemill is started with the given flags too."""
    with tempfile.TemporaryDirectory(prefix="compat-") as folder, backend_store(backend, folder) as store:
        store = f"sqlite:///{database}" if database else store
        with serving(kind, store, folder, f"{folder}/artifacts", *flags) as address:
            yield address


@contextmanager
def serving(kind: str, store: str, folder: str, artifacts: str, *flags: str):
    """Yields the address of a `kind` server on a store that is there, with what it writes besides in `folder`."""
    port = free_port()
    command = [*COMMANDS[kind](port, store, artifacts), *(flags if kind == "tidemill" else ())]
    with started(command, port, _environment(kind, store, artifacts), folder, _prefix(flags)) as address:
        yield address


@contextmanager
def started(command: list, port: int, environment: dict, folder: str, prefix: str = ""):
    """Yields the address of the server that `command` starts, once it answers."""
    log = Path(folder) / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}{prefix}"
        _wait_until_ready(process, address, log)
        yield address
    finally:
        _stop(process)


def binary() -> str:
    """The Tidemill under test."""
    return os.fspath(os.environ.get("TIDEMILL_BIN") or HOME.parent / "target" / "debug" / "tidemill")


def _tidemill(port: int, store: str, artifacts: str) -> list:
    where = ["--host", "127.0.0.1", "--port", str(port)]
    return [binary(), "server", *where, "--backend-store-uri", store, "--artifacts-destination", artifacts]


def _stock(port: int, _store: str, _artifacts: str) -> list:
    where = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    app = ["--app-dir", str(HOME / "harness"), "stock_app:app"]
    return [os.fspath(python_of(STOCK)), "-m", "uvicorn", *where, *app]


COMMANDS = {"tidemill": _tidemill, "mlflow": _stock}


def _environment(kind: str, store: str, artifacts: str) -> dict:
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "_MLFLOW_"))}
    if kind == "mlflow":
        # What `mlflow server` hands to the workers it starts.
        ours |= {
            "_MLFLOW_SERVER_FILE_STORE": store,
            "_MLFLOW_SERVER_REGISTRY_STORE": store,
            "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
            "_MLFLOW_SERVER_ARTIFACT_DESTINATION": artifacts,
            "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
            "_MLFLOW_SGI_NAME": "uvicorn",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
    return ours


def _prefix(flags: tuple[str, ...]) -> str:
    return flags[flags.index("--static-prefix") + 1] if "--static-prefix" in flags else ""


def free_port() -> int:
    """A port below those that the system gives to whoever asks for any: a server takes its time to start."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _wait_until_ready(process: subprocess.Popen, address: str, log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerDidNotStart(f"exit code {process.returncode}\n{log.read_text(errors='replace')}")
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise ServerDidNotStart(f"no answer in {START_DEADLINE:.0f} s\n{log.read_text(errors='replace')}")


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with suppress(ProcessLookupError):  # workers that outlive their parent
        os.killpg(process.pid, signal.SIGKILL)
