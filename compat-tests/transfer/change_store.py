#!/usr/bin/env python3
"""Goes on working in a store that `make_store` has made, as a team does between two imports.

Run it with the Python of the MLflow environment that made it. Prints the ids of what it touched as JSON.
"""

import argparse
import json
import os
import sys

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

from mlflow.tracking import MlflowClient  # noqa: E402

START = 1_650_000_000_000


def work_on(client: MlflowClient) -> dict:
    """New things, more of the old ones, other values, other states."""
    experiment = client.get_experiment_by_name("main").experiment_id
    runs = {run.info.run_name: run.info.run_id for run in client.search_runs([experiment])}
    new = client.create_run(client.create_experiment("made later"), START, {"k": "v"}, "made later").info.run_id
    client.log_param(new, "p", "1")
    _grow(client, runs)
    client.set_experiment_tag(experiment, "tag unicode", "changed later")
    client.set_terminated(runs["running"], "FAILED", START)
    client.delete_run(runs["failed"])
    return {"new": new, **_move(client, runs["files"])}


def _grow(client: MlflowClient, runs: dict[str, str]) -> None:
    for step in range(10):
        client.log_metric(runs["histories"], "out of order", float(step), START + step, 100 + step)
    client.log_metric(runs["numbers"], "added later", 1.5, START, 0)
    client.set_tag(runs["tags"], "value unicode", "changed later")
    client.delete_tag(runs["tags"], "value json")
    client.log_param(runs["params"], "added later", "x")


def _move(client: MlflowClient, run: str) -> dict:
    try:
        client.transition_model_version_stage("whole", "1", "Production")
    except Exception as error:  # a store without a registry
        return {"without a registry": type(error).__name__}
    client.set_model_version_tag("whole", "1", "tag unicode", "changed later")
    client.create_model_version("whole", f"{client.get_run(run).info.artifact_uri}/model", run, await_creation_for=0)
    if hasattr(client, "set_registered_model_alias"):
        client.set_registered_model_alias("whole", "champion", "2")
    return {}


def conflict_in(client: MlflowClient) -> dict:
    """A tag and a param that somebody will have set otherwise in the target."""
    experiment = client.get_experiment_by_name("main").experiment_id
    run = next(run.info.run_id for run in client.search_runs([experiment]) if run.info.run_name == "tags")
    client.set_tag(run, "contested", "by the source")
    client.log_param(run, "contested", "by the source")
    return {"run": run}


def number_the_next(client: MlflowClient) -> dict:
    """Which numbers models with deleted versions give to their next one."""
    names = ("gaps", "last deleted", "all deleted")
    made = {name: client.create_model_version(name, "s3://bucket/model", await_creation_for=0) for name in names}
    return {name: str(version.version) for name, version in made.items()}


DEEDS = {"work": work_on, "conflict": conflict_in, "number": number_the_next}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("uri")
    parser.add_argument("deed", choices=DEEDS)
    options = parser.parse_args()
    print(json.dumps(DEEDS[options.deed](MlflowClient(options.uri, options.uri))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
