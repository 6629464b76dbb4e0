"""Builders: each says only what matters to the test and makes up the rest."""

import contextlib

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient


@pytest.fixture(autouse=True)
def no_run_is_left_open():
    yield
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def client(server):
    return MlflowClient(tracking_uri=server, registry_uri=server)


@pytest.fixture
def experiment(unique):
    """A fresh experiment, which is also the one the fluent API writes to."""
    return mlflow.set_experiment(f"experiment {unique}")


@pytest.fixture
def given_run(client, experiment):
    """`given_run(name=.., tags=..)` makes a run and answers it."""

    def build(name=None, tags=None, start_time=None, experiment_id=experiment.experiment_id):
        tags = {**(tags or {}), **({"mlflow.runName": name} if name else {})}
        return client.create_run(experiment_id, start_time=start_time, tags=tags)

    return build


@pytest.fixture
def run_id(given_run):
    return given_run().info.run_id


@pytest.fixture
def given_model(client, unique):
    """`given_model()` registers a model and answers its name."""

    def build(suffix="model", **rest):
        return client.create_registered_model(f"{unique}-{suffix}", **rest).name

    return build


@pytest.fixture
def model(given_model):
    return given_model()


@pytest.fixture
def given_version(client, run_id):
    """`given_version(name)` adds a version whose files would be in the test's run."""

    def build(name, run_id=run_id, **rest):
        source = f"{client.get_run(run_id).info.artifact_uri}/model"
        return client.create_model_version(name, source, run_id, **rest)

    return build


@pytest.fixture
def refused():
    """`with refused(code, fragment):` expects the client to raise exactly that."""

    @contextlib.contextmanager
    def expect(error_code, fragment=""):
        with pytest.raises(MlflowException) as caught:
            yield caught
        assert caught.value.error_code == error_code
        assert fragment in str(caught.value)

    return expect
