"""Logged models, the MLflow 3 entity between a run and a registered version."""

import mlflow
import pytest

pytestmark = pytest.mark.since("3.11.1")


@pytest.fixture
def given_logged_model(client, experiment):
    def build(name="model", **rest):
        return client.create_logged_model(experiment.experiment_id, name=name, **rest)

    return build


def found(client, experiment, **query):
    return [model.name for model in client.search_logged_models([experiment.experiment_id], **query)]


def test_a_new_model_is_pending_and_answered_as_created(client, experiment, given_logged_model, run_id):
    made = given_logged_model("m", source_run_id=run_id, tags={"a": "1"}, params={"p": "ü"}, model_type="agent")
    model = client.get_logged_model(made.model_id)
    assert (model.name, model.status, model.model_type) == ("m", "PENDING", "agent")
    assert (model.experiment_id, model.source_run_id) == (experiment.experiment_id, run_id)
    assert (model.params, model.tags["a"]) == ({"p": "ü"}, "1")
    assert model.artifact_location.endswith(f"/models/{model.model_id}/artifacts")


@pytest.mark.parametrize("status", ["READY", "FAILED"])
def test_a_model_is_finalized(client, given_logged_model, status):
    model_id = given_logged_model().model_id
    assert client.finalize_logged_model(model_id, status).status == status
    assert client.get_logged_model(model_id).status == status


def test_tags_are_set_and_deleted(client, given_logged_model, refused):
    model_id = given_logged_model(tags={"keep": "1"}).model_id
    client.set_logged_model_tags(model_id, {"a": "1", "keep": "2"})
    client.delete_logged_model_tag(model_id, "a")
    tags = client.get_logged_model(model_id).tags
    assert tags["keep"] == "2" and "a" not in tags
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_logged_model_tag(model_id, "a")


def test_params_are_added(client, given_logged_model):
    model_id = given_logged_model(params={"a": "1"}).model_id
    client.log_model_params(model_id, {"b": "2"})
    assert client.get_logged_model(model_id).params == {"a": "1", "b": "2"}


def test_a_metric_of_a_model_is_seen_on_the_model(client, given_logged_model, run_id):
    model_id = given_logged_model().model_id
    client.log_metric(run_id, "acc", 0.5, timestamp=10, step=1, model_id=model_id)
    (metric,) = client.get_logged_model(model_id).metrics
    assert (metric.key, metric.value, metric.run_id, metric.model_id) == ("acc", 0.5, run_id, model_id)


def test_a_deleted_model_is_not_found(client, experiment, given_logged_model, refused):
    model_id = given_logged_model().model_id
    client.delete_logged_model(model_id)
    with refused("RESOURCE_DOES_NOT_EXIST", model_id):
        client.get_logged_model(model_id)
    assert found(client, experiment) == []


def test_a_search_filters_and_orders(client, experiment, given_logged_model, run_id):
    for name, kind, acc in (("a", "x", 0.1), ("b", "y", 0.9), ("c", "y", 0.5)):
        made = given_logged_model(name, tags={"kind": kind}, params={"p": name})
        client.log_metric(run_id, "acc", acc, timestamp=1, step=0, model_id=made.model_id)
    by_metric = [{"field_name": "metrics.acc", "ascending": False}]
    assert found(client, experiment, filter_string="name = 'b'") == ["b"]
    assert found(client, experiment, filter_string="tags.kind = 'y'", order_by=by_metric) == ["b", "c"]
    assert found(client, experiment, filter_string="params.p != 'a' AND metrics.acc < 0.6") == ["c"]
    assert found(client, experiment, order_by=by_metric) == ["b", "c", "a"]


def test_a_search_pages_without_gap_or_repeat(client, experiment, given_logged_model):
    for name in "abcde":
        given_logged_model(name)
    seen, token = [], None
    for _page in range(5):
        page = client.search_logged_models(
            [experiment.experiment_id], max_results=2, order_by=[{"field_name": "name"}], page_token=token
        )
        seen += [model.name for model in page]
        token = page.token
        if not token:
            break
    assert seen == list("abcde")


def test_a_model_is_the_output_of_its_run(client, experiment):
    model = mlflow.initialize_logged_model(name="agent")
    mlflow.finalize_logged_model(model.model_id, "READY")
    with mlflow.start_run() as run:
        from mlflow.entities import LoggedModelInput, LoggedModelOutput

        client.log_outputs(run.info.run_id, [LoggedModelOutput(model.model_id, step=3)])
        client.log_inputs(run.info.run_id, models=[LoggedModelInput(model.model_id)])
    stored = client.get_run(run.info.run_id)
    assert [(output.model_id, output.step) for output in stored.outputs.model_outputs] == [(model.model_id, 3)]
    assert [entry.model_id for entry in stored.inputs.model_inputs] == [model.model_id]


def test_files_of_a_model_are_listed(client, given_logged_model, tmp_path):
    model_id = given_logged_model().model_id
    (tmp_path / "a.txt").write_text("123")
    client.log_model_artifact(model_id, str(tmp_path / "a.txt"))
    listed = client.list_logged_model_artifacts(model_id)
    assert [(entry.path, entry.file_size) for entry in listed] == [("a.txt", 3)]


def test_a_model_becomes_a_registered_version(client, experiment, unique, tmp_path):
    model = mlflow.initialize_logged_model(name="m")
    (tmp_path / "MLmodel").write_text(f"model_id: {model.model_id}\n")
    client.log_model_artifacts(model.model_id, str(tmp_path))
    mlflow.finalize_logged_model(model.model_id, "READY")
    version = mlflow.register_model(f"models:/{model.model_id}", unique)
    assert (str(version.version), version.source) == ("1", f"models:/{model.model_id}")
    assert "mlflow.modelVersions" in client.get_logged_model(model.model_id).tags
