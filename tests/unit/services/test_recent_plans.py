"""Plans of reads that come again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pgmcp.domain.json import Number
from pgmcp.domain.plans import Bounds, Page, Select
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.requests import ReadRequest
from pgmcp.domain.values.types import INT4
from pgmcp.services.recent_plans import RecentPlans


def a_relation() -> Relation:
    """A table, another object each time."""
    return Relation(name=Name("public", "t"), kind=RelationKind.TABLE, columns=(Column(name="id", type=INT4),))


def a_plan(relation: Relation) -> Select:
    """Some plan of it."""
    return Select(relation=relation, columns=("id",), page=Page(limit=1), bounds=Bounds())


def test_the_same_request_has_the_same_plan() -> None:
    """By its relation, which another reading of the catalogue gives anew."""
    plans, relation, other = RecentPlans(), a_relation(), a_relation()
    request = ReadRequest(table="t", filters={"id": 1})
    plan = a_plan(relation)
    plans.put(plans.place(request, relation), plan)
    same = ReadRequest(table="t", filters={"id": 1})
    assert plans.get(plans.place(same, relation), relation) is plan
    assert plans.get(plans.place(same, other), other) is None


@pytest.mark.parametrize(
    "other",
    [
        {"filters": {"id": 2}},
        {"filters": {"id": True}},
        {"filters": {"id": 1.0}},
        {"filters": {"id": "1"}},
        {"filters": {"id": [1]}},
        {"filters": {"id": None}},
        {"filters": {"id": float("nan")}},
        {"filters": {"id ": 1}},
        {"columns": ["id"]},
        {"order_by": "id"},
        {"order_by": ["id"]},
        {"ascending": False},
        {"limit": 1},
        {"offset": 1},
    ],
)
def test_whatever_differs_is_another_place(other: dict[str, Any]) -> None:
    """Values of other types too, though they be equal."""
    plans, relation = RecentPlans(), a_relation()
    said: dict[str, Any] = {"table": "t", "filters": {"id": 1}}
    assert plans.place(ReadRequest(**said), relation) != plans.place(ReadRequest(**said | other), relation)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(ReadRequest(table="t", cursor="x"), id="a cursor"),
        pytest.param(ReadRequest(table="t", filters={"id": Decimal(1)}), id="a value that is no plain one"),
        pytest.param(ReadRequest(table="t", filters={"id": Number("1.50")}), id="a number as it was spelt"),
        pytest.param(ReadRequest(table="t", filters={"id": {"in": list(range(1000))}}), id="a long list"),
    ],
)
def test_some_are_planned_each_time(request_: ReadRequest) -> None:
    """What says more than its values do, and what would take much room."""
    assert RecentPlans().place(request_, a_relation()) is None


def test_the_oldest_goes_first() -> None:
    """There are never more than are wanted."""
    plans, relation = RecentPlans(most=2), a_relation()
    requests = [ReadRequest(table="t", offset=offset) for offset in range(3)]
    for request in requests:
        plans.put(plans.place(request, relation), a_plan(relation))
    kept = [plans.get(plans.place(request, relation), relation) is not None for request in requests]
    assert kept == [False, True, True]
