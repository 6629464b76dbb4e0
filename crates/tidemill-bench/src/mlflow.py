"""What the benchmark needs from MLflow's own environment: filled tables, and databases.

Runs with the interpreter of the environment that MLflow is installed in.
"""

import json
import sys
import uuid

BATCH = 20_000


def tables():
    from mlflow.store.model_registry.dbmodels import models as registry
    from mlflow.store.tracking.dbmodels import models as tracking

    classes = {
        "run": tracking.SqlRun,
        "point": tracking.SqlMetric,
        "latest": tracking.SqlLatestMetric,
        "param": tracking.SqlParam,
        "tag": tracking.SqlTag,
        "model": registry.SqlRegisteredModel,
        "model_tag": registry.SqlRegisteredModelTag,
        "version": registry.SqlModelVersion,
    }
    # Rows are written in this order, which foreign keys ask for.
    return {name: cls.__table__ for name, cls in classes.items()}


class Rows:
    """Collects rows and inserts many at once."""

    def __init__(self, connection):
        self.connection = connection
        self.tables = tables()
        self.waiting = {name: [] for name in self.tables}
        self.count = 0

    def add(self, table, **row):
        self.waiting[table].append(row)
        self.count += 1
        if self.count >= BATCH:
            self.flush()

    def flush(self):
        for name, rows in self.waiting.items():
            if rows:
                self.connection.execute(self.tables[name].insert(), rows)
                rows.clear()
        self.count = 0


def fill(uri):
    """Reads lines of JSON, one for each run or model, and prints where they went."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(uri, "mlflow-artifacts:/")
    where = {"experiments": {}, "runs": []}
    with store.engine.begin() as connection:
        rows = Rows(connection)
        for line in sys.stdin:
            seed = json.loads(line)
            if "model" in seed:
                add_model(rows, seed["model"])
                continue
            name = seed["experiment"]
            if name not in where["experiments"]:
                where["experiments"][name] = store_experiment(connection, name)
            run_id = uuid.uuid4().hex
            add_run(rows, seed, run_id, where["experiments"][name])
            if name != "bench-search":
                where["runs"].append([name, run_id])
        rows.flush()
    where["experiments"] = {name: str(id) for name, id in where["experiments"].items()}
    print(json.dumps(where))


def store_experiment(connection, name):
    from mlflow.store.tracking.dbmodels.models import SqlExperiment

    table = SqlExperiment.__table__
    inserted = connection.execute(table.insert().values(name=name, lifecycle_stage="active"))
    (experiment_id,) = inserted.inserted_primary_key
    connection.execute(
        table.update()
        .where(table.c.experiment_id == experiment_id)
        .values(artifact_location=f"mlflow-artifacts:/{experiment_id}")
    )
    return experiment_id


def add_run(rows, seed, run_id, experiment_id):
    rows.add(
        "run",
        run_uuid=run_id,
        name=seed["name"],
        user_id="",
        source_type="UNKNOWN",
        source_name="",
        entry_point_name="",
        source_version="",
        status="RUNNING" if seed["end_time"] is None else "FINISHED",
        start_time=seed["start_time"],
        end_time=seed["end_time"],
        lifecycle_stage="active",
        artifact_uri=f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts",
        experiment_id=experiment_id,
    )
    for series in seed["metrics"]:
        for step, value in enumerate(series["values"]):
            point = {
                "run_uuid": run_id,
                "key": series["key"],
                "value": value,
                "timestamp": series["start_time"] + step * 1000,
                "step": step,
                "is_nan": False,
            }
            rows.add("point", **point)
        rows.add("latest", **point)
    for key, value in seed["params"]:
        rows.add("param", run_uuid=run_id, key=key, value=value)
    for key, value in seed["tags"]:
        rows.add("tag", run_uuid=run_id, key=key, value=value)


def add_model(rows, name):
    rows.add("model", name=name, creation_time=0, last_updated_time=0)
    rows.add("model_tag", name=name, key="task", value="bench")
    for version in (1, 2):
        rows.add(
            "version",
            name=name,
            version=version,
            creation_time=0,
            last_updated_time=0,
            source=f"s3://bench/{name}/{version}",
            current_stage="None",
            status="READY",
        )


def on_server(url, statement):
    import psycopg2

    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute(statement)


def check():
    import mlflow
    import psycopg2

    print(mlflow.__version__, psycopg2.__version__)


def main(command, *arguments):
    if command == "check":
        check()
    elif command == "fill":
        fill(*arguments)
    elif command == "create-database":
        url, name = arguments
        on_server(url, f'CREATE DATABASE "{name}"')
    elif command == "drop-database":
        url, name = arguments
        on_server(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


main(*sys.argv[1:])
