"""What becomes of a value when a column takes it: cut, padded, rounded, put in its type's normal form, or refused.

Source: PostgreSQL documentation, section 10.4 (Value Storage) and chapter 8 (Data Types).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from pgmcp.adapters.memory.faults import VALUE_TOO_LONG, fault
from pgmcp.adapters.memory.typenames import Declared
from pgmcp.adapters.memory.values import documents, numerics, ranges
from pgmcp.adapters.memory.values.ordering import bound_key
from pgmcp.domain.values.documents import Json, wrapped
from pgmcp.domain.values.types import Kind, Type

Change = Callable[[Any], Any]
_LONGEST_NAME = 63  # bytes, without the byte that ends it


def assigner(declared: Declared) -> Change:
    """What a column of a declared type does to a value that is not None."""
    return _of(declared.type, declared.modifier) or _same


def hand_out(type_: Type) -> Change | None:
    """What makes a copy of a value whose receiver may change it; None for types whose values can't be changed."""
    root = type_.root
    mutable = root.kind in {Kind.ARRAY, Kind.COMPOSITE} or root.tag in {"json", "jsonb"}
    return fresh if mutable else None


def fresh(value: Any) -> Any:
    """A copy of a value, as deep as it can be changed."""
    if isinstance(value, dict):
        return {name: fresh(item) for name, item in value.items()}
    if isinstance(value, list):
        return [fresh(item) for item in value]
    return Json(fresh(value.value)) if isinstance(value, Json) else value


def _same(value: Any) -> Any:
    return value


def _of(type_: Type, modifier: tuple[int, ...]) -> Change | None:
    root = type_.root
    if root.kind is Kind.ARRAY and root.element is not None:
        element = _of(root.element, modifier)
        return None if element is None else partial(_elements, change=element)
    if root.kind is Kind.COMPOSITE:
        changes = {each.name: change for each in root.attributes if (change := _of(each.type, ()))}
        return partial(_attributes, changes=changes) if changes else None
    if root.kind is Kind.RANGE:
        return lambda text: ranges.normal(text, root, bound_key(root))
    if root.tag == "jsonb":
        return lambda value: wrapped(documents.normal(documents.bare(value)))
    if root.tag == "name":
        return lambda text: text.encode()[:_LONGEST_NAME].decode(errors="ignore")
    return _modified(root.tag, modifier) if modifier else None


def _modified(tag: str, modifier: tuple[int, ...]) -> Change:
    first = modifier[0]
    if tag == "numeric":
        return partial(numerics.rounded, precision=first, scale=modifier[1] if len(modifier) > 1 else 0)
    if tag in {"varchar", "bpchar"}:
        return partial(_fitted, length=first, padded=tag == "bpchar")
    return partial(_to_fraction, digits=first)


def _fitted(text: str, length: int, *, padded: bool) -> str:
    if text[length:].strip(" "):
        raise fault(VALUE_TOO_LONG)
    return text[:length].ljust(length) if padded else text[:length]


def _to_fraction(value: Any, digits: int) -> Any:
    """A time with its fraction of a second rounded to so many digits; the text of a special one as it is."""
    if not isinstance(value, datetime | time):
        return value
    step = 10 ** (6 - digits)
    more = (value.microsecond + step // 2) // step * step - value.microsecond
    if isinstance(value, datetime):
        return value + timedelta(microseconds=more)
    moved = datetime.combine(date.min, value) + timedelta(microseconds=more)
    return moved.time() if moved.day == 1 else "24:00:00"


def _elements(value: Any, change: Change) -> Any:
    if not isinstance(value, list):
        return value
    return [
        item if item is None else _elements(item, change) if isinstance(item, list) else change(item) for item in value
    ]


def _attributes(value: Any, changes: dict[str, Change]) -> Any:
    return {name: item if item is None or name not in changes else changes[name](item) for name, item in value.items()}
