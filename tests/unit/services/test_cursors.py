"""Cursors."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import ValidationError
from pgmcp.domain.json import Number
from pgmcp.domain.requests import DescribeTableRequest, ListTablesRequest, ReadRequest, RequestBase
from pgmcp.services.cursors import Cursors, Place
from tests.fixtures.walked import cases
from tests.unit.house import NOON, House


class Glass:
    """A sealer that can be looked through."""

    def seal(self, text: bytes, bound_to: bytes) -> str:
        """Both, in hexadecimal digits."""
        return f"{bound_to.hex()}.{text.hex()}"

    def open(self, sealed: str, bound_to: bytes) -> bytes | None:
        """The text, if it is bound to the same."""
        bound, _, text = sealed.partition(".")
        return bytes.fromhex(text) if bound == bound_to.hex() else None


CURSORS = Cursors(Glass())
CALL = House({}).call()
REQUEST = ReadRequest(table="t", filters={"a": Number("1"), "b": {"in": [1, 2]}}, order_by=["a", {"column": "b"}])
PLACE = Place(key=("1", None), moment=NOON)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(evolve(REQUEST, cursor="x"), id="the cursor itself"),
        pytest.param(evolve(REQUEST, limit=7), id="another length"),
        pytest.param(evolve(REQUEST, offset=7), id="an offset"),
        pytest.param(evolve(REQUEST, timeout_ms=7), id="another deadline"),
        pytest.param(
            evolve(REQUEST, filters={"b": {"in": (1, 2)}, "a": Number("1")}), id="the same filter, written otherwise"
        ),
    ],
)
def test_what_may_differ(request_: ReadRequest) -> None:
    """From page to page."""
    assert CURSORS.open(CURSORS.make(PLACE, REQUEST, CALL), request_, CALL) == PLACE


@cases(
    "request_, call",
    [
        pytest.param(evolve(REQUEST, table="u"), CALL, id="another table"),
        pytest.param(evolve(REQUEST, schema="s"), CALL, id="another schema"),
        pytest.param(evolve(REQUEST, columns=["a"]), CALL, id="other columns"),
        pytest.param(evolve(REQUEST, ascending=False), CALL, id="turned round"),
        pytest.param(evolve(REQUEST, order_by=["a"]), CALL, id="another order"),
        pytest.param(evolve(REQUEST, order_by=[{"column": "b"}, "a"]), CALL, id="the order's keys turned round"),
        pytest.param(evolve(REQUEST, filters={"a": "1", "b": {"in": [1, 2]}}), CALL, id="a text for a number"),
        pytest.param(evolve(REQUEST, filters={"a": Number("1"), "b": {"in": [2, 1]}}), CALL, id="another list"),
        pytest.param(REQUEST, evolve(CALL, principal=Principal("other")), id="another principal"),
        pytest.param(REQUEST, evolve(CALL, tool="other"), id="another tool"),
    ],
)
def test_what_may_not_differ(request_: ReadRequest, call: Any) -> None:
    """A cursor belongs to its principal and its request."""
    cursor = CURSORS.make(PLACE, REQUEST, CALL)
    with pytest.raises(ValidationError) as caught:
        CURSORS.open(cursor, request_, call)
    assert caught.value.document() == {
        "type": "validation_error",
        "code": "cursor_invalid",
        "message": "the cursor is not one that this server gave for this request",
        "hint": "Repeat the arguments of the first page beside next_cursor, or start again without a cursor.",
        "retry": "fix_input",
        "details": {"path": "cursor"},
    }


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(ListTablesRequest(search="x"), id="list_tables"),
        pytest.param(DescribeTableRequest(table="t"), id="describe_table"),
    ],
)
def test_every_request_that_pages(request_: RequestBase[Any]) -> None:
    """Without a moment where no time is spoken of."""
    place = Place(key=("public", "t"))
    assert CURSORS.open(CURSORS.make(place, request_, CALL), request_, CALL) == place


def test_half_of_a_pair_in_an_argument() -> None:
    """A program's own text that has no bytes is bound as well as any."""
    request = ReadRequest(table="\ud83d")
    assert CURSORS.open(CURSORS.make(PLACE, request, CALL), request, CALL) == PLACE
