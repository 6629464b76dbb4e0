"""Runs in every status and stage, with params, tags, parents and files."""

from __future__ import annotations

from typing import Any

from .store import START, Store
from .values import KEYS, VALUES, limit, long_text

STATUSES = ("FINISHED", "FAILED", "KILLED", "RUNNING", "SCHEDULED")
ENDED = STATUSES[:3]
HOUR = 3_600_000
PARENT = "mlflow.parentRunId"


def make_runs(store: Store, experiments: dict[str, str]) -> dict[str, str]:
    """Run ids by name."""
    runs = {}
    for status in STATUSES:
        for deleted in (False, True):
            name = f"{status.lower()}{', deleted' * deleted}"
            runs[name] = make_run(store, experiments["main"], name, status)
            if deleted:
                delete(store, runs[name])
    runs |= _in_other_experiments(store, experiments)
    runs |= _nested(store, experiments["main"])
    runs["params"] = make_run(store, experiments["main"], "params", params=_params())
    runs["tags"] = make_run(store, experiments["main"], "tags", tags=_tags())
    _try_every_key(store, make_run(store, experiments["main"], "keys"))
    _change(store, make_run(store, experiments["main"], "changed"))
    runs["files"] = make_run(store, experiments["main"], "files")
    _write_files(store, runs["files"])
    return runs


def make_run(
    store: Store,
    experiment: str,
    name: str,
    status: str = "FINISHED",
    tags: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
) -> str:
    start = START + store.made["runs"] * HOUR
    everything = {"mlflow.user": "somebody", "mlflow.source.type": "LOCAL", **(tags or {})}
    run = store.client.create_run(experiment, start_time=start, tags=everything, run_name=name).info.run_id
    for key, value in (params or {}).items():
        store.attempt("params", key[:40], store.client.log_param, run, key, value)
    if status in ENDED:
        store.client.set_terminated(run, status, start + HOUR - 1)
    elif status != "RUNNING":
        store.client.update_run(run, status)
    store.add("run tags", count=len(everything))
    return store.add("runs", run)


def delete(store: Store, run: str) -> None:
    store.add("deleted runs", store.client.delete_run(run))


def _in_other_experiments(store: Store, experiments: dict[str, str]) -> dict[str, str]:
    runs = {}
    for use in ("unicode", "deleted", "restored"):
        for number in range(3):
            name = f"{use} {number}"
            runs[name] = make_run(store, experiments[use], name, params={"number": str(number)})
    delete(store, runs["deleted 2"])
    runs["in the default experiment"] = make_run(store, "0", "in the default experiment")
    return runs


def _nested(store: Store, experiment: str) -> dict[str, str]:
    parent = make_run(store, experiment, "parent")
    child = make_run(store, experiment, "child", tags={PARENT: parent})
    make_run(store, experiment, "grandchild", tags={PARENT: child})
    lost = make_run(store, experiment, "parent, deleted")
    make_run(store, experiment, "child of a deleted parent", tags={PARENT: lost})
    make_run(store, experiment, "child of nobody", tags={PARENT: "0" * 32})
    delete(store, lost)
    return {"parent": parent, "child": child}


def _params() -> dict[str, str]:
    values = {f"value {what}": value for what, value in VALUES.items()}
    return {**values, "longest": long_text(limit("MAX_PARAM_VAL_LENGTH", 250)), "number": "5"}


def _tags() -> dict[str, str]:
    values = {f"value {what}": value for what, value in VALUES.items()}
    git = {"mlflow.source.git.commit": "a" * 40, "mlflow.source.name": "train.py", "mlflow.source.type": "PROJECT"}
    return {**values, **git, "mlflow.note.content": "a *note*", "longest": long_text(limit("MAX_TAG_VAL_LENGTH", 5000))}


def _try_every_key(store: Store, run: str) -> None:
    for what, key in KEYS.items():
        store.attempt("params", f"key: {what}", store.client.log_param, run, key, what)
        store.attempt("run tags", f"key: {what}", store.client.set_tag, run, key, what)
        metric: dict[str, Any] = {"timestamp": START, "step": 1}
        store.attempt("metric points", f"key: {what}", store.client.log_metric, run, key, 1.5, **metric)


def _change(store: Store, run: str) -> None:
    """What was written more than once: a tag, a name, a status; and a tag that is gone."""
    client = store.client
    for value in ("first", "second"):
        client.set_tag(run, "twice", value)
    client.set_tag(run, "gone", "soon")
    client.delete_tag(run, "gone")
    client.update_run(run, name="renamed: größe")
    client.delete_run(run)
    client.restore_run(run)


def _write_files(store: Store, run: str) -> None:
    files = {"note.txt": "hello\n", "plots/loss.json": "[1, 2]", "plots/deep/er.txt": "x", "größe 模型.txt": "unicode"}
    for path, text in files.items():
        store.attempt("files", path, store.client.log_text, run, text, path)
    store.client.log_dict(run, {"a": 1}, "config.json")
    store.add("files")
