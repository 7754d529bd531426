"""Literals of a filter as Python values."""

from __future__ import annotations

from typing import Any

from pgmcp.adapters.memory.faults import BAD_TEXT, fault
from pgmcp.adapters.memory.values.documents import bare, normal
from pgmcp.adapters.memory.values.taking import read_at_once
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.values.documents import wrapped
from pgmcp.domain.values.parse import from_text
from pgmcp.domain.values.types import Type
from pgmcp.domain.values.unfit import Unfit


def value_of(literal: Literal) -> Any:
    """A literal's value.

    Raises:
        QueryError: `bad_value` with the literal's place: PostgreSQL could not read it.
    """
    return read_text(literal.text, literal.type, literal.at)


def read_text(text: str, type_: Type, path: str | None = None) -> Any:
    """PostgreSQL's text form as the value, arguments as `fault` has them.

    Raises:
        QueryError: `bad_value`.
    """
    value = read_at_once(text, type_)
    if value is not None:
        return value
    try:
        value = from_text(text, type_)
        return value if type_.tag != "jsonb" else wrapped(normal(bare(value)))
    except (Unfit, ValueError, ArithmeticError) as error:
        raise fault(BAD_TEXT, path=path) from error
