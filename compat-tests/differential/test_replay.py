"""Replays the corpus and compares with what MLflow answered: recorded in golden/, or now with --live."""

import difflib
import importlib
import json
from pathlib import Path

import pytest

from differential.replay import replay
from differential.tolerance import RULES, differs

HERE = Path(__file__).parent
GROUPS = sorted(path.stem for path in (HERE / "corpus").glob("[a-z]*.py"))
CORPUS = {group: importlib.import_module(f"differential.corpus.{group}").CASES for group in GROUPS}
ALL = [pytest.param(group, case, id=f"{group}: {case.name}") for group, cases in CORPUS.items() for case in cases]


class Recording:
    """What MLflow answered to one group of cases, as a file."""

    def __init__(self, group):
        self.path = HERE / "golden" / f"{group}.json"
        self.cases = json.loads(self.path.read_text()) if self.path.exists() else {}

    def answers(self, case):
        steps = self.cases.get(case.name, [])
        if [step["request"] for step in steps] != [step.line() for step in case.steps]:
            pytest.fail(f"the recording of '{case.name}' is out of date: run with --record")
        return [step["answer"] for step in steps]

    def put(self, case, answers):
        lines = (step.line() for step in case.steps)
        self.cases[case.name] = [{"request": line, "answer": a} for line, a in zip(lines, answers, strict=True)]

    def save(self, known):
        self.cases = {name: steps for name, steps in sorted(self.cases.items()) if name in known}
        self.path.write_text(_a_line_per_step(self.cases))


def _a_line_per_step(cases):
    """JSON in which a changed answer is one changed line."""
    blocks = []
    for name, steps in cases.items():
        lines = ",\n".join("  " + json.dumps(step, ensure_ascii=False) for step in steps)
        blocks.append(f"{json.dumps(name, ensure_ascii=False)}: [\n{lines}\n]")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


@pytest.fixture(scope="session")
def recordings(pytestconfig):
    loaded = {group: Recording(group) for group in GROUPS}
    yield loaded
    if pytestconfig.getoption("--record"):
        for group, recording in loaded.items():
            recording.save({case.name for case in CORPUS[group]})


@pytest.fixture
def expected(pytestconfig, recordings):
    """`expected(group, case)` answers what MLflow says."""
    stock = pytestconfig.getoption("--stock-uri")

    def answers(group, case):
        return replay(case, stock, RULES) if stock else recordings[group].answers(case)

    return answers


@pytest.mark.parametrize(("group", "case"), ALL)
def test_the_answers_are_those_of_mlflow(group, case, server, expected, recordings, pytestconfig):
    if pytestconfig.getoption("--record"):
        recordings[group].put(case, replay(case, server, RULES))
        return
    wanted = expected(group, case)
    for prefix in ("/api", "/ajax-api"):
        report = differences(case, wanted, replay(case, server, RULES, prefix))
        assert not report, f"under {prefix}\n{report}"


def differences(case, wanted, actual):
    steps = zip(case.steps, wanted, actual, strict=True)
    return "\n".join(_diff(step, w, a) for step, w, a in steps if differs(case.name, step.line(), w, a))


def _diff(step, wanted, actual):
    texts = [
        json.dumps(answer, indent=2, sort_keys=True, ensure_ascii=False).splitlines() for answer in (wanted, actual)
    ]
    return "\n".join([step.line(), *difflib.unified_diff(*texts, "MLflow", "ours", lineterm="")])


def test_case_names_are_unique():
    for cases in CORPUS.values():
        names = [case.name for case in cases]
        assert sorted(set(names)) == sorted(names)
