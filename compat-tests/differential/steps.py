"""How the corpus is written down: cases made of steps, each step one HTTP request.

`<name>` in a path, query or body stands for a value: `<u>` is a word unique to the case, every other name was kept
from an earlier answer with `.keep(name="path.into.the.answer")`.
"""

import json
from dataclasses import dataclass, field, replace

TRACKING = "/api/2.0/mlflow/"


@dataclass(frozen=True)
class Step:
    method: str
    path: str
    query: tuple = ()
    body: object = None
    headers: tuple = ()
    kept: tuple = ()
    compared_headers: tuple = ()

    def keep(self, **paths):
        """Remembers parts of the answer, by their path, under names of their own."""
        return replace(self, kept=(*self.kept, *paths.items()))

    def with_headers(self, **headers):
        return replace(self, headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()))

    def comparing(self, *headers):
        """Has these headers of the answer compared as well."""
        return replace(self, compared_headers=headers)

    def line(self):
        """The request on one line, for reports and to notice a recording that is out of date."""
        query = "&".join(f"{key}={value}" for key, value in self.query)
        body = _abridged(self.body)
        headers = " ".join(f"[{name}: {value}]" for name, value in self.headers)
        return " ".join(filter(None, [self.method, self.path + (f"?{query}" if query else ""), headers, body]))


@dataclass
class Case:
    name: str
    steps: list = field(default_factory=list)


def _abridged(body):
    if isinstance(body, (bytes, str, type(None))):
        text = body.decode("latin-1") if isinstance(body, bytes) else body or ""
    else:
        text = json.dumps(body, ensure_ascii=False)
    return text if len(text) <= 400 else f"{text[:300]} ... {len(text)} characters"


def case(name, *steps):
    return Case(name, [step for part in steps for step in (part if isinstance(part, list) else [part])])


def _path(path):
    return path if path.startswith("/") else TRACKING + path


def _with_body(method):
    def step(path, body=None, /, **fields):
        return Step(method, _path(path), body=fields if body is None else body)

    return step


post, patch, delete, put = map(_with_body, ("POST", "PATCH", "DELETE", "PUT"))


def get(path, query=None, /, **fields):
    pairs = query if isinstance(query, list) else list({**(query or {}), **fields}.items())
    flat = [(key, one) for key, value in pairs for one in (value if isinstance(value, list) else [value])]
    return Step("GET", _path(path), query=tuple((key, str(value)) for key, value in flat))


def raw(method, path, body=None, /, **headers):
    """A request whose body (bytes or text) and headers are sent as they are."""
    return Step(method, _path(path), body=body).with_headers(**headers)


def without_each(send, path, fields, required):
    """One request per required field, in which that field is missing, null or empty."""
    steps = []
    for name in required:
        rest = {key: value for key, value in fields.items() if key != name}
        steps += [send(path, rest), send(path, {**fields, name: ""})]
        steps += [send(path, {**fields, name: None})] if send is not get else []
    return steps


WRONG = {"string": (5, ["x"], {"a": 1}, True), "array": ("x", 5, {"a": 1}), "int": ("abc", "1.5x", ["1"], {})}


def of_wrong_types(send, path, fields, types):
    """One request per field and wrong type."""
    return [send(path, {**fields, name: value}) for name, kind in types.items() for value in WRONG[kind]]
