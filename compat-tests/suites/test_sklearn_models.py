"""scikit-learn models: trained, logged, registered and loaded again."""

import mlflow
import mlflow.sklearn
import numpy
import pytest
from sklearn.linear_model import LogisticRegression

FEATURES = numpy.array([[0.0, 1.0], [1.0, 0.0], [0.2, 0.9], [0.9, 0.1]] * 5)
LABELS = numpy.array([0, 1, 0, 1] * 5)

# Newer clients ask about pickles and look at what was imported; neither is what these tests are about.
LOG = {"pip_requirements": ["scikit-learn"]}
NEEDS_PICKLE_CHOICE = tuple(int(part) for part in mlflow.__version__.split(".")[:2]) >= (3, 11)
if NEEDS_PICKLE_CHOICE:
    LOG["serialization_format"] = "cloudpickle"


@pytest.fixture(scope="module")
def fitted():
    return LogisticRegression(max_iter=50).fit(FEATURES, LABELS)


def log_model(model, **rest):
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(model, "model", **LOG, **rest)
    return run.info.run_id


def assert_predicts(loaded):
    assert loaded.predict(FEATURES).tolist() == LABELS.tolist()


def test_a_logged_model_is_loaded_from_its_run(experiment, fitted):
    uri = f"runs:/{log_model(fitted)}/model"
    assert_predicts(mlflow.sklearn.load_model(uri))
    assert_predicts(mlflow.pyfunc.load_model(uri))


def test_a_model_registered_while_logging_is_version_one(client, experiment, fitted, unique):
    run_id = log_model(fitted, registered_model_name=unique)
    version = client.get_model_version(unique, "1")
    assert (version.status, version.run_id) == ("READY", run_id)
    assert_predicts(mlflow.sklearn.load_model(f"models:/{unique}/1"))


def test_register_model_makes_version_after_version(experiment, fitted, unique):
    uri = f"runs:/{log_model(fitted)}/model"
    assert [str(mlflow.register_model(uri, unique).version) for _ in range(2)] == ["1", "2"]
    assert_predicts(mlflow.pyfunc.load_model(f"models:/{unique}/2"))


def test_a_model_is_loaded_by_stage_and_as_latest(client, experiment, fitted, unique):
    log_model(fitted, registered_model_name=unique)
    client.transition_model_version_stage(unique, "1", "Production")
    assert_predicts(mlflow.sklearn.load_model(f"models:/{unique}/Production"))
    assert_predicts(mlflow.pyfunc.load_model(f"models:/{unique}/latest"))


@pytest.mark.since("2.22.5")
def test_a_model_is_loaded_by_alias_and_from_a_copy(client, experiment, fitted, unique):
    log_model(fitted, registered_model_name=unique)
    client.set_registered_model_alias(unique, "champion", "1")
    assert_predicts(mlflow.sklearn.load_model(f"models:/{unique}@champion"))
    client.copy_model_version(f"models:/{unique}@champion", f"{unique}-copy")
    assert_predicts(mlflow.pyfunc.load_model(f"models:/{unique}-copy/1"))


@pytest.mark.since("3.11.1")
def test_a_logged_model_is_loaded_by_its_id(experiment, fitted):
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(fitted, name="classifier", **LOG)
    assert_predicts(mlflow.sklearn.load_model(f"models:/{info.model_id}"))
    assert mlflow.get_logged_model(info.model_id).status == "READY"


def test_a_model_has_its_files_in_the_run(client, experiment, fitted):
    run_id = log_model(fitted)
    assert {"model/MLmodel", "model/model.pkl"} <= {e.path for e in client.list_artifacts(run_id, "model")}


def test_autologging_records_a_training(client, experiment):
    mlflow.sklearn.autolog(log_input_examples=False)
    try:
        with mlflow.start_run() as run:
            LogisticRegression(max_iter=50, C=0.5).fit(FEATURES, LABELS)
    finally:
        mlflow.sklearn.autolog(disable=True)
    data = client.get_run(run.info.run_id).data
    assert {"C": "0.5", "max_iter": "50"}.items() <= data.params.items()
    assert data.metrics["training_accuracy_score"] == 1.0
    assert data.tags["estimator_name"] == "LogisticRegression"
    assert_predicts(mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model"))
