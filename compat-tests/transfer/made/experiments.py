"""Experiments: active and deleted, with tags and with names of every kind."""

from __future__ import annotations

from .store import Store
from .values import VALUES, limit, long_text

NAMES = {
    "main": "main",
    "empty": "nothing in here",
    "unicode": "größte 模型 🚀",
    "quotes": """it's "quoted" 100% \\ _""",
    "slashes": "/Users/someone@example.com/notebook",
    "upper case": "MAIN",
    "deleted": "deleted, with runs",
    "deleted and empty": "deleted, without runs",
    "restored": "deleted and restored",
}


def make_experiments(store: Store) -> dict[str, str]:
    """Ids by what they are for; those called `deleted` are still active, so that runs can be made in them."""
    ids = {}
    for number, (use, name) in enumerate(NAMES.items()):
        location = f"{store.artifacts}/{number + 1}" if store.artifacts else None
        made = store.attempt("experiments", name, store.client.create_experiment, name, location)
        if made is not None:
            ids[use] = made
    _tag(store, ids["main"])
    store.client.rename_experiment(ids["empty"], "renamed, nothing in here")
    store.client.delete_experiment(ids["restored"])
    store.client.restore_experiment(ids["restored"])
    return ids


def delete_experiments(store: Store, ids: dict[str, str]) -> None:
    for use in ("deleted", "deleted and empty"):
        store.add("deleted experiments", store.client.delete_experiment(ids[use]))


def _tag(store: Store, experiment: str) -> None:
    tags = {f"tag {what}": value for what, value in VALUES.items()}
    tags["mlflow.note.content"] = "# What this is\n\nA *note*."
    tags["longest"] = long_text(limit("MAX_EXPERIMENT_TAG_VAL_LENGTH", 5000))
    tags["team/größe.x"] = "slashes"
    for key, value in tags.items():
        store.attempt("experiment tags", key, store.client.set_experiment_tag, experiment, key, value)
    store.client.set_experiment_tag(experiment, "tag unicode", "set a second time")
