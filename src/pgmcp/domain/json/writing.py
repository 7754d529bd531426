"""Values as compact JSON, however deep they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain, repeat
from typing import Any

from pgmcp.domain.json.numbers import Number, digits
from pgmcp.domain.nesting import Parts, written

encode_text: Callable[[str], str] = json.encoder.encode_basestring
"""A text as a JSON string, without escapes where JSON needs none."""


def dumps(value: Any) -> str:
    """Write a value as compact JSON: a `Number` verbatim, text as itself, without escapes where JSON needs none.

    Args:
        value: dict with text keys, list, tuple, str, `Number`, int, float, Decimal, bool or None, nested.

    Returns:
        The JSON text.

    Raises:
        TypeError: A value or a key of another kind.
        ValueError: NaN or an infinity, which JSON has no word for; or it holds itself.

    >>> dumps({"total": Number("1.50"), "ok": True})
    '{"total":1.50,"ok":true}'
    """
    return written(value, _spelt)


def _spelt(value: Any) -> str | Parts:
    """A value's JSON, or the parts of an object's or an array's."""
    return (_SPELLINGS.get(type(value)) or _spelling_of_kin(value))(value)


def _spelling_of_kin(value: Any) -> Callable[[Any], str | Parts]:
    for kind, spell in _SPELLINGS.items():
        if isinstance(value, kind):
            return spell
    raise TypeError(f"JSON has no {type(value).__name__}")


def _listed(values: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return zip(chain("[", repeat(",")), values, strict=False)


def _members(members: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    lead = "{"
    for name, item in members.items():
        if not isinstance(name, str):
            raise TypeError("a JSON object's keys are text")
        yield f"{lead}{encode_text(str(name))}:", item
        lead = ","


# In this order for what is of a kind without being it: a Number is a str, a bool an int.
_SPELLINGS: dict[type, Callable[[Any], str | Parts]] = {
    Number: str,
    str: encode_text,
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: digits,
    float: digits,
    Decimal: digits,
    dict: lambda value: (_members(value), "}") if value else "{}",
    list: lambda value: (_listed(value), "]") if value else "[]",
    tuple: lambda value: (_listed(value), "]") if value else "[]",
}
