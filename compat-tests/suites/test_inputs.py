"""Dataset inputs of runs, for clients that have them."""

import pytest

pytestmark = pytest.mark.since("2.22.5")


@pytest.fixture
def given_dataset():
    from mlflow.entities import Dataset, DatasetInput, InputTag

    def build(name="train", digest="abc123", context="training"):
        dataset = Dataset(name, digest, "local", '{"uri": "/data"}', schema='{"a": 1}', profile='{"rows": 2}')
        return DatasetInput(dataset, [InputTag("mlflow.data.context", context)])

    return build


def inputs(client, run_id):
    return [(i.dataset.name, i.dataset.digest, i.tags[0].value) for i in client.get_run(run_id).inputs.dataset_inputs]


def test_an_input_is_answered_as_logged(client, run_id, given_dataset):
    client.log_inputs(run_id, [given_dataset()])
    (found,) = client.get_run(run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest, found.dataset.source_type) == ("train", "abc123", "local")
    assert (found.dataset.schema, found.dataset.profile) == ('{"a": 1}', '{"rows": 2}')
    assert {tag.key: tag.value for tag in found.tags} == {"mlflow.data.context": "training"}


def test_the_same_dataset_is_an_input_once(client, run_id, given_dataset):
    for context in ("training", "eval"):
        client.log_inputs(run_id, [given_dataset(context=context)])
    assert inputs(client, run_id) == [("train", "abc123", "training")]


def test_runs_are_found_by_their_datasets(client, experiment, given_run, given_dataset):
    first, second, _third = (given_run(start_time=start).info.run_id for start in (1, 2, 3))
    client.log_inputs(first, [given_dataset("train", "d1")])
    client.log_inputs(second, [given_dataset("train", "d2", "eval"), given_dataset("other", "d3")])

    def found(condition):
        return [run.info.run_id for run in client.search_runs([experiment.experiment_id], condition)]

    assert found("dataset.name = 'train'") == [second, first]
    assert found("dataset.digest = 'd1'") == [first]
    assert found("dataset.context IN ('eval')") == [second]
    assert found("datasets.name LIKE 'oth%' AND dataset.digest = 'd3'") == [second]


def test_a_data_frame_is_logged_as_input(client, experiment):
    import mlflow
    import pandas

    data = mlflow.data.from_pandas(pandas.DataFrame({"a": [1, 2]}), source="/data/a.csv", name="frame")
    with mlflow.start_run() as run:
        mlflow.log_input(data, context="training")
    (found,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest) == ("frame", data.digest)
