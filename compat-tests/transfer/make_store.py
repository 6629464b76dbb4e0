#!/usr/bin/env python3
"""Fills a store with everything that the installed MLflow can write, ugly cases included, and says what it made.

Run it with the Python of an MLflow environment. A database or folder that is not there is made. Without `--artifacts`
the runs' files go where this MLflow puts them, for a database below the current folder.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow  # noqa: E402
from made.experiments import delete_experiments, make_experiments  # noqa: E402
from made.inputs import make_inputs  # noqa: E402
from made.logged_models import make_logged_models  # noqa: E402
from made.metrics import make_metrics  # noqa: E402
from made.others import make_others  # noqa: E402
from made.registry import make_prompts, make_registry  # noqa: E402
from made.runs import make_runs  # noqa: E402
from made.store import Store  # noqa: E402
from made.traces import make_traces  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("uri", help="sqlite:///file, postgresql://…, mysql+pymysql://… or a folder")
    parser.add_argument("--artifacts", help="where the runs' files go (default: the store's own choice)")
    parser.add_argument("--points", type=int, default=100_000, help="points of the longest history (default: 100,000)")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    mlflow.set_tracking_uri(options.uri)
    store = Store(MlflowClient(options.uri, options.uri), options.artifacts, options.points)
    fill(store)
    summary = {"version": mlflow.__version__, "uri": options.uri, "made": store.made, "refused": store.refused}
    json.dump(summary, sys.stdout, indent=2, ensure_ascii=False, sort_keys=True)
    print()
    return 0


def fill(store: Store) -> None:
    experiments = make_experiments(store)
    runs = make_runs(store, experiments)
    make_metrics(store, experiments)
    make_inputs(store, experiments)
    logged_models = make_logged_models(store, experiments)
    make_registry(store, runs, logged_models)
    make_prompts(store)
    make_traces(store, experiments, runs)
    make_others(store, experiments)
    delete_experiments(store, experiments)


if __name__ == "__main__":
    sys.exit(main())
