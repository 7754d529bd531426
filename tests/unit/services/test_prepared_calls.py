"""Calls that come again: where they are kept, and how many."""

from __future__ import annotations

import gc
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from weakref import ref

import pytest
from attrs import evolve

from pgmcp.domain.json import Number
from pgmcp.domain.plans import Bounds, Page, Select
from pgmcp.domain.policy.views import EVERYTHING_SEEN, View
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.requests import ReadRequest
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse, ResponseBase
from pgmcp.domain.results import NativeRows, Result, WireRows
from pgmcp.domain.values.types import INT4
from pgmcp.services.prepared_calls import LastAnswer, Place, PreparedCall, PreparedCalls, arguments_at
from tests.fixtures.walked import cases

RELATION = Relation(name=Name("public", "t"), kind=RelationKind.TABLE, columns=(Column(name="id", type=INT4),))
SAID: dict[str, Any] = {"table": "t", "filters": {"id": 1}}


def place_of(arguments: Any, view: View = EVERYTHING_SEEN, tool: str = "read_table") -> Place:
    """Where a call is kept."""
    place = PreparedCalls(most=9).place(tool, arguments, view)
    assert place is not None
    return place


def a_call() -> PreparedCall:
    """Some call that was prepared."""
    plan = Select(relation=RELATION, columns=("id",), page=Page(limit=1), bounds=Bounds())
    return PreparedCall(
        request=ReadRequest(table="t"), plan=plan, authorised=plan, verdict=None, leaves_something=False
    )


@pytest.mark.parametrize(
    "arguments", [pytest.param(SAID, id="a mapping"), pytest.param(json.dumps(SAID).encode(), id="a text")]
)
def test_the_same_call_has_the_same_place(arguments: Any) -> None:
    """And its arguments are found there again."""
    calls, prepared = PreparedCalls(most=9), a_call()
    calls.put(place_of(arguments), prepared)
    assert calls.get(place_of(arguments)) is prepared
    assert arguments_at(place_of(arguments)) == arguments


@cases(
    "other",
    [
        {"table": "T"},
        {"filters": {"id": 2}},
        {"filters": {"id": True}},
        {"filters": {"id": 1.0}},
        {"filters": {"id": "1"}},
        {"filters": {"id": [1]}},
        {"filters": {"id": (1,)}},
        {"filters": {"id": None}},
        {"filters": {"id": float("nan")}},
        {"filters": {"id ": 1}},
        {"columns": ["id"]},
        {"order_by": "id"},
        {"limit": 1},
        {"timeout_ms": 1},
    ],
)
def test_whatever_differs_is_another_place(other: dict[str, Any]) -> None:
    """Values of other types too, though they be equal."""
    assert place_of(SAID) != place_of(SAID | other)


def test_no_text_stands_for_a_mapping() -> None:
    """Whatever a caller sends as a text, it can't be found where another's mapping is."""
    mapping = place_of(SAID)
    assert place_of(mapping[2]) != mapping


def test_each_view_and_tool_has_its_own() -> None:
    """Views that say the same are two all the same."""
    places = [place_of(SAID), place_of(SAID, View()), place_of(SAID, View()), place_of(SAID, tool="execute_query")]
    assert len(set(places)) == len(places)


def test_what_is_kept_is_nobody_elses() -> None:
    """A caller that changes its mapping afterwards changes nothing here."""
    members = [1]
    place = place_of({"table": "t", "filters": {"id": members}})
    members.append(2)
    assert arguments_at(place) == {"table": "t", "filters": {"id": [1]}}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"filters": {"id": Decimal(1)}}, id="a value that is no plain one"),
        pytest.param({"filters": {"id": Number("1.50")}}, id="a number as it was spelt"),
        pytest.param({"filters": {"id": {"in": list(range(1000))}}}, id="a long list"),
        pytest.param(b'{"table":"' + b"t" * 2048 + b'"}', id="a long text"),
    ],
)
def test_some_are_not_kept(arguments: Any) -> None:
    """What says more than its values do, and what would take much room."""
    assert PreparedCalls(most=9).place("read_table", arguments, EVERYTHING_SEEN) is None


def test_the_least_recently_used_goes_first() -> None:
    """There are never more than are wanted."""
    calls = PreparedCalls(most=2)
    first, second, third = (place_of({"table": name}) for name in "abc")
    calls.put(first, a_call())
    calls.put(second, a_call())
    calls.get(first)
    calls.put(third, a_call())
    assert [calls.get(place) is not None for place in (first, second, third)] == [True, False, True]


def test_none_are_kept_where_none_are_wanted() -> None:
    """By the setting."""
    assert PreparedCalls(most=0).place("read_table", SAID, EVERYTHING_SEEN) is None


KEPT = Result(rows=WireRows.of(("[7]",)), count=1, as_of=datetime(2026, 5, 6, tzinfo=UTC))
ANSWER = DataResponse(columns=("id",), types=("int4",), data=KEPT.rows, count=1)


def test_a_result_that_is_kept_has_its_answer() -> None:
    """The very same result, not one that is equal."""
    answer = LastAnswer()
    assert answer.by(KEPT) is None
    answer.note(KEPT, ANSWER)
    assert answer.by(KEPT) is ANSWER
    assert answer.by(evolve(KEPT)) is None


@pytest.mark.parametrize(
    "result, response",
    [
        pytest.param(evolve(KEPT, as_of=None), ANSWER, id="a fresh result"),
        pytest.param(evolve(KEPT, rows=NativeRows(((7,),))), ANSWER, id="values of Python"),
        pytest.param(KEPT, evolve(ANSWER, next_cursor="sealed"), id="a cursor"),
        pytest.param(KEPT, AcknowledgementResponse(count=1), id="no rows"),
        pytest.param([KEPT], ANSWER, id="something else"),
    ],
)
def test_other_answers_are_made_each_time(result: Any, response: ResponseBase) -> None:
    """What is of one moment, or of one caller."""
    answer = LastAnswer()
    answer.note(result, response)
    assert answer.by(result) is None


def test_an_answer_goes_with_its_result() -> None:
    """What the cache has dropped is held by nobody."""
    answer, result = LastAnswer(), evolve(KEPT, rows=WireRows.of(("[8]",)))
    answer.note(result, evolve(ANSWER, data=result.rows))
    held = ref(result.rows)
    del result
    gc.collect()
    assert held() is None


def test_the_end_of_an_older_result_leaves_the_answer() -> None:
    """Only its own ends it."""
    answer, older = LastAnswer(), evolve(KEPT)
    answer.note(older, ANSWER)
    answer.note(KEPT, ANSWER)
    del older
    gc.collect()
    assert answer.by(KEPT) is ANSWER
