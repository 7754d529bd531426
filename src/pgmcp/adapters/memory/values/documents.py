"""jsonb documents: their normal form, their order, what they contain, places in them.

Source: PostgreSQL documentation, sections 8.14 (JSON Types, with 8.14.3 on containment and 8.14.4 on order).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from decimal import Decimal
from typing import Any

from pgmcp.adapters.memory.values.numerics import plain
from pgmcp.domain.json import Number, SpelledDecimal, dumps
from pgmcp.domain.values.documents import Json, exact_number

# The ranks of kinds of JSON values in jsonb's order.
_NULL, _TEXT, _NUMBER, _BOOLEAN, _ARRAY, _OBJECT = range(6)
NOTHING = object()


def bare(value: Any) -> Any:
    """A column's value as the JSON value that it means."""
    return value.value if isinstance(value, Json) else value


def normal(value: Any) -> Any:
    """A document as jsonb keeps it: keys by length and then by their bytes, numbers written out."""
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: (len(pair[0].encode()), pair[0].encode()))
        return {key: normal(item) for key, item in pairs}
    if isinstance(value, list | tuple):
        return [normal(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Number | int | float | Decimal):
        return exact_number(str(number_of(value)))
    return value


def number_of(value: Any) -> Decimal:
    """A number of a document, in numeric's own digits."""
    return plain(Decimal(str(value) if isinstance(value, float | SpelledDecimal) else value))


def key(value: Any) -> tuple[Any, ...]:
    """What documents are compared by: the order of jsonb's btree operators.

    At the top a scalar counts as an array of one; so an empty array comes before it, as PostgreSQL has it.
    """
    value = bare(value)
    if isinstance(value, dict):
        return (1, *_inner(value))
    if isinstance(value, list):
        return (0, len(value), 1, tuple(map(_inner, value)))
    return (0, 1, 0, (_inner(value),))


def _inner(value: Any) -> tuple[Any, ...]:
    if isinstance(value, dict):
        return (_OBJECT, len(value), tuple(part for name, item in value.items() for part in (name, _inner(item))))
    if isinstance(value, list):
        return (_ARRAY, len(value), tuple(map(_inner, value)))
    if value is None:
        return (_NULL,)
    if isinstance(value, bool):
        return (_BOOLEAN, value)
    if isinstance(value, Number | int | float | Decimal):
        return (_NUMBER, Decimal(value))
    return (_TEXT, value)


def contains(whole: Any, part: Any) -> bool:
    """`whole @> part`."""
    if isinstance(whole, list) and not isinstance(part, dict | list):
        # A scalar at the top is an array of one, which an array contains; not the other way round.
        return _has(whole, part)
    return _contains(whole, part)


def _contains(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and _contains(whole[name], item) for name, item in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and all(_has(whole, item) for item in part)
    return not isinstance(whole, dict | list) and _inner(whole) == _inner(part)


def _has(items: list[Any], wanted: Any) -> bool:
    return any(_contains(item, wanted) for item in items)


def has_key(document: Any, name: str) -> bool:
    """`document ? name`: a key of an object, a text in an array, or the text itself."""
    if isinstance(document, dict):
        return name in document
    if isinstance(document, list):
        return any(type(item) is str and item == name for item in document)
    return type(document) is str and document == name


def at(document: Any, path: Sequence[str | int], alone: Container[str | int]) -> Any:
    """The value at a path, `None` for JSON null; `missing()` tells when there is none.

    Args:
        document: A JSON value.
        path: A text is a key alone; a number is a position, or a key of an object.
        alone: Where a value that is neither object nor array finds itself.
    """
    for step in path:
        if isinstance(document, dict):
            document = document.get(str(step), NOTHING)
        elif isinstance(document, list) and isinstance(step, int):
            document = document[step] if -len(document) <= step < len(document) else NOTHING
        elif document is NOTHING or isinstance(document, list) or step not in alone:
            return NOTHING
    return document


def missing(value: Any) -> bool:
    """Whether `at` found nothing."""
    return value is NOTHING


def text_of(value: Any) -> str:
    """A part of a jsonb document as `->>` gives it: a text bare, anything else as jsonb prints it."""
    if type(value) is str:
        return value
    return _printed(value)


def _printed(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{dumps(name)}: {_printed(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_printed, value)) + "]"
    return dumps(value)
