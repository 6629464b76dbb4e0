"""Datasets, and the runs that used them."""

from __future__ import annotations

from .runs import make_run
from .store import Store
from .values import long_text


def make_inputs(store: Store, experiments: dict[str, str]) -> None:
    if not store.has("log_inputs"):
        return
    run = make_run(store, experiments["main"], "inputs")
    _log(
        store,
        run,
        _dataset("train", "d1", '{"columns": ["größe"]}', '{"rows": 3}'),
        {"mlflow.data.context": "training"},
    )
    _log(store, run, _dataset("train", "d2", None, None), {})
    _log(
        store,
        run,
        _dataset("模型 data", "d3", long_text(10_000), None),
        {"a tag": "", "größe": "模型 🚀", "k": "v" * 500},
    )
    again = make_run(store, experiments["main"], "the same inputs")
    _log(
        store, again, _dataset("train", "d1", '{"columns": ["größe"]}', '{"rows": 3}'), {"mlflow.data.context": "eval"}
    )
    _log(store, again, _dataset("train", "d1", '{"columns": ["größe"]}', '{"rows": 3}'), {"another": "tag"})
    elsewhere = make_run(store, experiments["unicode"], "inputs elsewhere")
    _log(store, elsewhere, _dataset("train", "d1", None, '{"rows": 4}'), {})


def _dataset(name: str, digest: str, schema: str | None, profile: str | None):
    from mlflow.entities import Dataset

    source = '{"uri": "s3://bucket/%s"}' % name
    return Dataset(name=name, digest=digest, source_type="s3", source=source, schema=schema, profile=profile)


def _log(store: Store, run: str, dataset, tags: dict[str, str]) -> None:
    from mlflow.entities import DatasetInput, InputTag

    used = DatasetInput(dataset, [InputTag(key, value) for key, value in tags.items()])
    store.attempt("dataset inputs", f"{dataset.name} {dataset.digest}", store.client.log_inputs, run, [used])
