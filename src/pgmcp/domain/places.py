"""Where in a request something stands: `filters.or[1].total.gt`, `filters["a.b"].gt`."""

from __future__ import annotations

import json
import re

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_LONGEST = 200


def step(at: str, key: str) -> str:
    """The place of `key` inside the object at `at`.

    A key that isn't a plain word stands in brackets as a JSON string; a very long one is cut.

    >>> step("filters", "total"), step("filters", "a.b")
    ('filters.total', 'filters["a.b"]')
    """
    if len(key) <= _LONGEST and _PLAIN(key):
        return f"{at}.{key}"
    return f"{at}[{json.dumps(shown(key, _LONGEST), ensure_ascii=False)}]"


def inner(at: str, *steps: str | int) -> str:
    """The place so many steps inside the value at `at`: positions of lists, keys of objects.

    >>> inner("filters.ints.eq", 0, "a.b")
    'filters.ints.eq[0]["a.b"]'
    """
    for key in steps:
        at = f"{at}[{key}]" if isinstance(key, int) else step(at, key)
    return at


def shown(name: str, longest: int = 63) -> str:
    """A name of the caller's as an answer can carry it: cut, and without halves of surrogate pairs.

    Args:
        name: Any text.
        longest: How many characters are kept.
    """
    cut = name if len(name) <= longest else f"{name[:longest]}…"
    return cut.encode("utf-8", "replace").decode()
