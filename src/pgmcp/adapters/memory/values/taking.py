"""Python values that are a type's own already, and need no way through PostgreSQL's text form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from pgmcp.adapters.memory.values.numerics import plain
from pgmcp.domain.values.types import Type

_BITS = {"int2": 15, "int4": 31, "int8": 63}
_SHORT = {"int2": 5, "int4": 10, "int8": 19}
"""Texts of fewer digits are in the type's range."""


def _is_text(value: Any) -> bool:
    return type(value) is str and value.isascii() and "\0" not in value


def _is_integer(value: Any, end: int) -> bool:
    return type(value) is int and -end <= value < end


_OWN: Mapping[str, Callable[[Any], bool]] = {
    **{tag: partial(_is_integer, end=2**bits) for tag, bits in _BITS.items()},
    **dict.fromkeys(("text", "varchar", "bpchar", "name"), _is_text),
    "bool": lambda value: type(value) is bool,
    "numeric": lambda value: type(value) is Decimal and value.is_finite() and plain(value) is value,
    "date": lambda value: type(value) is date,
    "timestamp": lambda value: type(value) is datetime and value.tzinfo is None,
    "timestamptz": lambda value: type(value) is datetime and value.tzinfo is UTC,
    "uuid": lambda value: type(value) is UUID,
}


def is_own(value: Any, type_: Type) -> bool:
    """Whether a value is one of a type's own, in its normal form."""
    test = _OWN.get(type_.root.tag)
    return test is not None and test(value)


def read_at_once(text: str, type_: Type) -> Any:
    """The value of a text that can be read without looking twice; None for all others."""
    tag = type_.tag
    if tag == "text":
        return text
    if tag in _SHORT and len(text) < _SHORT[tag] and text.isascii() and text.isdigit():
        return int(text)
    return None
