"""`search_runs`: filters, orders and pages."""

import mlflow
import pytest
from mlflow.entities import Metric, Param, RunTag


@pytest.fixture
def three_runs(client, given_run):
    """Runs a, b and c, with a metric, a param and a tag each; c has no metric."""
    for start, (name, acc, depth) in enumerate([("a", 0.9, "3"), ("b", 0.7, "5"), ("c", None, "5")]):
        run_id = given_run(name=name, start_time=1000 + start).info.run_id
        metrics = [] if acc is None else [Metric("acc", acc, 1, 0), Metric("val loss", 1 - acc, 1, 0)]
        client.log_batch(run_id, metrics, [Param("depth", depth)], [RunTag("owner/team", name.upper())])
    client.set_terminated(run_id, "FINISHED", end_time=5000)


@pytest.fixture
def found(client, experiment, three_runs):
    def search(condition="", order_by=None, **rest):
        runs = client.search_runs([experiment.experiment_id], condition, order_by=order_by, **rest)
        return [run.data.tags["mlflow.runName"] for run in runs]

    return search


def test_the_newest_run_comes_first(found):
    assert found() == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("metrics.acc > 0.8", "a"),
        ("metrics.acc >= 0.7 and metrics.acc != 0.9", "b"),
        ('metrics."val loss" < 0.2', "a"),
        ("params.depth = '5'", "cb"),
        ("params.depth != '5'", "a"),
        ("parameters.depth LIKE '%'", "cba"),
        ("tags.`owner/team` = 'B'", "b"),
        ("tags.`owner/team` ILIKE 'b'", "b"),
        ("tags.`owner/team` LIKE 'b'", ""),
        ("attributes.status = 'FINISHED'", "c"),
        ("status != 'FINISHED'", "ba"),
        ("attributes.run_name = 'b'", "b"),
        ("run_name LIKE '_' and metrics.acc > 0", "ba"),
        ("start_time >= 1001", "cb"),
        ("end_time < 6000", "c"),
        ("params.depth = '5' AND metrics.acc > 0 AND tags.mlflow.runName = 'b'", "b"),
        ("metrics.unknown > 0", ""),
    ],
)
def test_a_filter_selects(found, condition, expected):
    assert found(condition) == list(expected)


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        (["metrics.acc ASC"], "bac"),
        (["metrics.acc DESC"], "abc"),
        (["params.depth DESC", "metrics.acc"], "bca"),
        (["attributes.start_time ASC"], "abc"),
        (["tags.`owner/team`"], "abc"),
        (["attribute.end_time DESC", "start_time"], "cab"),
        (["metrics.unknown DESC"], "cba"),
    ],
)
def test_an_order_sorts_with_missing_values_last(found, order_by, expected):
    assert found(order_by=order_by) == list(expected)


@pytest.mark.parametrize(
    "condition",
    ["metrics.acc = 'x'", "params.depth = 5", "nothing.x = 'y'", "lifecycle_stage = 'active'", "metrics.acc >", "x"],
)
def test_a_bad_filter_is_an_invalid_parameter(found, refused, condition):
    with refused("INVALID_PARAMETER_VALUE"):
        found(condition)


def test_a_bad_order_is_an_invalid_parameter(found, refused):
    with refused("INVALID_PARAMETER_VALUE"):
        found(order_by=["metrics.acc SIDEWAYS"])


def test_pages_have_no_gap_and_no_repeat(client, experiment, given_run):
    for start in range(1, 8):
        given_run(name=f"r{start}", start_time=start)
    seen, token = [], None
    for _page in range(4):
        page = client.search_runs([experiment.experiment_id], max_results=3, page_token=token)
        seen += [run.info.start_time for run in page]
        token = page.token
        if not token:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_too_many_results_are_refused(client, experiment, refused):
    with refused("INVALID_PARAMETER_VALUE", "max_results"):
        client.search_runs([experiment.experiment_id], max_results=50_001)


def test_runs_of_several_experiments_are_found_together(client, unique):
    homes = [client.create_experiment(f"{unique}-{i}") for i in range(3)]
    for home in homes:
        client.create_run(home)
    assert {run.info.experiment_id for run in client.search_runs(homes[:2])} == set(homes[:2])


def test_a_search_answers_a_data_frame(three_runs, experiment):
    frame = mlflow.search_runs([experiment.experiment_id], order_by=["metrics.acc DESC"])
    assert list(frame["tags.mlflow.runName"]) == ["a", "b", "c"]
    assert list(frame["params.depth"]) == ["3", "5", "5"]
    assert list(frame["metrics.acc"][:2]) == [0.9, 0.7]
    assert frame["metrics.acc"].isna().tolist() == [False, False, True]


def test_a_search_answers_a_list(three_runs, experiment):
    runs = mlflow.search_runs([experiment.experiment_id], "metrics.acc > 0.8", output_format="list")
    assert [run.data.params for run in runs] == [{"depth": "3"}]


def test_a_search_by_experiment_names(three_runs, experiment):
    assert len(mlflow.search_runs(experiment_names=[experiment.name])) == 3
