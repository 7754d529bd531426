"""Literals of a filter as Python values."""

from __future__ import annotations

from typing import Any

from pgmcp.adapters.memory.values.ordering import key_of
from pgmcp.adapters.memory.values.reading import read_text
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.values.types import Kind


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
