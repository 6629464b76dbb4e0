"""Logged models: in every state, with params, tags, metrics, and runs that used or made them."""

from __future__ import annotations

from .runs import make_run
from .store import START, Store
from .values import VALUES, long_text


def make_logged_models(store: Store, experiments: dict[str, str]) -> list[str]:
    """Ids of those that are ready."""
    if not store.has("create_logged_model"):
        return []
    experiment = experiments["main"]
    run = make_run(store, experiment, "makes models")
    whole = _make(store, experiment, "whole", run, _tags(), _params(), "agent", "READY")
    ready = [whole, _make(store, experiment, "whole", None, None, None, None, "READY")]
    _make(store, experiment, "größe 模型", run, {"a": "b"}, None, "", "FAILED")
    _make(store, experiment, "pending", run, None, {"p": "1"}, None, None)
    _make(store, experiments["deleted"], "in a deleted experiment", None, {"a": "b"}, None, None, "READY")
    deleted = _make(store, experiment, "deleted", run, {"a": "b"}, {"p": "1"}, None, "READY")
    _measure(store, run, whole)
    _connect(store, run, make_run(store, experiment, "uses models"), ready)
    store.client.set_logged_model_tags(whole, {"set later": "é", "tag unicode": "changed"})
    store.client.delete_logged_model_tag(whole, "tag json")
    store.attempt("model params logged later", "", store.client.log_model_params, whole, {"later": "1"})
    store.attempt("deleted logged models", "", store.client.delete_logged_model, deleted)
    return ready


def _make(
    store: Store, experiment: str, name: str, run: str | None, tags, params, kind: str | None, end: str | None
) -> str:
    model = store.client.create_logged_model(experiment, name, run, tags, params, kind).model_id
    if end:
        store.client.finalize_logged_model(model, end)
    return store.add("logged models", model)


def _tags() -> dict[str, str]:
    return {f"tag {what}": value for what, value in VALUES.items()}


def _params() -> dict[str, str]:
    return {**{f"param {what}": value for what, value in VALUES.items()}, "longest": long_text(5000)}


def _measure(store: Store, run: str, model: str) -> None:
    """Points that belong to the run and to the model, some also to a dataset."""
    for step, value in enumerate((0.5, float("nan"), -1.5)):
        store.client.log_metric(run, "accuracy", value, START + step, step, model_id=model)
        store.client.log_metric(
            run, "f1/größe", value, START, step, dataset_name="train", dataset_digest="d1", model_id=model
        )
    store.client.log_metric(run, "without a model", 1.0, START, 0)
    store.add("logged model metric points", count=6)
    store.add("metric points", count=7)


def _connect(store: Store, maker: str, user: str, models: list[str]) -> None:
    from mlflow.entities import LoggedModelInput, LoggedModelOutput

    outputs = [LoggedModelOutput(model, step) for step, model in enumerate(models)]
    inputs = [LoggedModelInput(model) for model in models]
    store.attempt("model outputs", "", store.client.log_outputs, maker, outputs)
    store.attempt("model inputs", "", store.client.log_inputs, user, models=inputs)
