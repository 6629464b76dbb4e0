"""Differences between two servers' answers that are meant, each with its reason. There are no others.

The first of the two is the source, served by MLflow; the second is Tidemill.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

NOT_THERE = "(nothing)"
INFINITE = {"inf": 1.7976931348623157e308, "Infinity": 1.7976931348623157e308}
INFINITE |= {f"-{name}": -value for name, value in INFINITE.items()}


@dataclass(frozen=True)
class Tolerated:
    situations: str  # a pattern for "<backend>" or "<version> <backend>"
    path: str  # patterns for the parts of a path, separated by " > "
    allows: Callable[[Any, Any], bool]
    reason: str


def _is_new(this: Any, that: Any) -> bool:
    return this == NOT_THERE and that in ({}, "default")


def _often_and_once(this: Any, that: Any) -> bool:
    return isinstance(this, int) and that == 1


def _infinite_and_largest(this: Any, that: Any) -> bool:
    return this in INFINITE and INFINITE[this] == that


def _only_in_the_source(this: Any, that: Any) -> bool:
    return that == NOT_THERE and this != NOT_THERE


def _on_one_side(this: Any, that: Any) -> bool:
    return NOT_THERE in (this, that)


NO_INPUTS = "MLflow 1.x answers without inputs"
NO_OUTPUTS = "MLflow 1.x and 2.x answer without outputs"
NO_WORKSPACE = "MLflow answers an experiment's workspace only since the newest versions"
REPEATED = "a file store keeps a point as often as it was logged; SQL stores, MLflow's and ours, once"
INFINITY = "SQL stores, MLflow's and ours, keep the largest number for infinity"
MINUS_ZERO = "SQL stores, MLflow's and ours, do not tell minus zero from zero"
AT_ONCE = "of NaN and a number at the same time and step, a file store shows NaN, SQL stores the greater one, NaN being 0"
REFUSED = "newer servers list a model whose name they refuse when it is asked for; the report names it"
LISTED = "a file store tells the aliases of versions that it lists, SQL stores only of one that is asked for"
COLON = "older versions let colons into names; newer servers, and ours, refuse such names when they are asked for"
TOLD = "file stores of 3.x tell the run and the dataset with each metric of a run; SQL stores do not"
DATASET = "file stores of 3.x read the step of a point that was logged with a dataset as 0"
SEARCHED = "file stores list the models that a run read; SQL stores tell them only of a run that is asked for"
RELATIVE = "MLflow 1.x wrote relative locations, which mean another folder wherever a server is started; ours refuses them"
HIDDEN = "a file store finds logged models of deleted experiments, but does not show them"

TOLERATED = [
    Tolerated("1.* files", "runs > * > found > inputs", _is_new, NO_INPUTS),
    Tolerated("1.* files", "runs > * > asked > run > inputs", _is_new, NO_INPUTS),
    Tolerated("[12].* files", "runs > * > found > outputs", _is_new, NO_OUTPUTS),
    Tolerated("[12].* files", "runs > * > asked > run > outputs", _is_new, NO_OUTPUTS),
    Tolerated("* files", "experiments > * > found > workspace", _is_new, NO_WORKSPACE),
    Tolerated("* files", "experiments > * > asked > experiment > workspace", _is_new, NO_WORKSPACE),
    Tolerated("files", "histories > * > * > *", _often_and_once, REPEATED),
    Tolerated("files", "histories > * > * > *Infinity*", _on_one_side, INFINITY),
    Tolerated("files", "histories > * > * > *1.7976931348623157e+308*", _on_one_side, INFINITY),
    Tolerated("files", "runs > * > data > metrics > * > value", _infinite_and_largest, INFINITY),
    Tolerated("files", 'histories > * > * > *"value": "*0.0"*', _on_one_side, MINUS_ZERO),
    Tolerated("files", "runs > * > data > metrics > * > value", lambda *both: both == ("-0.0", "0.0"), MINUS_ZERO),
    Tolerated(
        "files",
        "runs > * > data > metrics > nan and a number at once > value",
        lambda *both: both == ("NaN", 1.0),
        AT_ONCE,
    ),
    *(
        Tolerated("3.* files", f"runs > * > data > metrics > * > {field}", _only_in_the_source, TOLD)
        for field in ("run_id", "dataset_name", "dataset_digest")
    ),
    *(
        Tolerated("3.* files", path, lambda *_: True, DATASET)
        for path in (
            "histories > * > f1/größe > *",
            "runs > * > data > metrics > f1/größe > *",
            "logged models > * > data > metrics",
        )
    ),
    Tolerated("1.* *", "files > *", lambda _, that: that in (400, NOT_THERE), RELATIVE),
    Tolerated("3.* files", "runs > * > found > inputs > model_inputs", _only_in_the_source, SEARCHED),
    Tolerated("files", "model versions > * > found > aliases", _only_in_the_source, LISTED),
    Tolerated("files", "registered models > * > latest_versions > * > aliases", _only_in_the_source, LISTED),
    *(
        Tolerated("[12].* files", f"{kind} > *:* > {asked} > *", _on_one_side, COLON)
        for kind in ("registered models", "model versions")
        for asked in ("asked", "latest", "files")
    ),
    Tolerated("by server", "registered models > *[/:]*", _only_in_the_source, REFUSED),
    Tolerated("by server", "model versions > *[/:]*", _only_in_the_source, REFUSED),
    Tolerated(
        "files", "logged models > * > asked > refused", lambda this, that: (this, that) == (404, NOT_THERE), HIDDEN
    ),
    Tolerated("files", "logged models > * > asked > model", lambda this, _: this == NOT_THERE, HIDDEN),
]


def tolerates(path: tuple[str, ...], this: Any, that: Any, situations: tuple[str, ...]) -> bool:
    where = " > ".join(path)
    return any(
        rule.allows(this, that)
        for rule in TOLERATED
        if fnmatchcase(where, rule.path) and any(fnmatchcase(situation, rule.situations) for situation in situations)
    )
