"""Metrics: the latest value, the history and the numbers that are not numbers."""

import math

import pytest
from mlflow.entities import Metric

LARGEST = 1.7976931348623157e308


def history(client, run_id, key="loss"):
    return [(point.value, point.timestamp, point.step) for point in client.get_metric_history(run_id, key)]


def test_the_history_is_ordered_by_time_then_step(client, run_id):
    for value, timestamp, step in [(0.3, 30, 1), (0.1, 10, 5), (0.2, 10, 2)]:
        client.log_metric(run_id, "loss", value, timestamp, step)
    assert sorted(history(client, run_id)) == [(0.1, 10, 5), (0.2, 10, 2), (0.3, 30, 1)]


def test_the_latest_value_is_that_of_the_greatest_step(client, run_id):
    client.log_metric(run_id, "loss", 0.5, timestamp=10, step=2)
    client.log_metric(run_id, "loss", 0.9, timestamp=99, step=1)
    assert client.get_run(run_id).data.metrics == {"loss": 0.5}


def test_steps_may_be_negative(client, run_id):
    client.log_metric(run_id, "loss", 1.0, timestamp=1, step=-3)
    assert history(client, run_id) == [(1.0, 1, -3)]


def test_the_same_point_is_kept_once(client, run_id):
    for _ in range(2):
        client.log_batch(run_id, metrics=[Metric("loss", 0.5, 10, 1), Metric("loss", 0.5, 10, 1)])
    assert history(client, run_id) == [(0.5, 10, 1)]


def test_an_unlogged_metric_has_no_history(client, run_id):
    assert history(client, run_id, "nothing") == []


def test_nan_survives(client, run_id):
    client.log_metric(run_id, "loss", math.nan, timestamp=1, step=0)
    assert math.isnan(client.get_run(run_id).data.metrics["loss"])
    assert math.isnan(history(client, run_id)[0][0])


@pytest.mark.parametrize(("logged", "answered"), [(math.inf, LARGEST), (-math.inf, -LARGEST), (1e-320, 1e-320)])
def test_infinity_becomes_the_largest_number(client, run_id, logged, answered):
    client.log_metric(run_id, "loss", logged, timestamp=1, step=0)
    assert client.get_run(run_id).data.metrics["loss"] == answered


def test_numbers_keep_every_digit(client, run_id):
    values = [0.1 + 0.2, 1 / 3, 1e300, 5e-324, -2.5, 123456789.123456789]
    client.log_batch(run_id, metrics=[Metric("loss", value, 1, step) for step, value in enumerate(values)])
    assert [point[0] for point in sorted(history(client, run_id), key=lambda p: p[2])] == values


def test_a_history_of_several_thousand_points_is_whole(client, run_id):
    for start in range(0, 3000, 1000):
        client.log_batch(run_id, metrics=[Metric("loss", i / 2, i, i) for i in range(start, start + 1000)])
    assert sorted(history(client, run_id), key=lambda p: p[2]) == [(i / 2, i, i) for i in range(3000)]


@pytest.mark.long
def test_a_history_longer_than_a_page_is_whole(client, run_id):
    for start in range(0, 60_000, 1000):
        client.log_batch(run_id, metrics=[Metric("loss", i, i, i) for i in range(start, start + 1000)])
    assert len(history(client, run_id)) == 60_000
