"""Short ways to read a filter and to say what is expected of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from pgmcp.domain import json
from pgmcp.domain.errors import ValidationError
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.filters.tree import And, Compare, Comparison, Filter, Literal, Not, Operand, Or, View
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import JSONB, NUMERIC, TEXT, Type
from tests.fixtures.relations import THINGS

NOON = Moment(datetime(2024, 3, 13, 12, 30, 15, 250000, tzinfo=UTC))  # a Wednesday


def tree(text: str, relation: Relation = THINGS, moment: Moment = NOON) -> Filter:
    """The tree of a filter in JSON, read as the wire is read."""
    return parse(json.loads(text), relation, moment)


def refusal(filters: Any, relation: Relation = THINGS) -> dict[str, Any]:
    """The whole answer to a filter that is refused."""
    with pytest.raises(ValidationError) as caught:
        parse(json.loads(filters) if isinstance(filters, str) else filters, relation, NOON)
    return caught.value.document()


def places(found: Filter) -> list[str]:
    """Where each literal of a tree says that it stands."""
    return list(_places(found))


def _places(part: Any) -> Iterator[str]:
    match part:
        case Literal():
            yield part.at
        case And(parts) | Or(parts) | tuple(parts):
            for inner in parts:
                yield from _places(inner)
        case Not(inner):
            yield from _places(inner)
        case Operand():
            return
        case _ if attrs.has(type(part)):
            for name in attrs.fields_dict(type(part)):
                yield from _places(getattr(part, name))


def column(name: str, type_: Type) -> Operand:
    """A column itself."""
    return Operand(column=name, type=type_)


def document(name: str, *path: str | int) -> Operand:
    """The jsonb at a place."""
    return Operand(column=name, type=JSONB, path=path)


def text_at(name: str, *path: str | int) -> Operand:
    """The text at a place."""
    return Operand(column=name, type=TEXT, path=path, view=View.TEXT)


def number_at(name: str, *path: str | int) -> Operand:
    """The number at a place."""
    return Operand(column=name, type=NUMERIC, path=path, view=View.NUMBER)


def compare(operand: Operand, op: str, text: str, type_: Type | None = None, *, fold: bool = False) -> Compare:
    """A comparison with a literal of the operand's type, or of another."""
    return Compare(operand=operand, op=Comparison(op), value=Literal(text, type_ or operand.type), fold=fold)
