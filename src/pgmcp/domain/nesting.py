"""Values inside of values, however deep, written and read without a call a level.

PostgreSQL keeps documents of several thousand levels; Python's stack ends near a thousand calls, some of which a host
has used up before ours begin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

Parts = tuple[Iterable[tuple[str, Any]], str]
"""What an object or an array is written by: each value with the text before it, and the text behind them all."""

_COMMA, _COLON = object(), object()
_MARKS = {",": _COMMA, ":": _COLON}
_PIECES = re.compile(r'[\[\]{},:]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\[\]{},:\s"]+|\S', re.DOTALL)


def written(value: Any, spell: Callable[[Any], str | Parts]) -> str:
    """The text of a value.

    Args:
        value: It.
        spell: Gives a value's text, or the parts that it is made of.

    Raises:
        ValueError: It holds itself.
    """
    texts: list[str] = []
    outer: list[tuple[int, Iterator[tuple[str, Any]], str]] = []
    around: set[int] = set()
    parts, last = iter((("", value),)), ""
    while True:
        for text, each in parts:
            texts.append(text)
            spelt = spell(each)
            if isinstance(spelt, str):
                texts.append(spelt)
                continue
            if id(each) in around:
                raise ValueError("a value holds itself")
            around.add(id(each))
            outer.append((id(each), parts, last))
            parts, last = iter(spelt[0]), spelt[1]
            break
        else:
            texts.append(last)
            if not outer:
                return "".join(texts)
            done, parts, last = outer.pop()
            around.remove(done)


def within_levels(value: Any, most: int) -> bool:
    """Whether dicts and lists lie inside each other at most so many levels deep."""
    waiting = [iter((value,))]
    while waiting:
        for item in waiting[-1]:
            if isinstance(item, dict | list | tuple):
                if len(waiting) > most:
                    return False
                waiting.append(iter(item.values() if isinstance(item, dict) else item))
                break
        else:
            waiting.pop()
    return True


def read(text: str, scalar: Callable[[str], Any]) -> Any:
    """The value of a JSON text; for one level after another, so a reader of Python's is faster where it goes so deep.

    Args:
        text: One JSON value.
        scalar: Reads a string, a number or a word.

    Raises:
        ValueError: It is not JSON.

    >>> read('{"a":[1,{"b":null}]}', json.loads)
    {'a': [1, {'b': None}]}
    """
    levels: list[tuple[str, list[Any]]] = [("", [])]
    for found in _PIECES.finditer(text):
        piece = found[0]
        if piece in "[{":
            levels.append((piece, []))
        elif piece in "]}":
            opening, items = levels.pop()
            made = _made(opening + piece, items)
            levels[-1][1].append(made)
        else:
            levels[-1][1].append(_MARKS.get(piece) or scalar(piece))
    opening, items = levels.pop()
    if opening or len(items) != 1 or type(items[0]) is object:
        raise ValueError("it is not one JSON value")
    return items[0]


def _made(brackets: str, items: Sequence[Any]) -> list[Any] | dict[str, Any]:
    """What stands between two brackets: values, with a mark between each and the next."""
    values, marks = items[::2], items[1::2]
    separators = {"[]": [_COMMA, _COMMA], "{}": [_COLON, _COMMA]}.get(brackets)
    if (
        separators is None
        or marks != (separators * len(marks))[: len(marks)]
        or any(type(value) is object for value in values)
        or (items and len(values) == len(marks))
    ):
        raise ValueError("it is no JSON array or object")
    if brackets == "[]":
        return list(values)
    if len(values) % 2 or not all(isinstance(name, str) for name in values[::2]):
        raise ValueError("it is no JSON object")
    return dict(zip(values[::2], values[1::2], strict=True))
