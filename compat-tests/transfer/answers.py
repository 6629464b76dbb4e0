#!/usr/bin/env python3
"""Everything that a server answers about what it has, as one dict, so that two servers can be held side by side.

    answers.py URL              prints it as JSON
    answers.py URL URL          prints what the two answer differently, and fails if there is anything

Orders that MLflow leaves open are settled (lists become dicts by `key`, or are sorted); all else is kept exactly.
"""

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

try:
    from transfer.tolerated import NOT_THERE, tolerates
except ImportError:  # run as a script
    from tolerated import NOT_THERE, tolerates

PROMPTS = "tags.`mlflow.prompt.is_prompt` = 'true'"
A_PAGE = 50
A_PAGE_OF_POINTS = 10_000
RUNS_WITH_FILES = 5
SHOWN = 200

Path = tuple[str, ...]


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, response: requests.Response):
        super().__init__(f"{response.status_code} {response.url}: {response.text[:SHOWN]}")
        self.status = response.status_code
        # Of the years before MLflow knew logged models, and of its file store before it had a registry.
        self.means_unknown = self.status == 404 or "registry functionality is unavailable" in response.text


@dataclass
class Server:
    url: str
    session: requests.Session

    def get(self, path: str, /, **parameters: Any) -> dict:
        return self._answer(self.session.get(self._address(path), params=parameters, timeout=120))

    def post(self, path: str, /, **body: Any) -> dict:
        return self._answer(self.session.post(self._address(path), json=body, timeout=120))

    def look_up(self, path: str, /, **parameters: Any) -> dict:
        """One thing that a search has found. Not every version shows what it finds: a file store hides models of deleted
        experiments, and newer versions refuse names that older ones let in."""
        try:
            return self.get(path, **parameters)
        except Refused as refusal:
            return {"refused": refusal.status}

    def pages(self, method: str, path: str, field: str, /, **request: Any) -> Iterator[Any]:
        """All that is in `field` of every page."""
        while True:
            answer = getattr(self, method)(path, **request)
            yield from answer.get(field, [])
            if not answer.get("next_page_token"):
                return
            request["page_token"] = answer["next_page_token"]

    def _address(self, path: str) -> str:
        return f"{self.url.rstrip('/')}/api/2.0/mlflow/{path}"

    def _answer(self, response: requests.Response) -> dict:
        if response.status_code != 200:
            raise Refused(response)
        return response.json()


def everything(url: str) -> dict:
    server = Server(url, requests.Session())
    experiments = _experiments(server)
    searched = {id: _runs_of(server, id) for id in experiments}
    runs = {run["info"]["run_id"]: run for found in searched.values() for run in found}
    answers = {
        "experiments": experiments,
        "orders of runs": {id: ", ".join(run["info"]["run_id"] for run in found) for id, found in searched.items()},
        "runs": {id: {"found": run, "asked": server.look_up("runs/get", run_id=id)} for id, run in runs.items()},
        "histories": {id: _histories(server, run) for id, run in runs.items()},
        "logged models": _logged_models(server, list(experiments)),
        "files": {id: _files(server, id, "") for id in _some_with_files(runs)},
        **_registry(server),
    }
    return {part: {id: settled(answer) for id, answer in answers[part].items()} for part in answers}


def _experiments(server: Server) -> dict:
    found = server.pages("post", "experiments/search", "experiments", view_type="ALL", max_results=A_PAGE)
    by_id = {experiment["experiment_id"]: experiment for experiment in found}
    return {
        id: {"found": one, "asked": server.look_up("experiments/get", experiment_id=id)} for id, one in by_id.items()
    }


def _runs_of(server: Server, experiment: str) -> list[dict]:
    request = {"experiment_ids": [experiment], "run_view_type": "ALL", "max_results": A_PAGE}
    return list(server.pages("post", "runs/search", "runs", **request))


def _histories(server: Server, run: dict) -> dict:
    keys = [metric["key"] for metric in run["data"].get("metrics", [])]
    return {key: _history(server, run["info"]["run_id"], key) for key in keys}


def _history(server: Server, run: str, key: str) -> dict:
    """How often each point is there. File stores of 3.x repeat the run that was asked for in each."""
    request = {"run_id": run, "metric_key": key, "max_results": A_PAGE_OF_POINTS}
    points = server.pages("get", "metrics/get-history", "metrics", **request)
    points = [{k: v for k, v in point.items() if (k, v) != ("run_id", run)} for point in points]
    return Counter(json.dumps(settled(point), sort_keys=True, ensure_ascii=False) for point in points)


def _logged_models(server: Server, experiments: list[str]) -> dict:
    request = {"experiment_ids": experiments, "max_results": A_PAGE}
    found = _if_known(server.pages("post", "logged-models/search", "models", **request))
    ids = {model["info"]["model_id"]: model for model in found}
    return {id: {"found": model, "asked": server.look_up(f"logged-models/{id}")} for id, model in ids.items()}


def _registry(server: Server) -> dict:
    models = [model for filter in ({}, {"filter": PROMPTS}) for model in _search(server, "registered-models", filter)]
    versions = [one for filter in ({}, {"filter": PROMPTS}) for one in _search(server, "model-versions", filter)]
    return {
        "registered models": {model["name"]: _model(server, model) for model in models},
        "model versions": {f"{one['name']} {one['version']}": _version(server, one) for one in versions},
    }


def _search(server: Server, what: str, filter: dict) -> list[dict]:
    try:
        return _if_known(server.pages("get", f"{what}/search", what.replace("-", "_"), max_results=A_PAGE, **filter))
    except Refused:
        if filter:
            return []  # a version that cannot search tags does not know prompts either
        raise


def _if_known(found: Iterator[dict]) -> list[dict]:
    try:
        return list(found)
    except Refused as refusal:
        if refusal.means_unknown:
            return []
        raise


def _model(server: Server, model: dict) -> dict:
    name = model["name"]
    aliases = [alias["alias"] for alias in model.get("aliases", [])]
    return {
        "found": model,
        "asked": server.look_up("registered-models/get", name=name),
        "latest": server.look_up("registered-models/get-latest-versions", name=name),
        "aliases": {alias: server.look_up("registered-models/alias", name=name, alias=alias) for alias in aliases},
    }


def _version(server: Server, version: dict) -> dict:
    address = {"name": version["name"], "version": version["version"]}
    files = server.look_up("model-versions/get-download-uri", **address)
    return {"found": version, "asked": server.look_up("model-versions/get", **address), "files": files}


def _some_with_files(runs: dict) -> list[str]:
    """Runs that say so in their name, and a few others."""
    called = [id for id, run in runs.items() if run["info"].get("run_name") == "files"]
    return called + [id for id in sorted(runs) if id not in called][:RUNS_WITH_FILES]


def _files(server: Server, run: str, folder: str) -> dict:
    try:
        answer = server.get("artifacts/list", run_id=run, **({"path": folder} if folder else {}))
    except Refused as refusal:
        return {folder or "/": {"refused": refusal.status}}
    folders = [file["path"] for file in answer.get("files", []) if file.get("is_dir")]
    below = [_files(server, run, path) for path in folders]
    return {folder or "/": answer, **{path: files for each in below for path, files in each.items()}}


def settled(value: Any) -> Any:
    """The same for answers that mean the same: floats as text, lists in an order of our own."""
    if isinstance(value, dict):
        return {key: settled(part) for key, part in value.items()}
    if isinstance(value, list):
        return _settled_list([settled(part) for part in value])
    if isinstance(value, float) and (not math.isfinite(value) or value == 0):
        return repr(value)  # NaN equals itself then, and -0.0 is not 0.0
    return value


def _settled_list(parts: list) -> dict | list:
    keys = [part["key"] for part in parts if isinstance(part, dict) and "key" in part]
    if parts and len(keys) == len(parts) == len(set(keys)):
        return {part["key"]: part for part in parts}
    return sorted(parts, key=lambda part: json.dumps(part, sort_keys=True))


def differences(this: dict, that: dict, *situations: str) -> list[str]:
    """A line for everything that two servers answer differently: where, and what each says.

    `situations` name the part of the table of tolerated differences that applies."""
    found = _compare(this, that, ())
    return [
        f"{' > '.join(path)}: {_shown(a)} / {_shown(b)}"
        for path, a, b in found
        if not tolerates(path, a, b, situations)
    ]


def _compare(this: Any, that: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    if isinstance(this, dict) and isinstance(that, dict):
        for key in sorted({*this, *that}):
            yield from _compare(this.get(key, NOT_THERE), that.get(key, NOT_THERE), (*path, key))
    elif isinstance(this, list) and isinstance(that, list):
        for index, (a, b) in enumerate(_unpaired(this, that)):
            yield from _compare(a, b, (*path, str(index)))
    elif type(this) is not type(that) or this != that:
        yield path, this, that


def _unpaired(this: list, that: list) -> list[tuple[Any, Any]]:
    """What only one of two lists has, side by side as far as both have something."""
    mine, theirs = [part for part in this if part not in that], [part for part in that if part not in this]
    if not mine and not theirs and len(this) != len(that):
        return [(f"{len(this)} parts", f"{len(that)} parts")]
    longer = max(len(mine), len(theirs))
    return list(zip(*(side + [NOT_THERE] * (longer - len(side)) for side in (mine, theirs)), strict=True))


def _shown(value: Any) -> str:
    text = value if value == NOT_THERE else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("other", nargs="?")
    parser.add_argument("--situation", action="append", default=[], help="a part of the tolerated differences")
    options = parser.parse_args()
    if not options.other:
        json.dump(everything(options.url), sys.stdout, indent=1, ensure_ascii=False)
        return 0
    found = differences(everything(options.url), everything(options.other), *options.situation)
    print("\n".join(found) or "no differences")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
