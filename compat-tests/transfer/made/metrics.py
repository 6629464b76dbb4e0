"""Metrics: every kind of number, and histories in every order."""

from __future__ import annotations

import math
import random

from mlflow.entities import Metric

from .runs import make_run
from .store import START, Store

A_BATCH = 1000
TIMES_BELOW = 10_000_000

NUMBERS = {
    "nan": math.nan,
    "plus infinity": math.inf,
    "minus infinity": -math.inf,
    "zero": 0.0,
    "minus zero": -0.0,
    "largest": 1.7976931348623157e308,
    "smallest": 2.2250738585072014e-308,
    "subnormal": 5e-324,
    "not exact": 0.1 + 0.2,
    "a whole number": 9007199254740993.0,
    "negative": -123456.789,
}

# Value, timestamp after START, step.
HISTORIES = {
    "repeated": [(1.0, 0, 0), (1.0, 0, 0), (2.0, 1, 1), (1.0, 0, 0)],
    "at one step": [(3.0, 5, 1), (1.0, 7, 1), (2.0, 6, 1)],
    "at one step and time": [(3.0, 5, 1), (7.0, 5, 1), (5.0, 5, 1)],
    "out of order": [(0.5, 0, 5), (0.9, 1, 1), (0.7, 2, 3), (0.8, 3, 2)],
    "negative steps": [(1.0, 0, -5), (2.0, 1, -1), (3.0, 2, -(10**12))],
    "large steps": [(1.0, 0, 10**12), (2.0, 1, 2**53 + 1)],
    "back in time": [(1.0, 9, 0), (2.0, 5, 1), (3.0, 1, 2)],
    "ends in nan": [(1.0, 0, 0), (math.nan, 1, 1)],
    "nan before": [(math.nan, 0, 0), (1.0, 1, 1)],
    "nan and a number at once": [(math.nan, 5, 1), (1.0, 5, 1)],
    "nan twice": [(math.nan, 0, 0), (math.nan, 0, 0), (math.nan, 1, 0)],
    "infinite at once": [(math.inf, 5, 1), (-math.inf, 5, 1)],
    "val/loss/total": [(0.25, 0, 0), (0.125, 1, 1)],
    "time zero": [(1.0, -START, 0), (2.0, 1 - START, 1)],
}


def make_metrics(store: Store, experiments: dict[str, str]) -> None:
    experiment = experiments["main"]
    run = make_run(store, experiment, "numbers")
    for what, value in NUMBERS.items():
        store.attempt("metric points", what, store.client.log_metric, run, what, value, START, 1)
    run = make_run(store, experiment, "histories", "RUNNING")
    for key, points in HISTORIES.items():
        for value, after, step in points:
            store.attempt("metric points", key, store.client.log_metric, run, key, value, START + after, step)
    _make_batches(store, make_run(store, experiment, "batches"))
    _make_long_history(store, make_run(store, experiment, "a long history", "RUNNING"))


def _make_batches(store: Store, run: str) -> None:
    """Many metrics, logged together at each step, in a shuffled order and with repetitions."""
    chance = random.Random(1)
    points = [
        Metric(f"layer.{n}/weight", chance.gauss(0, 1), START + step, step) for n in range(50) for step in range(10)
    ]
    chance.shuffle(points)
    store.client.log_batch(run, metrics=points + points[:100])
    store.client.log_batch(run, metrics=points[200:300])
    store.add("metric points", count=len(points))


def _make_long_history(store: Store, run: str) -> None:
    chance = random.Random(2)
    for first in range(0, store.points, A_BATCH):
        steps = range(first, min(first + A_BATCH, store.points))
        points = [Metric("loss", chance.random(), START + step % TIMES_BELOW, step) for step in steps]
        store.client.log_batch(run, metrics=points)
    store.add("metric points", count=store.points)
