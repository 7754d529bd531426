"""Statements of everyday reads are kept: what is given again is what would be written anew."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.adapters.postgres.fingerprints import Fingerprints
from pgmcp.adapters.postgres.kept_reads import shape_of
from pgmcp.adapters.postgres.wire.dialect import ANY, Dialect
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.filters.tree import EVERYTHING, Literal
from pgmcp.domain.order import parse_order
from pgmcp.domain.plans import Bounds, Page, Select
from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import INT4, JSONB, TEXT
from tests.fixtures.relations import relation
from tests.fixtures.walked import cases

NOON = Moment(datetime(2026, 3, 13, 12, tzinfo=UTC))
GOODS = relation("goods", {"id": INT4, "n": INT4, "name": TEXT, "doc": JSONB})


def builder(dialect: Dialect = ANY) -> QueryBuilder:
    """One that has kept nothing."""
    return QueryBuilder(SystemClock(), lambda: b"secret", lambda: dialect)


def reading(filters: dict[str, Any], order: Any = None, of: Relation = GOODS, **more: Any) -> Select:
    """A read's plan."""
    orders, keyed = parse_order(order, True, of)
    return Select(
        relation=of,
        columns=more.pop("columns", ("id", "name")),
        filter=parse(filters, of, NOON) if filters else EVERYTHING,
        order=orders,
        keyed=keyed,
        **{"page": Page(limit=10), "bounds": Bounds(), **more},
    )


EVERYDAY = [
    pytest.param(reading({}), id="everything"),
    pytest.param(reading({"id": 1}), id="by key"),
    pytest.param(reading({"id": 1, "name": "O'Brien"}), id="by key and more"),
    pytest.param(reading({"n": {"gte": 5}, "name": {"ne": "x"}}), id="operators"),
    pytest.param(reading({"n": 5}, "-n"), id="an order"),
    pytest.param(reading({"n": 5}, ["name", "-id"], columns=("doc",)), id="keys beside"),
    pytest.param(reading({"n": 5}, page=Page(limit=3, offset=6)), id="an offset"),
    pytest.param(reading({"id": 5}, page=Page(limit=3, offset=6)), id="an offset of one row"),
    pytest.param(reading({"n": 5}, bounds=Bounds(max_rows=2, max_bytes=99)), id="bounds"),
    pytest.param(reading({"id": 5}, of=evolve(GOODS, runs_code=True)), id="code of the database's"),
]
OTHER = [
    pytest.param(reading({"or": [{"n": 1}, {"n": 2}]}), id="or"),
    pytest.param(reading({"not": {"n": 1}}), id="not"),
    pytest.param(reading({"n": {"in": [1, 2]}}), id="another operator"),
    pytest.param(reading({"n": None}), id="null"),
    pytest.param(reading({"n": {"distinct_from": None}}), id="distinct from null"),
    pytest.param(reading({"name": {"eq": "x", "case_sensitive": False}}), id="folded"),
    pytest.param(reading({"doc.a": 1}), id="a path"),
    pytest.param(reading({}, "doc.a"), id="an order by a path"),
    pytest.param(reading({}, page=Page(limit=1, after=(Literal("1", INT4),))), id="a page behind a row"),
]


@cases("plan", EVERYDAY)
def test_what_is_kept_is_what_would_be_written(plan: Select) -> None:
    """For the same plan, and for one with other values and another limit."""
    kept = builder()
    kept.select(plan)
    page = evolve(plan.page, limit=plan.page.limit + 1)
    for again in (plan, evolve(plan, page=page)):
        found, fresh = kept.select(again), builder().select(again)
        assert evolve(found, shown=fresh.shown) == fresh
        assert found.suspects() == fresh.suspects()
        assert found.statement.dirties is plan.relation.runs_code
        assert found.shown.columns == fresh.shown.columns
        assert found.statement.fingerprint == Fingerprints().of(fresh.statement.text)


def test_values_are_put_in_anew() -> None:
    """The text stays the very same object, which drivers know their prepared statements by."""
    kept = builder()
    first = kept.select(reading({"id": 1, "name": "a"}))
    second = kept.select(reading({"id": 22, "name": "b"}))
    assert second.statement.text is first.statement.text
    assert (first.statement.parameters, second.statement.parameters) == (("1", "a"), ("22", "b"))
    assert [each.literals[0].text for each in second.suspects()] == ["22", "b"]


@cases("plan", OTHER)
def test_other_plans_are_written_each_time(plan: Select) -> None:
    """Their shape takes longer to tell."""
    assert shape_of(plan) is None


@cases(
    "one, other",
    [
        pytest.param(reading({"n": 1}), reading({"id": 1}), id="columns of conditions"),
        pytest.param(reading({"n": 1}), reading({"n": {"gt": 1}}), id="operators"),
        pytest.param(reading({"n": 1}), reading({"n": 1}, "-id"), id="orders"),
        pytest.param(reading({}, {"column": "n", "nulls": "first"}), reading({}, "n"), id="where nulls stand"),
        pytest.param(reading({}), reading({}, columns=("id",)), id="columns"),
        pytest.param(reading({}), reading({}, page=Page(limit=10, offset=1)), id="offset"),
        pytest.param(reading({}), reading({}, bounds=Bounds(max_bytes=1)), id="bytes"),
        pytest.param(reading({"n": 1}), reading({"n": 1}, of=evolve(GOODS)), id="another reading of the catalogue"),
    ],
)
def test_shapes_differ_where_texts_may(one: Select, other: Select) -> None:
    """So that no text is given for another plan."""
    assert shape_of(one) != shape_of(other)


def test_another_server_writes_json_otherwise() -> None:
    """A text that was written for one is not given for another."""
    spoken = [ANY]
    kept = QueryBuilder(SystemClock(), bytes, lambda: spoken[0])
    plan = reading({"id": 1}, columns=("doc",))
    kept.select(plan)
    spoken[0] = evolve(ANY)
    assert kept.select(plan).shown.dialect is spoken[0]


def test_a_mask_with_a_secret_is_bound_each_time() -> None:
    """A statement that holds other values than its plan's is not kept."""
    columns = tuple(evolve(each, mask=Mask.HASH) if each.name == "name" else each for each in GOODS.columns)
    masked = evolve(GOODS, columns=columns, seen_as="policy.tables[0]")
    kept = builder()
    plan = reading({"id": 1}, of=masked)
    assert kept.select(plan).statement.parameters == kept.select(plan).statement.parameters
    assert len(kept.select(plan).statement.parameters) > 1
