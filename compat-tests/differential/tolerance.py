"""Which differences are fine, and why: the rules of tolerated.yaml."""

import fnmatch
import re
from pathlib import Path

import yaml

from .normalise import canonical

RULES = yaml.safe_load((Path(__file__).parent / "tolerated.yaml").read_text())


def differs(case_name, request, expected, actual):
    """Whether the two answers differ in a way that no rule tolerates."""
    if canonical(expected) == canonical(actual):
        return False
    rules = (rule for rule in RULES["rules"] if _applies(rule, case_name, request, expected, actual))
    return not any(_allows(rule, expected, actual) for rule in rules)


def _applies(rule, case_name, request, expected, actual):
    when = rule["when"]
    checks = (
        fnmatch.fnmatchcase(case_name, when.get("case", "*")),
        re.search(when.get("request", ""), request),
        expected["status"] in when.get("status", [expected["status"]]),
        expected["type"] == when.get("type", expected["type"]),
        re.search(when.get("body", ""), canonical(expected["body"])),
        re.search(when.get("ours", ""), canonical(actual["body"])),
    )
    return all(checks)


def _allows(rule, expected, actual):
    return any(ALLOWED[kind](expected, actual) for kind in rule["allow"])


def _is_typed_error(answer):
    return isinstance(answer["body"], dict) and {"error_code", "message"} <= answer["body"].keys()


def _is_typed_refusal(answer):
    return 400 <= answer["status"] < 500 and _is_typed_error(answer)


def _same_refusal(expected, actual):
    both_typed = _is_typed_refusal(actual) and _is_typed_error(expected)
    same_code = both_typed and expected["body"]["error_code"] == actual["body"]["error_code"]
    return same_code and expected["status"] == actual["status"]


ALLOWED = {
    # Our own words for the same refusal.
    "words": _same_refusal,
    # A refusal with any 4xx code in place of what MLflow answers.
    "refusal": lambda expected, actual: _is_typed_refusal(actual),
    # The same status with a body and type of our own.
    "status": lambda expected, actual: expected["status"] == actual["status"],
    # An answer where MLflow has none.
    "answer": lambda expected, actual: actual["status"] == 200,
    "refusal_status": lambda expected, actual: 400 <= actual["status"] < 500,
}
