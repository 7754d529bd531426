"""Everyday conditions come to the same tree, with the same places, as the table of operators gives them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from pgmcp.domain.errors import ValidationError
from pgmcp.domain.filters.everyday import everyday
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.json import Number
from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import BOOL, DATE, INT4, JSONB, NUMERIC, TEXT, TIMESTAMPTZ, Type, array_of
from tests.fixtures.relations import relation
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import NOON, places

UUID_ = Type(name="uuid")
GOODS = relation(
    "goods",
    {
        "n": INT4,
        "price": NUMERIC,
        "name": TEXT,
        "sold": BOOL,
        "day": DATE,
        "at": TIMESTAMPTZ,
        "key": UUID_,
        "doc": JSONB,
        "tags": array_of(TEXT),
        "a.b": INT4,
    },
)
A_KEY = "6bce05df-9831-4a77-99a5-edc4f7abfbec"

EVERYDAY = [
    pytest.param("n", Number("5"), id="a number"),
    pytest.param("n", 5, id="a Python number"),
    pytest.param("n", "5", id="digits as text"),
    pytest.param("price", Number("1.50"), id="an exact number"),
    pytest.param("price", Decimal("1.50"), id="a Decimal"),
    pytest.param("name", "O'Brien", id="text"),
    pytest.param("sold", True, id="a truth value"),
    pytest.param("day", "2024-03-01", id="a date"),
    pytest.param("at", "2024-03-01T12:00:00Z", id="a moment"),
    pytest.param("key", A_KEY, id="a uuid"),
]
OTHER = [
    pytest.param("n", None, id="null"),
    pytest.param("n", "five", id="no number"),
    pytest.param("n", Number("1e40"), id="too large"),
    pytest.param("n", [Number("1")], id="a list"),
    pytest.param("n", {}, id="no operator"),
    pytest.param("n", {"in": [Number("1")]}, id="another operator"),
    pytest.param("n", {"gt": None}, id="an operator beside null"),
    pytest.param("n", {"gt": Number("1"), "lt": Number("5")}, id="two operators"),
    pytest.param("day", {"relative": "today"}, id="a period"),
    pytest.param("day", {"gte": {"relative": "today"}}, id="from a period on"),
    pytest.param("day", date(2024, 3, 1), id="a Python date"),
    pytest.param("key", UUID(A_KEY), id="a Python uuid"),
    pytest.param("name", "a\0b", id="text that PostgreSQL can't hold"),
    pytest.param("doc", "a", id="a document"),
    pytest.param("tags", "{a}", id="an array"),
    pytest.param("a.b", Number("1"), id="a name that isn't a plain word"),
    pytest.param("nn", Number("1"), id="an unknown column"),
]


@pytest.mark.parametrize("operator", ["eq", "ne", "gt", "gte", "lt", "lte"])
@pytest.mark.parametrize("name, value", EVERYDAY)
def test_operators(name: str, value: Any, operator: str) -> None:
    """A modifier that changes nothing keeps a condition from being an everyday one: the trees are equal."""
    found = everyday(name, {operator: value}, GOODS, "filters")
    slow = parse({name: {operator: value, "case_sensitive": True}}, GOODS, NOON)
    assert found is not None
    assert found == slow == parse({name: {operator: value}}, GOODS, NOON)
    assert places(found) == places(slow) == [f"filters.{name}.{operator}"]


@cases("name, value", EVERYDAY)
def test_bare_values(name: str, value: Any) -> None:
    """They mean `eq`, and stand at the column's own place."""
    found = everyday(name, value, GOODS, "filters.or[1]")
    assert found == parse({name: {"eq": value, "negate": False}}, GOODS, NOON)
    assert found is not None
    assert places(found) == [f"filters.or[1].{name}"]


@cases("name, value", OTHER)
def test_others(name: str, value: Any) -> None:
    """What isn't everyday, or is wrong, is left to the table."""
    assert everyday(name, value, GOODS, "filters") is None


def test_a_masked_column() -> None:
    """Its values are not compared with anything."""
    columns = tuple(evolve(each, mask=Mask.FULL) if each.name == "n" else each for each in GOODS.columns)
    masked: Relation = evolve(GOODS, columns=columns)
    assert everyday("n", Number("1"), masked, "filters") is None


def test_they_are_counted() -> None:
    """A filter has no more of them than of others."""
    with pytest.raises(ValidationError, match="conditions") as caught:
        parse({"and": [{"n": Number("1")} for _ in range(1001)]}, GOODS, NOON)
    assert caught.value.path == "filters.and[1000].n"
