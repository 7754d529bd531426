"""Statements of everyday writes are kept: what is given again is what would be written anew."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.adapters.postgres.kept_changes import shape_of_delete, shape_of_insert, shape_of_update
from pgmcp.adapters.postgres.wire.dialect import ANY
from pgmcp.adapters.postgres.written import Written
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.filters.tree import EVERYTHING, Filter, Literal
from pgmcp.domain.plans import Assignment, Batch, Bounds, ConflictAction, Delete, Insert, OnConflict, Update
from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.records import assignments
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import INT4, JSONB, TEXT
from pgmcp.ports.driver import Statement
from tests.fixtures.relations import relation
from tests.fixtures.walked import cases

NOON = Moment(datetime(2026, 3, 13, 12, tzinfo=UTC))
GOODS = relation("goods", {"id": INT4, "n": INT4, "name": TEXT, "doc": JSONB})
UPSERT = OnConflict(action=ConflictAction.UPDATE, target=("id",), update=("n",))

Change = Update | Delete | tuple[Insert, Batch]


def builder() -> QueryBuilder:
    """One that has kept nothing."""
    return QueryBuilder(SystemClock(), lambda: b"secret")


def changing(data: dict[str, Any], filters: dict[str, Any], of: Relation = GOODS, **more: Any) -> Update:
    """An update's plan."""
    given = {"max_rows": 10, "bounds": Bounds(), **more}
    return Update(relation=of, assignments=assignments(data, of), filter=parse(filters, of, NOON), **given)


def removing(filters: dict[str, Any], of: Relation = GOODS, **more: Any) -> Delete:
    """A removal's plan."""
    return Delete(relation=of, filter=parse(filters, of, NOON), **{"max_rows": 10, "bounds": Bounds(), **more})


def adding(columns: tuple[str, ...], *rows: tuple[str | None, ...], of: Relation = GOODS, **more: Any) -> Change:
    """An insert's plan, and its rows."""
    return Insert(relation=of, **{"bounds": Bounds(), **more}), Batch(columns=columns, rows=rows)


def written(by: QueryBuilder, change: Change) -> Written:
    """The statement of a change."""
    match change:
        case Update():
            return by.update(change)
        case Delete():
            return by.delete(change)
        case plan, batch:
            return by.insert(plan, batch)


def shape(change: Change) -> Hashable | None:
    """The shape of a change."""
    match change:
        case Update():
            told = shape_of_update(change)
            return None if told is None else told[0]
        case Delete():
            told = shape_of_delete(change)
            return None if told is None else told[0]
        case plan, batch:
            return shape_of_insert(plan, batch)


CODE = evolve(GOODS, runs_code=True)
# Each with another of its shape.
EVERYDAY = [
    pytest.param(changing({"n": 1}, {"id": 1}), changing({"n": 2}, {"id": 3}, max_rows=4), id="update by key"),
    pytest.param(changing({"n": None}, {"id": 1}), changing({"n": 7}, {"id": 1}), id="update to null"),
    pytest.param(
        changing({"name": "a", "doc": {"x": 1}}, {"n": {"gt": 1}, "name": {"ne": "b"}}),
        changing({"name": "c", "doc": []}, {"n": {"gt": 5}, "name": {"ne": "d"}}),
        id="update of several",
    ),
    pytest.param(
        changing({"n": 1}, {"id": 1}, returning=("id", "doc")),
        changing({"n": 1}, {"id": 2}, returning=("id", "doc"), bounds=Bounds(max_rows=3)),
        id="update that gives back",
    ),
    pytest.param(changing({"n": 1}, {"id": 1}, CODE), changing({"n": 2}, {"id": 2}, CODE), id="update that runs code"),
    pytest.param(removing({"id": 1}), removing({"id": 2}, max_rows=1), id="delete by key"),
    pytest.param(removing({"id": 1}, returning=("n",)), removing({"id": 2}, returning=("n",)), id="delete giving back"),
    pytest.param(adding(("id", "n"), ("1", "2")), adding(("id", "n"), ("3", None)), id="insert"),
    pytest.param(
        adding(("id",), ("1",), ("2",), returning=("id",)),
        adding(("id",), ("3",), (None,), ("5",), returning=("id",), bounds=Bounds(max_rows=9)),
        id="insert of several",
    ),
    pytest.param(
        adding(("id", "n"), ("1", "2"), on_conflict=UPSERT),
        adding(("id", "n"), ("3", "4"), on_conflict=UPSERT),
        id="insert or update",
    ),
    pytest.param(adding(("id",), ("1",), of=CODE), adding(("id",), ("2",), of=CODE), id="insert that runs code"),
]
CHECK: Filter = parse({"n": 1}, GOODS, NOON)
OTHER = [
    pytest.param(changing({"n": 1}, {"or": [{"n": 1}, {"n": 2}]}), id="or"),
    pytest.param(changing({"n": 1}, {"n": {"in": [1, 2]}}), id="another operator"),
    pytest.param(changing({"n": 1}, {"id": 1}, check=CHECK), id="update with a check"),
    pytest.param(
        evolve(changing({"n": 1}, {"id": 1}), assignments=(Assignment(column="n", value=Literal("1", TEXT)),)),
        id="a value of another type",
    ),
    pytest.param(removing({"doc.a": 1}), id="delete by a path"),
    pytest.param(adding(("id",), ("1",), check=CHECK), id="insert with a check"),
    pytest.param(adding((), ()), id="defaults alone"),
]


@cases("one, other", EVERYDAY)
def test_what_is_kept_is_what_would_be_written(one: Change, other: Change) -> None:
    """For the same plan, and for another of its shape; the text stays the very same object, which drivers know."""
    kept = builder()
    first = written(kept, one)
    for again in (one, other):
        found, fresh = written(kept, again), written(builder(), again)
        assert found.statement.text is first.statement.text
        assert evolve(found, shown=fresh.shown) == fresh
        assert found.suspects() == fresh.suspects()
        assert found.shown.columns == fresh.shown.columns
        plan = again[0] if isinstance(again, tuple) else again
        assert found.statement.dirties is plan.relation.runs_code


@pytest.mark.parametrize("change", OTHER)
def test_other_plans_are_written_each_time(change: Change) -> None:
    """Their shape takes longer to tell."""
    assert shape(change) is None


@pytest.mark.parametrize("one, other", [each for each in EVERYDAY if not isinstance(each.values[0], tuple)])
def test_plans_that_differ_in_their_values_have_one_shape(one: Update | Delete, other: Update | Delete) -> None:
    """Their caps are bound too."""
    assert shape(one) == shape(other)


@cases(
    "one, other",
    [
        pytest.param(changing({"n": 1}, {"id": 1}), changing({"id": 1}, {"id": 1}), id="columns that are set"),
        pytest.param(changing({"n": 1}, {"id": 1}), changing({"n": 1}, {"n": 1}), id="columns of conditions"),
        pytest.param(changing({"n": 1}, {"id": 1}), changing({"n": 1, "id": 1}, {}), id="set or compared"),
        pytest.param(changing({"n": 1}, {"id": 1}), changing({"n": 1}, {"id": {"gt": 1}}), id="operators"),
        pytest.param(changing({"n": 1}, {"id": 1}), changing({"n": 1}, {"id": 1}, returning=("n",)), id="given back"),
        pytest.param(
            changing({"n": 1}, {"id": 1}), changing({"n": 1}, {"id": 1}, bounds=Bounds(max_bytes=1)), id="bytes"
        ),
        pytest.param(changing({"n": 1}, {"id": 1}), changing({"n": 1}, {"id": 1}, evolve(GOODS)), id="another reading"),
        pytest.param(removing({"id": 1}), removing({"n": 1}), id="what is removed"),
        pytest.param(adding(("id",), ("1",)), adding(("id",), ("1",), ("2",)), id="one row or several"),
        pytest.param(adding(("id",), ("1",)), adding(("n",), ("1",)), id="columns of a row"),
        pytest.param(adding(("id",), ("1",)), adding(("id",), ("1",), on_conflict=UPSERT), id="what a key finds"),
    ],
)
def test_shapes_differ_where_texts_may(one: Change, other: Change) -> None:
    """So that no text is given for another plan."""
    assert shape(one) != shape(other)


def test_another_server_writes_json_otherwise() -> None:
    """A text that was written for one is not given for another."""
    spoken = [ANY]
    kept = QueryBuilder(SystemClock(), bytes, lambda: spoken[0])
    plan = changing({"n": 1}, {"id": 1}, returning=("doc",))
    kept.update(plan)
    spoken[0] = evolve(ANY)
    assert kept.update(plan).shown.dialect is spoken[0]


def test_a_mask_with_a_secret_is_bound_each_time() -> None:
    """A statement that holds other values than its plan's is not kept."""
    columns = tuple(evolve(each, mask=Mask.HASH) if each.name == "name" else each for each in GOODS.columns)
    masked = evolve(GOODS, columns=columns, seen_as="policy.tables[0]")
    kept = builder()
    plan = changing({"n": 1}, {"id": 1}, masked, returning=("name",))
    first, second = kept.update(plan), kept.update(plan)
    assert first.statement == second.statement
    assert len(first.statement.parameters) > len(kept.update(changing({"n": 1}, {"id": 1})).statement.parameters) + 1


def test_everything_may_be_changed() -> None:
    """A filter that holds for all rows is as everyday as others."""
    plan = Delete(relation=GOODS, filter=EVERYTHING, max_rows=1, bounds=Bounds())
    assert shape_of_delete(plan) is not None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(changing({"n": 1, "name": "x"}, {"id": 7}), id="update"),
        pytest.param(changing({"n": None}, {"id": 7, "name": "y"}), id="update to NULL"),
        pytest.param(removing({"id": 7}), id="delete"),
    ],
)
def test_a_known_change_is_the_same_statement(change: Update | Delete) -> None:
    """It is not known before it has been written once; then it is what would be written."""
    kept = builder()
    before = known(kept, change)
    assert (before, known(kept, change)) == (None, None)
    assert written(kept, change).statement == known(kept, change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(changing({"n": 1}, {"id": 1}, returning=("n",)), id="rows come back"),
        pytest.param(changing({"n": 1}, {"name": {"in": ["x", "y"]}}), id="no everyday condition"),
    ],
)
def test_what_is_more_than_a_text_is_not_known(change: Update | Delete) -> None:
    """Its columns, or its other values, have to be told too."""
    kept = builder()
    written(kept, change)
    assert known(kept, change) is None


def known(by: QueryBuilder, change: Update | Delete) -> Statement | None:
    """The statement of a change whose text is kept."""
    return by.known(change, shape_of_update(change) if isinstance(change, Update) else shape_of_delete(change))
