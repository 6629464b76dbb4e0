"""Names and values that are allowed, and that somebody's code forgets about."""

from __future__ import annotations

from mlflow.utils import validation

LONG_KEY = "k" * 250

KEYS = {
    "plain": "key",
    "slashes": "folder/deeper/key",
    "dots": "a.b..c",
    "spaces": "with some spaces",
    "trailing space": "ends with a space ",
    "dashes": "--flag_x-y",
    "colon": "scope:name",
    "unicode": "größe_模型",
    "upper case": "Key",
    "longest": LONG_KEY,
    "a folder of another": "folder",
}

VALUES = {
    "unicode": "naïve 模型 🚀 \u202eright to left",
    "lines": "first\nsecond\r\nthird\ttab",
    "edges": "  blanks around  ",
    "quotes": """'single' "double" `back` \\ % _ ; --""",
    "json": '{"a": [1, null, "x"]}',
    "a number": "1e-05",
    "nothing": "",
}


def limit(name: str, otherwise: int) -> int:
    """This version's own limit of that name."""
    return getattr(validation, name, otherwise)


def long_text(characters: int) -> str:
    return ("0123456789abcdé模" * (characters // 15 + 1))[:characters]
