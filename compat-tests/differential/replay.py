"""Sends the steps of a case to a server and answers what came back, normalised."""

import json
import re
from uuid import uuid4

import requests

from .normalise import Normaliser

NAME = re.compile(r"<(\w+)>")
TIMEOUT = 60


class KeptNothing(Exception):
    pass


def replay(case, address, rules, prefix="/api"):
    """The answers to every step, in order; `prefix` replaces /api at the front of each path."""
    names = {"u": f"u{uuid4().hex[:10]}"}
    normaliser = Normaliser(names, rules)
    with requests.Session() as session:
        return [_perform(session, step, address, prefix, names, normaliser) for step in case.steps]


def _perform(session, step, address, prefix, names, normaliser):
    response = session.send(_prepared(session, step, address, prefix, names), timeout=TIMEOUT, allow_redirects=False)
    for name, path in step.kept:
        names[name] = _part(response, path)
    return normaliser.answer(response, step.compared_headers)


def _prepared(session, step, address, prefix, names):
    path = _filled(step.path, names)
    if path.startswith("/api/"):
        path = prefix + path[len("/api") :]
    headers = {key: _filled(value, names) for key, value in step.headers}
    body = step.body
    if step.method != "GET" and not isinstance(body, (bytes, str, type(None))):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    body = _filled(body, names) if isinstance(body, str) else body
    query = [(key, _filled(value, names)) for key, value in step.query]
    request = session.prepare_request(
        requests.Request(step.method, address, params=query, data=body.encode() if isinstance(body, str) else body)
    )
    request.headers.update(headers)
    # The path goes out as written: `..` and encoded characters are what some steps are about.
    request.url = address + path + request.url[len(address) :].removeprefix("/")
    return request


def _filled(text, names):
    return NAME.sub(lambda found: str(names.get(found[1], found[0])), text)


def _part(response, path):
    value = response.json() if "json" in response.headers.get("content-type", "") else {}
    for word in path.split("."):
        try:
            value = value[int(word)] if isinstance(value, list) else value[word]
        except (KeyError, IndexError, TypeError) as error:
            raise KeptNothing(f"no {path} in {response.status_code} {response.text[:500]}") from error
    return value
