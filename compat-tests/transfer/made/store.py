"""The store that is being filled, and a tally of what went in and what it refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

START = 1_600_000_000_000  # every time that the client lets us choose counts from here
WHY_LENGTH = 160


@dataclass
class Store:
    client: Any
    artifacts: str | None  # where the runs' files go, or the store's own choice
    points: int  # of the one long history
    made: Counter = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)

    def has(self, method: str) -> bool:
        """Whether this version's client can do that."""
        return hasattr(self.client, method)

    def add(self, kind: str, value: Any = None, count: int = 1) -> Any:
        """Counts something that was made, and passes it on."""
        self.made[kind] += count
        return value

    def attempt(self, kind: str, what: str, make: Callable, *args: Any, **rest: Any) -> Any:
        """Makes something that this version, or this kind of store, may refuse."""
        try:
            return self.add(kind, make(*args, **rest))
        except Exception as error:  # each version has its own way of saying no
            self.refused[f"{kind}: {what}"] = f"{type(error).__name__}: {error}"[:WHY_LENGTH]
            return None
