"""One virtual environment per client version, made once and kept until its requirements change."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
REQUIREMENTS = HOME / "requirements"
VENVS = HOME / ".venvs"
CLIENTS = ("1.30.1", "2.22.5", "3.11.1", "3.17.2")
STOCK = "3.17.2"


def python_of(name: str) -> Path:
    """The interpreter of the environment called `name`, which is made first if it has to be."""
    home = VENVS / name
    requirements = REQUIREMENTS / f"{name}.txt"
    stamp = home / ".requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _make(home, requirements)
        stamp.write_text(wanted)
    return home / "bin" / "python"


def _make(home: Path, requirements: Path) -> None:
    print(f"installing {requirements.stem} into {home}", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    if requirements.stem == "uv":
        venv.create(home, with_pip=True)
        _call(home / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", requirements)
        return
    # Four full MLflow installations take minutes with pip and seconds with uv.
    uv = python_of("uv").parent / "uv"
    _call(uv, "venv", "--quiet", "--python", sys.executable, home)
    _call(uv, "pip", "install", "--quiet", "--python", home / "bin" / "python", "-r", requirements)


def _call(*command) -> None:
    subprocess.run([os.fspath(part) for part in command], check=True)
