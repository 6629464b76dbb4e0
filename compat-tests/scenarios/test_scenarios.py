"""Runs each script as its user would and looks at what it left behind."""

import os
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

HERE = Path(__file__).parent


@pytest.fixture
def client(server):
    return MlflowClient(server)


@pytest.fixture
def script(monkeypatch, capsys):
    """`script(name, *arguments)` runs it here, where MLflow is imported already, and answers its last line's words."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out.splitlines()[-1].split()

    return run


@pytest.fixture
def process(server, tmp_path):
    """As `script`, in a process of its own that is told nothing but the server's address."""

    def run(name, *arguments):
        environment = {**os.environ, "MLFLOW_TRACKING_URI": server, "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, HERE / f"{name}.py", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1].split()

    return run


def test_the_experiment_tracker_leaves_a_run_with_ten_epochs_and_a_model(client, script, unique, tmp_path):
    (run_id,) = script("experiment_tracker", unique)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.runName"] == "ten epochs"
    assert run.data.params == {"learning_rate": "0.1", "epochs": "10", "optimizer": "sgd"}
    losses = [point.value for point in client.get_metric_history(run_id, "loss")]
    assert len(losses) == 10 and losses == sorted(losses, reverse=True)
    assert run.data.metrics["loss"] == losses[-1]
    model = client.download_artifacts(run_id, "model/model.pkl", str(tmp_path))
    assert pickle.loads(Path(model).read_bytes())["weight"] == pytest.approx(3 * (1 - 0.9**10))


def test_the_registry_manager_promotes_the_best_and_archives_the_rest(client, script, unique):
    (best,) = script("registry_manager", unique, unique)
    assert best == "2"
    first, second = (client.get_model_version(unique, version) for version in ("1", "2"))
    assert (first.current_stage, first.tags) == ("Archived", {"depth": "2", "compared": "yes"})
    assert (second.current_stage, second.tags) == ("Production", {"depth": "4", "compared": "yes"})
    assert second.description == "best of its experiment"
    (latest,) = client.get_latest_versions(unique, ["Production"])
    assert str(latest.version) == "2"
    assert client.get_registered_model(unique).tags == {"owner": "scenario"}


def test_the_approval_workflow_tags_versions_by_their_metrics(client, script, unique):
    script("registry_manager", unique, unique)
    assert script("approval_workflow", unique, "0.9") == ["2"]
    assert client.get_model_version(unique, "1").tags == {
        "depth": "2",
        "compared": "yes",
        "validation": "failed",
        "validation.score": "0.800",
    }
    approved = client.get_model_version(unique, "2").tags
    assert approved == {"depth": "4", "compared": "yes", "validation": "passed", "approved_by": "scenario"}
    assert client.get_registered_model(unique).tags["last_approved"] == "2"


def test_the_quickstart_ends_with_a_registered_model_that_predicts(client, process, unique):
    (accuracy,) = process("quickstart", unique, unique)
    assert float(accuracy) == 1.0
    version = client.get_model_version(unique, "1")
    run = client.get_run(version.run_id)
    assert version.status == "READY"
    assert run.data.metrics == {"accuracy": 1.0}
    assert run.data.tags["Training Info"] == "Basic LR model for iris data"
    assert run.data.params["solver"] == "lbfgs"
