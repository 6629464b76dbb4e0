"""Writes the runs into the tables of MLflow's SQLite file."""

import sqlite3
import sys
from uuid import uuid5, NAMESPACE_URL

from data import START, name, params, points, tags

AT_A_TIME = 5000
TABLES = {
    "runs": "run_uuid name source_type user_id status start_time end_time lifecycle_stage artifact_uri experiment_id",
    "metrics": "run_uuid key timestamp step value is_nan",
    "latest_metrics": "run_uuid key timestamp step value is_nan",
    "params": "run_uuid key value",
    "tags": "run_uuid key value",
}


def main(path: str, runs: int, count: int) -> None:
    database = sqlite3.connect(path)
    database.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -1000000")
    experiment = database.execute(
        "INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time)"
        " VALUES ('speed', 'mlflow-artifacts:/speed', 'active', ?, ?)",
        (START, START),
    ).lastrowid
    for first in range(0, runs, AT_A_TIME):
        insert(database, experiment, range(first, min(first + AT_A_TIME, runs)), count)
    database.executescript("PRAGMA journal_mode = DELETE; ANALYZE")
    database.close()


def insert(database: sqlite3.Connection, experiment: int, numbers: range, count: int) -> None:
    rows = {table: [] for table in TABLES}
    for n in numbers:
        run, start = uuid5(NAMESPACE_URL, name(n)).hex, START + n * 1000
        uri = f"mlflow-artifacts:/speed/{run}/artifacts"
        rows["runs"].append((run, name(n), "LOCAL", "speed", "FINISHED", start, start + 999, "active", uri, experiment))
        logged = [(run, "loss", timestamp, step, value, False) for timestamp, step, value in points(n, count)]
        rows["metrics"] += logged
        rows["latest_metrics"].append(logged[-1])
        rows["params"] += [(run, key, value) for key, value in params(n).items()]
        rows["tags"] += [(run, key, value) for key, value in tags(n).items()]
    for table, columns in TABLES.items():
        names = columns.split()
        places = ", ".join("?" * len(names))
        database.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", rows[table])
    database.commit()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
