"""Turns an answer into what two servers must agree on: what is made up by the server gets a symbol instead."""

import hashlib
import json
import re
import time

ADJECTIVE_NOUN_NUMBER = re.compile(r"^[a-z]+-[a-z]+-\d{1,4}$")
HEX_ID = re.compile(r"\b[0-9a-f]{32}\b")
MODEL_ID = re.compile(r"\bm-[0-9a-f]{32}\b")
UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
CLOCK = re.compile(r"\b1[7-9]\d{11}\b")
LONGEST = 1000
DAY = 86_400_000
SQL_TEXT = re.compile(r"\((sqlite3|psycopg2|pymysql)[.\w]*\).*", re.DOTALL)
SERVER_FOLDER = re.compile(r"/[^'\" ]*?/compat-\w+(?=/)")
PYTHON_SET = re.compile(r"\{'[^'{}]*'(, '[^'{}]*')*\}")
HTML = "text/html"

# Fields whose values are the server's own affair, also where no later step needs them.
MADE_UP = {
    "next_page_token": lambda _: "<a token>",
    "experiment_id": lambda text: "<an experiment>" if text.isdigit() and text != "0" else text,
}


class Normaliser:
    """Knows the values one case has met, so that equal values stay equal."""

    def __init__(self, names, rules):
        self.names = names
        self.unordered = set(rules["unordered_lists"])
        self.ignored = set(rules["ignored_fields"])

    def answer(self, response, headers=()):
        kind = response.headers.get("content-type", "").split(";")[0].strip()
        shown = {name: self.text(response.headers.get(name, "")) for name in headers}
        return {"status": response.status_code, "type": kind, **shown, "body": self._body(response, kind)}

    def _body(self, response, kind):
        if kind == "application/json" and response.content:
            return self.value(response.json())
        if kind == HTML and response.status_code >= 300:
            return "an HTML page"
        return self.text(response.content.decode("latin-1"))

    def value(self, value, key=""):
        if isinstance(value, dict):
            return {name: self.value(part, name) for name, part in value.items() if name not in self.ignored}
        if isinstance(value, list):
            parts = [self.value(part, key) for part in value]
            return sorted(parts, key=canonical) if key in self.unordered else parts
        if isinstance(value, str):
            value = _reordered(value) if value.startswith("[{") else value
            return MADE_UP.get(key, lambda text: text)(self.text(value, key))
        if isinstance(value, int) and not isinstance(value, bool) and abs(value - time.time() * 1000) < DAY:
            return "<now>"
        return value

    def text(self, text, key=""):
        text = PYTHON_SET.sub(lambda found: f"{{{', '.join(sorted(found[0][1:-1].split(', ')))}}}", text)
        text = SERVER_FOLDER.sub("<server folder>", SQL_TEXT.sub("<SQL>", text))
        for name, known in self.names.items():
            text = _replace(text, str(known), f"<{name}>", key)
        text = UUID.sub("<uuid>", HEX_ID.sub("<id>", MODEL_ID.sub("<model id>", text)))
        text = CLOCK.sub(lambda found: "<now>" if abs(int(found[0]) - time.time() * 1000) < DAY else found[0], text)
        return "<a name>" if ADJECTIVE_NOUN_NUMBER.match(text) else _shortened(text)


def _shortened(text):
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{text[:60]}... {len(text)} characters, sha256 {digest}"


def _reordered(text):
    """JSON inside a string, as in the tag that lists a run's models, is the same in any order of keys."""
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text


def _replace(text, known, symbol, key):
    if len(known) > 8:
        return text.replace(known, symbol)
    if text == known and key not in ("", "version", "value"):
        return symbol
    # A short number is only taken for an experiment's id where it cannot be anything else.
    number = re.escape(known)
    text = re.sub(rf"(mlflow-artifacts:/){number}(?=/|$)", rf"\g<1>{symbol}", text)
    text = re.sub(rf"\b{number}(?=/([0-9a-f]{{32}}|models)\b)", symbol, text)
    text = text.replace(f'Invalid value "{known}"', f'Invalid value "{symbol}"')
    return re.sub(rf"(\bid ?[= ]'?|\bID ?[= ]'?|experiment '?){number}\b", rf"\g<1>{symbol}", text)


def canonical(value):
    """A text in which 1, 1.0, true and "1" differ and the order of keys does not matter."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
