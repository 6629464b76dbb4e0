"""Runs `tidemill import`, `verify` and `export`, and reads what they report. Nothing else knows their output."""

import json
import os
import random
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.environment import STOCK, python_of
from harness.server import binary

DEADLINE = 1800
# What is counted for each kind when something is written.
WRITES = ("added", "updated", "replaced")


@dataclass(frozen=True)
class Report:
    exit_code: int
    output: str
    answer: dict[str, Any]  # of --json

    @property
    def written(self) -> int:
        """How many things were written, of all kinds."""
        return sum(kind[done] for kind in self.answer["kinds"].values() for done in WRITES)

    @property
    def conflicts(self) -> list[str]:
        """Each as text: what, and the values of both sides."""
        return [json.dumps(conflict, ensure_ascii=False) for conflict in self.answer["conflicts"]["first"]]


def import_from(source: str, into: str, *flags: str) -> Report:
    return _call("import", source, into, *flags)


def verify(source: str, into: str) -> Report:
    return _call("verify", source, into)


def export_to(uri: str, database: str) -> Report:
    return _report(_export(uri, database))


def started_export(uri: str, database: str) -> subprocess.Popen:
    return subprocess.Popen(_export(uri, database), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_imports(source: str, into: str, times: int, longest: float, seed: int) -> int:
    """Starts imports and kills each after a moment of at most that many seconds. How many were under way then."""
    chance, killed = random.Random(seed), 0
    for _ in range(times):
        process = subprocess.Popen(
            _command("import", source, into), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0, longest))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    return killed


def _call(verb: str, source: str, into: str, *flags: str) -> Report:
    return _report([*_command(verb, source, into), *flags])


def _report(command: list[str]) -> Report:
    with tempfile.TemporaryDirectory(prefix="compat-") as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run([*command, "--json", os.fspath(report)], capture_output=True, text=True, timeout=DEADLINE)
        answer = json.loads(report.read_text()) if report.exists() else {}
        return Report(done.returncode, done.stdout + done.stderr, answer)


def _command(verb: str, source: str, into: str) -> list[str]:
    return [binary(), verb, source, "--into", into]


def _export(uri: str, database: str) -> list[str]:
    mlflow = os.fspath(python_of(STOCK).parent / "mlflow")
    return [binary(), "export", "--to-mlflow", uri, "--backend-store-uri", database, "--mlflow", mlflow]
