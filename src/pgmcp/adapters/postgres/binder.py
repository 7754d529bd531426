"""Binding: values become parameters with a cast, numbered as the text of a statement grows."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from pgmcp.adapters.postgres.naming import constant, type_name
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.values.types import Kind, Type
from pgmcp.ports.driver import Parameter

REGCONFIG = Type(name="regconfig")
"""Configurations of full-text search."""


@frozen
class Suspect:
    """Bound literals, and how to find out whether the text of one of them is at fault.

    Args:
        literals: The literals, each with its place in the request.
        type: The type that each is read as.
        reader: SQL around the cast value that reads it further, with `{}` for it: a regular expression's `'' ~ {}`.
    """

    literals: Sequence[Literal]
    type: Type
    reader: str = "{}"

    def probe(self) -> str:
        """A statement of one text parameter that fails where the literal is at fault."""
        return f"SELECT (({self.reader.format(cast('$1::text', self.type))}) IS NULL)::text"


def cast(sql: str, type_: Type) -> str:
    """SQL that turns a text expression into a value of a type, without ever cutting it.

    `money` goes through numeric, as its own input reads what `lc_monetary` says; `regclass` through a text type that
    has no cast of its own to it, so that its input function is asked, which knows `-` and numbers.
    """
    root = type_.root
    tag = root.tag
    if tag == "text":
        return sql
    if tag == "regclass":
        return f"{sql}::pg_catalog.bpchar::pg_catalog.regclass"
    if tag == "money":
        return f"{sql}::pg_catalog.numeric::pg_catalog.money"
    if root.kind is Kind.ARRAY and root.element is not None and root.element.tag == "money":
        return f"{sql}::pg_catalog.numeric[]::pg_catalog.money[]"
    return f"{sql}::{type_name(type_)}"


class Binder:
    """Collects a statement's parameters. Not frozen: it lives as long as one statement is being written."""

    def __init__(self, start: int = 0, mask_key: bytes = b"") -> None:
        """Number parameters from `start + 1` on; `mask_key` is what masks that hash are bound to."""
        self._start = start
        self.mask_key = mask_key
        self.values: list[Parameter] = []
        self.suspects: list[Suspect] = []

    def text(self, value: str | None) -> str:
        """Bind a text of our own or of the caller's, to be read as text."""
        return self._bind(value, "text")

    def texts(self, values: Sequence[str | None]) -> str:
        """Bind a list of texts."""
        return self._bind(values, "text[]")

    def number(self, value: int) -> str:
        """Bind a whole number of our own, such as a limit."""
        return f"{self._bind(str(value), 'text')}::pg_catalog.int8"

    def literal(self, literal: Literal, type_: Type | None = None, *, reader: str = "{}") -> str:
        """Bind a literal and cast it to its type, or to `type_`; `reader` as in `Suspect`."""
        target = type_ or literal.type
        self.suspects.append(Suspect((literal,), target, reader))
        return cast(self._bind(literal.text, "text"), target)

    def literals(self, literals: Sequence[Literal], type_: Type) -> str:
        """Bind several literals as one array of a type that is no array itself."""
        self.suspects.append(Suspect(literals, type_))
        return _cast_list(self._bind([literal.text for literal in literals], "text[]"), type_)

    def named(self, name: str, type_: Type, at: str) -> str:
        """The name of an object of the database, such as a text search configuration, as a constant of its type.

        A parameter would be looked up when the statement runs, too late for an index on an expression that names it.
        """
        self.suspects.append(Suspect((Literal(name, type_, at),), type_))
        return f"{constant(name)}::{type_name(type_)}"

    def _bind(self, value: Parameter, type_: str) -> str:
        self.values.append(value)
        return f"${self._start + len(self.values)}::{type_}"


def _cast_list(sql: str, type_: Type) -> str:
    if type_.tag == "text":
        return sql
    if type_.tag == "money":
        return f"{sql}::pg_catalog.numeric[]::pg_catalog.money[]"
    if type_.tag == "regclass":
        return f"{sql}::pg_catalog.bpchar[]::pg_catalog.regclass[]"
    return f"{sql}::{type_name(type_)}[]"
