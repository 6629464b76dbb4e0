#!/usr/bin/env python3
"""Writes many runs straight into a SQLite file whose tables `mlflow db upgrade` (3.17.2) has made, all in one transaction.

The same numbers give the same rows. Needs nothing but Python.
"""

import argparse
import random
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

START = 1_600_000_000_000
STEP_MS = 1000
AT_A_TIME = 2000  # runs
FILLED = ("metrics", "latest_metrics", "params", "tags")
COLUMNS = {
    "experiments": "experiment_id name artifact_location lifecycle_stage creation_time last_update_time",
    "runs": "run_uuid name source_type user_id status start_time end_time lifecycle_stage artifact_uri experiment_id",
    "metrics": "run_uuid key timestamp step value is_nan",
    "latest_metrics": "run_uuid key timestamp step value is_nan",
    "params": "run_uuid key value",
    "tags": "run_uuid key value",
}


@dataclass(frozen=True)
class Size:
    runs: int
    points: int  # in all
    metrics: int  # of each run
    params: int
    tags: int
    experiments: int

    @property
    def steps(self) -> int:
        """Points of each metric of each run."""
        return max(1, self.points // (self.runs * self.metrics))


def main() -> int:
    path, size = arguments()
    began = time.monotonic()
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -1000000")
    database.execute("BEGIN")
    indexes = drop_indexes(database)
    insert(database, "experiments", experiments(size))
    for first in range(0, size.runs, AT_A_TIME):
        insert_runs(database, size, range(first, min(first + AT_A_TIME, size.runs)))
    for index in indexes:
        database.execute(index)
    database.execute("COMMIT")
    database.execute("PRAGMA journal_mode = DELETE")
    counts = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("runs", "metrics")}
    database.close()
    print(f"{counts['runs']} runs, {counts['metrics']} points in {time.monotonic() - began:.0f} s")
    return 0


def arguments() -> tuple[str, Size]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="a SQLite file with MLflow's tables and no experiments but the default one")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--points", type=int, default=10_000_000, help="points of all metrics of all runs")
    parser.add_argument("--metrics", type=int, default=10, help="metrics of each run")
    parser.add_argument("--params", type=int, default=5, help="params of each run")
    parser.add_argument("--tags", type=int, default=4, help="tags of each run, its name and user among them")
    parser.add_argument("--experiments", type=int, default=20)
    options = vars(parser.parse_args())
    return options.pop("file"), Size(**options)


def drop_indexes(database: sqlite3.Connection) -> list[str]:
    """Answers how to make them again: sorting once is faster than keeping order row by row."""
    places = ", ".join("?" * len(FILLED))
    found = "FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN"
    indexes = database.execute(f"SELECT name, sql {found} ({places})", FILLED).fetchall()
    for name, _ in indexes:
        database.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in indexes]


def insert(database: sqlite3.Connection, table: str, rows: Iterable[tuple]) -> None:
    names = COLUMNS[table].split()
    database.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", rows)


def insert_runs(database: sqlite3.Connection, size: Size, numbers: range) -> None:
    insert(database, "runs", (run(size, n) for n in numbers))
    points = [point for n in numbers for point in histories(size, n)]
    # Metric by metric and in the order of time, which is how the table is laid out.
    insert(database, "metrics", sorted(points, key=lambda point: point[1:3]))
    insert(database, "latest_metrics", (point for point in points if point[3] == size.steps - 1))
    insert(database, "params", (param for n in numbers for param in params(size, n)))
    insert(database, "tags", (tag for n in numbers for tag in tags(size, n)))


def experiments(size: Size) -> Iterator[tuple]:
    for n in range(1, size.experiments + 1):
        yield n, f"large {n}", f"mlflow-artifacts:/{n}", "active", START, START


def run_id(n: int) -> str:
    return uuid5(NAMESPACE_URL, f"large-run-{n}").hex


def started(size: Size, n: int) -> int:
    return START + n * size.steps * STEP_MS


def run(size: Size, n: int) -> tuple:
    id, experiment, start = run_id(n), n % size.experiments + 1, started(size, n)
    status, stage = ("FAILED" if n % 10 == 9 else "FINISHED"), ("deleted" if n % 100 == 99 else "active")
    end = start + size.steps * STEP_MS
    files = f"mlflow-artifacts:/{experiment}/{id}/artifacts"
    return id, f"run-{n:06}", "LOCAL", f"user-{n % 7}", status, start, end, stage, files, experiment


def histories(size: Size, n: int) -> Iterator[tuple]:
    id, start, chance = run_id(n), started(size, n), random.Random(n).random
    for metric in range(size.metrics):
        for step in range(size.steps):
            yield id, f"metric-{metric}", start + step * STEP_MS, step, chance() / (step + 1), 0


def params(size: Size, n: int) -> Iterator[tuple]:
    return ((run_id(n), f"param-{p}", str((n * 7919 + p) % 1000 / 1000)) for p in range(size.params))


def tags(size: Size, n: int) -> Iterator[tuple]:
    named = [("mlflow.runName", f"run-{n:06}"), ("mlflow.user", f"user-{n % 7}")]
    more = [(f"tag-{t}", f"value {(n + t) % 10}") for t in range(size.tags - len(named))]
    return ((run_id(n), key, value) for key, value in [*named, *more])


if __name__ == "__main__":
    sys.exit(main())
