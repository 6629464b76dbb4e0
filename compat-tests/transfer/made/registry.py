"""Registered models and prompts with their versions, stages, tags and aliases."""

from __future__ import annotations

from .store import Store
from .values import VALUES, limit, long_text

STAGES = ("None", "Staging", "Production", "Archived")
NAMES = ("with.dots and spaces", "größe 模型 🚀", 'it\'s "quoted" 100%', "with/slash", "with:colon", "WHOLE", "x" * 250)


def make_registry(store: Store, runs: dict[str, str], logged_models: list[str]) -> None:
    if (
        store.attempt("registered models", "whole", store.client.create_registered_model, "whole", _tags(), "all of it")
        is None
    ):
        return
    for key, value in _long_tags().items():
        store.attempt("registered model tags", key, store.client.set_registered_model_tag, "whole", key, value)
    _make_versions(store, runs)
    _make_links(store, runs, logged_models)
    _make_aliases(store)
    for name in NAMES:
        if store.attempt("registered models", name[:40], store.client.create_registered_model, name):
            _version(store, name, runs["files"])
    store.add("registered models", store.client.create_registered_model("without versions", description=""))
    _rename(store, runs)
    _delete(store, runs)


def make_prompts(store: Store) -> None:
    if not store.has("register_prompt"):
        return
    for name, template in (
        ("greeting", "Hello {{name}}"),
        ("greeting", "Hi {{name}}: größe 模型"),
        ("other.prompt", "x"),
    ):
        store.attempt("prompt versions", name, store.client.register_prompt, name, template, "why", tags={"lang": "en"})
    store.attempt("prompt aliases", "", store.client.set_prompt_alias, "greeting", "production", 1)
    if store.has("set_prompt_version_tag"):
        store.attempt("prompt version tags", "", store.client.set_prompt_version_tag, "greeting", "2", "k", "v")
    store.attempt("chat prompts", "", store.client.register_prompt, "chat", [{"role": "user", "content": "{{q}}"}])


def _tags() -> dict[str, str]:
    return {f"tag {what}": value for what, value in VALUES.items()}


def _long_tags() -> dict[str, str]:
    """MySQL's column is shorter than the limit of newer versions."""
    return {"long": long_text(5000), "longest": long_text(limit("MAX_MODEL_REGISTRY_TAG_VALUE_LENGTH", 5000))}


def _version(store: Store, name: str, run: str | None, **rest) -> str:
    source = store.client.get_run(run).info.artifact_uri + "/model" if run else "s3://bucket/model"
    made = store.client.create_model_version(name, source, run, await_creation_for=0, **rest)
    return store.add("model versions", str(made.version))


def _make_versions(store: Store, runs: dict[str, str]) -> None:
    """Two versions in every stage."""
    for number, stage in enumerate(STAGES * 2):
        version = _version(store, "whole", runs["files"], tags={"number": str(number)}, description=f"größe {number}")
        if stage != "None":
            store.attempt("stages", stage, store.client.transition_model_version_stage, "whole", version, stage)
    for key, value in {**_tags(), **_long_tags()}.items():
        store.attempt("model version tags", key, store.client.set_model_version_tag, "whole", "1", key, value)
    store.client.delete_model_version_tag("whole", "2", "number")
    store.client.update_model_version("whole", "2", description="changed\nlater")


def _make_links(store: Store, runs: dict[str, str], logged_models: list[str]) -> None:
    """Versions without a run, with a link, of deleted runs and of logged models."""
    _version(store, "whole", None, run_link="https://example.com/#/experiments/1/runs/2")
    _version(store, "whole", runs["failed, deleted"])
    for model in logged_models:
        store.attempt(
            "model versions", "of a logged model",
            store.client.create_model_version, "whole", f"models:/{model}", await_creation_for=0, model_id=model,
        )  # fmt: skip


def _make_aliases(store: Store) -> None:
    if not store.has("set_registered_model_alias"):
        return
    for alias, version in (
        ("champion", "1"),
        ("größe", "1"),
        ("Challenger_2-x", "3"),
        ("moved", "2"),
        ("gone", "2"),
        ("moved", "4"),
    ):
        store.attempt("aliases", alias, store.client.set_registered_model_alias, "whole", alias, version)
    store.client.delete_registered_model_alias("whole", "gone")


def _rename(store: Store, runs: dict[str, str]) -> None:
    for number, tags in enumerate((None, {"k": "v"})):
        before, after = f"before {number}", f"after {number}"
        store.add("registered models", store.client.create_registered_model(before, tags, "renamed"))
        _version(store, before, runs["files"], tags=tags)
        if store.has("set_registered_model_alias"):
            store.attempt("aliases", "of a renamed model", store.client.set_registered_model_alias, before, "best", "1")
        store.attempt("renamed models", f"with tags {tags}", store.client.rename_registered_model, before, after)


def _delete(store: Store, runs: dict[str, str]) -> None:
    """Gaps in the middle and at the end, a model whose versions are all gone, and one that is gone itself."""
    for name, versions, deleted in (("gaps", 4, "2"), ("last deleted", 3, "3"), ("all deleted", 2, "12")):
        store.add("registered models", store.client.create_registered_model(name))
        for _ in range(versions):
            _version(store, name, runs["files"], tags={"k": "v"})
        for version in deleted:
            store.add("deleted model versions", store.client.delete_model_version(name, version))
    store.client.create_registered_model("deleted")
    _version(store, "deleted", runs["files"])
    store.add("deleted registered models", store.client.delete_registered_model("deleted"))
