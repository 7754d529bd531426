"""Literals of a filter as Python values."""

from __future__ import annotations

import re
from typing import Any

from pgmcp.adapters.memory.faults import BAD_DATE, BAD_TEXT, DATE_OUT_OF_RANGE, OFFSET_OUT_OF_RANGE, OUT_OF_RANGE, fault
from pgmcp.adapters.memory.refusals import refuse
from pgmcp.adapters.memory.values.documents import bare, normal
from pgmcp.adapters.memory.values.ordering import key_of
from pgmcp.adapters.memory.values.taking import read_at_once
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.nesting import within_levels
from pgmcp.domain.values.documents import wrapped
from pgmcp.domain.values.parse import from_text
from pgmcp.domain.values.types import FLOATS, INSTANTS, INTEGERS, Kind, Type
from pgmcp.domain.values.unfit import Unfit

# Documents are compared, copied and looked into by a call or two for each of their levels.
_MOST_LEVELS = 200
_NUMBER = re.compile(r"[+-]?[0-9]+")
_FAR_OFFSET = re.compile(r":[0-9.]+[+-](?:1[6-9]|[2-9][0-9])(?::?[0-9]{2})*\s*$")
_FIGURES = re.compile(r"[0-9]+[-:][0-9]")


def value_of(literal: Literal) -> Any:
    """A literal's value.

    Raises:
        QueryError: `bad_value` with the literal's place: PostgreSQL could not read it.
    """
    value = read_text(literal.text, literal.type, literal.at)
    key = key_of(literal.type) if literal.type.root.kind is Kind.RANGE else None
    if key is not None:
        try:
            key(value)
        except PgmcpError as error:
            raise error.with_details(path=literal.at) from error
    return value


def read_text(text: str, type_: Type, path: str | None = None) -> Any:
    """PostgreSQL's text form as the value, arguments as `fault` has them.

    Raises:
        QueryError: `bad_value`; `feature_not_supported` for a document that is too deep for the memory database.
    """
    value = read_at_once(text, type_)
    if value is not None:
        return value
    try:
        value = from_text(text, type_)
        if not within_levels(bare(value), _MOST_LEVELS):
            raise refuse(f"a value of more than {_MOST_LEVELS} levels", path)
        return value if type_.tag != "jsonb" else wrapped(normal(bare(value)))
    except (Unfit, ValueError, ArithmeticError) as error:
        raise fault(_complaint(text, type_), path=path) from error


def _complaint(text: str, type_: Type) -> str:
    """PostgreSQL's code for a text that is no value of a type."""
    tag = type_.root.tag
    if tag in INTEGERS | FLOATS | {"numeric"}:
        return OUT_OF_RANGE if _NUMBER.fullmatch(text.strip()) else BAD_TEXT
    if tag in INSTANTS | {"time", "interval"}:
        if _FAR_OFFSET.search(text):
            return OFFSET_OUT_OF_RANGE
        return DATE_OUT_OF_RANGE if _FIGURES.match(text.strip()) else BAD_DATE
    return BAD_TEXT
