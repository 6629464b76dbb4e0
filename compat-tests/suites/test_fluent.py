"""The fluent API, as a training script uses it."""

import mlflow
import pytest
from mlflow.entities import RunStatus


def test_a_run_records_what_was_logged(client, experiment):
    with mlflow.start_run(run_name="first", description="a try", tags={"kind": "demo"}) as run:
        mlflow.log_param("lr", 0.01)
        mlflow.log_params({"epochs": 10, "opt": "adam"})
        for epoch in range(3):
            mlflow.log_metric("loss", 1 / (epoch + 1), step=epoch)
        mlflow.log_metrics({"acc": 0.5, "f1": 0.25}, step=3)
        mlflow.set_tag("phase", "train")
        mlflow.set_tags({"a": 1, "b": True})
    stored = client.get_run(run.info.run_id)
    assert stored.info.experiment_id == experiment.experiment_id
    assert stored.info.status == RunStatus.to_string(RunStatus.FINISHED)
    assert stored.info.end_time >= stored.info.start_time
    assert stored.data.params == {"lr": "0.01", "epochs": "10", "opt": "adam"}
    assert stored.data.metrics == {"loss": pytest.approx(1 / 3), "acc": 0.5, "f1": 0.25}
    wanted = {"kind": "demo", "phase": "train", "a": "1", "b": "True"}
    wanted |= {"mlflow.runName": "first", "mlflow.note.content": "a try"}
    assert wanted.items() <= stored.data.tags.items()
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")] == [0, 1, 2]


def test_the_client_sets_the_system_tags(client, experiment):
    with mlflow.start_run() as run:
        pass
    tags = client.get_run(run.info.run_id).data.tags
    assert {"mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.runName"} <= tags.keys()


def test_an_exception_fails_the_run(client, experiment):
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as run:
        raise ZeroDivisionError
    assert client.get_run(run.info.run_id).info.status == "FAILED"


def test_nested_runs_name_their_parent(client, experiment):
    with mlflow.start_run() as parent:
        children = []
        for _ in range(2):
            with mlflow.start_run(nested=True) as child:
                children.append(child.info.run_id)
    found = client.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    assert {run.info.run_id for run in found} == set(children)


def test_a_run_can_be_resumed(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_param("a", 1)
    with mlflow.start_run(run_id=run.info.run_id):
        assert client.get_run(run.info.run_id).info.status == "RUNNING"
        mlflow.log_param("b", 2)
    stored = client.get_run(run.info.run_id)
    assert (stored.data.params, stored.info.status) == ({"a": "1", "b": "2"}, "FINISHED")


def test_set_experiment_finds_the_existing_one(experiment):
    assert mlflow.set_experiment(experiment.name).experiment_id == experiment.experiment_id
    assert mlflow.get_experiment_by_name(experiment.name).experiment_id == experiment.experiment_id


def test_set_experiment_refuses_a_deleted_one(experiment):
    mlflow.delete_experiment(experiment.experiment_id)
    with pytest.raises(mlflow.exceptions.MlflowException, match="deleted"):
        mlflow.set_experiment(experiment.name)


def test_experiment_tags_are_set_together(client, experiment):
    mlflow.set_experiment_tags({"owner": "team", "year": 2024})
    assert {"owner": "team", "year": "2024"}.items() <= client.get_experiment(experiment.experiment_id).tags.items()


def test_a_deleted_run_is_not_searched(experiment):
    with mlflow.start_run() as run:
        pass
    mlflow.delete_run(run.info.run_id)
    assert len(mlflow.search_runs([experiment.experiment_id])) == 0


def test_a_deleted_tag_is_gone(client, experiment):
    with mlflow.start_run() as run:
        mlflow.set_tag("temporary", "yes")
        mlflow.delete_tag("temporary")
    assert "temporary" not in client.get_run(run.info.run_id).data.tags


@pytest.mark.since("2.22.5")
def test_asynchronous_logging_arrives(client, experiment):
    with mlflow.start_run() as run:
        for step in range(20):
            mlflow.log_metric("loss", step, step=step, synchronous=False)
        mlflow.log_params({"a": 1, "b": 2}, synchronous=False)
        mlflow.set_tag("state", "logged", synchronous=False)
        mlflow.flush_async_logging()
    stored = client.get_run(run.info.run_id)
    assert (stored.data.params, stored.data.tags["state"]) == ({"a": "1", "b": "2"}, "logged")
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 20


@pytest.mark.since("2.22.5")
def test_a_table_logged_in_two_parts_is_loaded_whole(experiment):
    with mlflow.start_run() as run:
        mlflow.log_table({"question": ["a"], "answer": ["b"]}, "table.json")
        mlflow.log_table({"question": ["c"], "answer": ["d"]}, "table.json")
    loaded = mlflow.load_table("table.json", run_ids=[run.info.run_id])
    assert loaded["question"].tolist() == ["a", "c"]
