"""Which differences are fine, and why: the rules of tolerated.yaml."""

import fnmatch
import re
from pathlib import Path

import yaml

from .normalise import canonical

RULES = yaml.safe_load((Path(__file__).parent / "tolerated.yaml").read_text())


def differs(case_name, expected, actual):
    """Whether the two answers differ in a way that no rule tolerates."""
    if canonical(expected) == canonical(actual):
        return False
    return not any(_applies(rule, case_name, expected) and _allows(rule, expected, actual) for rule in RULES["rules"])


def _applies(rule, case_name, expected):
    when = rule["when"]
    checks = (
        fnmatch.fnmatchcase(case_name, when.get("case", "*")),
        expected["status"] in when.get("status", [expected["status"]]),
        expected["type"] == when.get("type", expected["type"]),
        re.search(when.get("body", ""), canonical(expected["body"])),
    )
    return all(checks)


def _allows(rule, expected, actual):
    return any(ALLOWED[kind](expected, actual) for kind in rule["allow"])


def _is_typed_refusal(answer):
    body = answer["body"]
    return 400 <= answer["status"] < 500 and isinstance(body, dict) and {"error_code", "message"} <= body.keys()


def _same_refusal(expected, actual):
    same_code = _is_typed_refusal(actual) and expected["body"]["error_code"] == actual["body"]["error_code"]
    return same_code and expected["status"] == actual["status"]


ALLOWED = {
    # Our own words for the same refusal.
    "words": _same_refusal,
    # A refusal with any 4xx code in place of what MLflow answers.
    "refusal": lambda expected, actual: _is_typed_refusal(actual),
    # The same status with a body and type of our own.
    "status": lambda expected, actual: expected["status"] == actual["status"],
    "refusal_status": lambda expected, actual: 400 <= actual["status"] < 500,
}
