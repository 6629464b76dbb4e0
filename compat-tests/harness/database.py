"""An empty database for one server: a SQLite file, or a database of its own on a running server."""

import os
import socket
import subprocess
from contextlib import contextmanager
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

from .environment import STOCK, python_of

BASE_URLS = {
    "postgres": ("TIDEMILL_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mysql": ("TIDEMILL_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/test"),
}
BACKENDS = ("sqlite", *BASE_URLS)

EXECUTE = """
import sys
from sqlalchemy import create_engine, make_url, text
url = make_url(sys.argv[1])
driver = {"postgresql": "postgresql+psycopg2", "mysql": "mysql+pymysql"}[url.get_backend_name()]
with create_engine(url.set(drivername=driver), isolation_level="AUTOCOMMIT").connect() as connection:
    connection.execute(text(sys.argv[2]))
"""


@contextmanager
def backend_store(backend: str, folder: str):
    """Yields the store URI of an empty database and drops that database afterwards."""
    if backend == "sqlite":
        yield f"sqlite:///{folder}/t.db"
        return
    variable, default = BASE_URLS[backend]
    base = os.environ.get(variable, default)
    name = f"compat_{uuid4().hex[:12]}"
    _execute(base, f"CREATE DATABASE {name}")
    try:
        yield _store_uri(base, name)
    finally:
        # Stock MLflow keeps its pool open a moment longer than its last answer.
        _execute(base, f"DROP DATABASE {name}" + (" WITH (FORCE)" if backend == "postgres" else ""))


def copy_database(backend: str, source: str, target: str) -> None:
    """Fills an empty database with what another one on the same server has, by the server's own tools."""
    dump, load = (tool(urlsplit(uri)) for tool, uri in zip(TOOLS[backend], (source, target), strict=True))
    with subprocess.Popen(dump, stdout=subprocess.PIPE) as dumping:
        subprocess.run(load, stdin=dumping.stdout, stdout=subprocess.DEVNULL, check=True)
    if dumping.returncode:
        raise subprocess.CalledProcessError(dumping.returncode, dump)


def _postgres_tool(*words: str):
    return lambda place: [*words, "--dbname", place._replace(scheme="postgresql").geturl()]


def _mysql_tool(*words: str):
    def command(place: SplitResult) -> list[str]:
        where = ["--host", place.hostname, "--port", str(place.port or 3306), "--user", place.username]
        password = [f"--password={place.password}"] if place.password else []
        return [*words, *where, *password, place.path.removeprefix("/")]

    return command


TOOLS = {
    "postgres": (_postgres_tool("pg_dump"), _postgres_tool("psql", "--quiet")),
    "mysql": (_mysql_tool("mysqldump", "--single-transaction"), _mysql_tool("mysql")),
}


def is_there(backend: str) -> bool:
    """Whether the server that test databases are made on is named, or listens in its usual place."""
    variable, default = BASE_URLS[backend]
    place = urlsplit(default)
    if variable in os.environ:
        return True
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((place.hostname, place.port)) == 0


def _store_uri(base: str, name: str) -> str:
    scheme, rest = base.split("://", 1)
    driver = {"postgresql": "postgresql+psycopg2", "postgres": "postgresql+psycopg2", "mysql": "mysql+pymysql"}[
        scheme.split("+")[0]
    ]
    return f"{driver}://{rest.rsplit('/', 1)[0]}/{name}"


def _execute(url: str, statement: str) -> None:
    url = url.replace("postgres://", "postgresql://", 1)
    subprocess.run([os.fspath(python_of(STOCK)), "-c", EXECUTE, url, statement], check=True)
