"""Whether a filter speaks of relative times, so that the session's time zone has to be known before it is parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgmcp.domain.filters.values import MAX_MEMBERS

# More than any filter that the parser takes; beyond it, or beyond MAX_MEMBERS in a list, the parser refuses anyway.
_MOST = 100_000
_JSON = (dict, list)
_PLAIN = (str, int, float, bytes)


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
        # Whoever looks for an abstract class first looks long.
        if isinstance(at, (dict, Mapping)):
            if "relative" in at:
                return True
            members = at.values()
        elif len(at) > MAX_MEMBERS:
            return False  # as above
        else:
            members = at
        waiting += [
            each
            for each in members
            if type(each) in _JSON or (not isinstance(each, _PLAIN) and isinstance(each, (Mapping, Sequence)))
        ]
    return False
