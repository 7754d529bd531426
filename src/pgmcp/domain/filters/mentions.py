"""Whether a filter speaks of relative times, so that the session's time zone has to be known before it is parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# More than any filter that the parser takes; beyond it the parser refuses anyway.
_MOST = 100_000


def mentions_time(filters: Mapping[str, Any]) -> bool:
    """Whether an object with the key `relative` stands anywhere in a filter; never deeper than memory allows.

    >>> mentions_time({"or": [{"seen": {"gte": {"relative": "today"}}}]}), mentions_time({"n": 1})
    (True, False)
    """
    waiting: list[Any] = [filters]
    for _ in range(_MOST):
        if not waiting:
            return False
        at = waiting.pop()
        if isinstance(at, (str, int)):
            continue  # most values; the tests below cost more
        if isinstance(at, Mapping):
            if "relative" in at:
                return True
            waiting.extend(at.values())
        elif isinstance(at, Sequence) and not isinstance(at, bytes):
            waiting.extend(at)
    return False
