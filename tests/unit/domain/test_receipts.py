"""Receipts: what makes two askings the same, and results that are kept as text."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest

from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.receipts import Kept, answer_under, decoded, encoded, receipt_for
from pgmcp.domain.requests import CreateRequest, DeleteRequest
from pgmcp.domain.results import Form, NativeRows, Result, ResultColumn, Truncation, WireRows
from pgmcp.domain.values.typed import type_from, type_of
from pgmcp.domain.values.types import INT8, JSONB, NUMERIC, TEXT, TIMESTAMPTZ, Attribute, Kind, Type, array_of
from tests.fixtures.walked import cases

MOOD = Type(name="mood", schema="public", kind=Kind.ENUM, labels=("sad", "ok"))
PAIR = Type(name="pair", schema="public", kind=Kind.COMPOSITE, attributes=(Attribute("a", INT8), Attribute("b", MOOD)))
COLUMNS = tuple(
    ResultColumn(f"c{number}", type_)
    for number, type_ in enumerate([INT8, NUMERIC, TEXT, TIMESTAMPTZ, JSONB, array_of(INT8), MOOD, PAIR])
)
MOMENT = datetime(2026, 5, 6, 12, tzinfo=UTC)
NATIVE = (
    2**62,
    Decimal("1.50"),
    'a "quoted" text',
    MOMENT,
    {"n": [1, None]},
    [1, None, 3],
    "ok",
    {"a": 7, "b": "sad"},
)
WIRE = (
    '["4611686018427387904",1.50,"a \\"quoted\\" text","2026-05-06T12:00:00+00:00",{"n":[1,null]},[1,null,3],"ok",'
    '{"a":7,"b":"sad"}]'
)

ANA = Principal("ana")


def result(rows: WireRows | NativeRows) -> Result:
    """A result of one row."""
    return Result(columns=COLUMNS, rows=rows, count=3, more=True, truncated=Truncation.ROWS)


@cases("type_", [pytest.param(each.type, id=each.type.display) for each in COLUMNS])
def test_a_type_is_kept_wholly(type_: Type) -> None:
    """With whatever it is made of."""
    again = type_from(type_of(type_))
    assert (again, again.kind, again.labels, again.attributes, again.element) == (
        type_,
        type_.kind,
        type_.labels,
        type_.attributes,
        type_.element,
    )


@pytest.mark.parametrize("form", [pytest.param(Form.WIRE, id="as it was"), pytest.param(Form.NATIVE, id="as values")])
def test_wire_rows_are_kept_as_they_were(form: Form) -> None:
    """To the letter, and as Python values for who wants those."""
    kept = encoded(result(WireRows.of((WIRE,))))
    rows = WireRows.of((WIRE,)) if form is Form.WIRE else NativeRows((NATIVE,))
    assert decoded(kept, form) == result(rows)


def test_native_rows_are_kept_by_value() -> None:
    """Equal when they are given again."""
    kept = encoded(result(NativeRows((NATIVE,))))
    assert decoded(kept, Form.NATIVE) == result(NativeRows((NATIVE,)))
    assert isinstance(decoded(kept, Form.WIRE).rows, WireRows)


def test_two_askings_are_the_same() -> None:
    """Whatever order their objects have, however their numbers are written, and however long they may take."""
    asked = CreateRequest(table="t", data={"a": 1, "b": Decimal("1.50")}, idempotency_key="k")
    again = CreateRequest(table="t", data={"b": "1.50", "a": "1"}, timeout_ms=5, transaction_id="x")
    assert receipt_for("k", ANA, "create_record", asked) == receipt_for("k", ANA, "create_record", again)


@cases(
    "other",
    [
        pytest.param(("create_record", CreateRequest(table="t", data={"a": 2})), id="data"),
        pytest.param(("create_record", CreateRequest(table="u", data={"a": 1})), id="table"),
        pytest.param(("create_record", CreateRequest(table="t", data={"a": None})), id="nothing"),
        pytest.param(("create_record", CreateRequest(table="t", data={"a": "None"})), id="its name"),
        pytest.param(("create_record", CreateRequest(table="t", data={"a": True})), id="yes"),
        pytest.param(("create_record", CreateRequest(table="t", data={"a": [1]})), id="a list of it"),
        pytest.param(("create_record", CreateRequest(table="t", data={"a": 1, "b": []})), id="more"),
        pytest.param(("delete_records", DeleteRequest(table="t", filters={"a": 1})), id="tool"),
    ],
)
def test_two_askings_are_not(other: tuple[str, CreateRequest | DeleteRequest]) -> None:
    """As soon as anything differs: then the key was used for another request."""
    asked = receipt_for("k", ANA, "create_record", CreateRequest(table="t", data={"a": 1}))
    found = receipt_for("k", ANA, *other)
    with pytest.raises(PgmcpError) as caught:
        answer_under(Kept(digest=asked.digest, answer="{}"), found, Form.WIRE)
    assert caught.value.code.name == "idempotency_conflict"


@cases("one, other", list(combinations([None, "None", True, "True", "", [], {}, [[]], [{}], ["", ""]], 2)))
def test_what_is_told_apart(one: Any, other: Any) -> None:
    """A nothing and its name, a list and what it holds, an empty one and none."""
    asked, found = (
        receipt_for("k", ANA, "create_record", CreateRequest(table="t", data={"a": value})) for value in (one, other)
    )
    assert asked.digest != found.digest


def test_a_request_with_very_deep_values() -> None:
    """Deeper than Python's stack; what holds itself has no end, and is refused."""
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    asked, again = (receipt_for("k", ANA, "create_record", CreateRequest(table="t", data={"a": deep})) for _ in "12")
    assert asked == again
    deep[0][0].append(deep)
    with pytest.raises(PgmcpError) as caught:
        receipt_for("k", ANA, "create_record", CreateRequest(table="t", data={"a": deep}))
    assert caught.value.code.name == "out_of_range"


def test_another_tenants_asking_is_another() -> None:
    """The same name with other attributes sees other rows: it is not given the first one's answer."""
    request = CreateRequest(table="t", data={"a": 1})
    seven, again, eight = (
        receipt_for("k", Principal("ana", {"tenant": tenant}), "create_record", request) for tenant in (7, 7, 8)
    )
    assert seven == again
    with pytest.raises(PgmcpError) as caught:
        answer_under(Kept(digest=seven.digest, answer="{}"), eight, Form.WIRE)
    assert caught.value.code.name == "idempotency_conflict"


@pytest.mark.parametrize(
    "then, now",
    [
        pytest.param("", "a policy", id="a policy came"),
        pytest.param("a policy", "", id="it went"),
        pytest.param("a policy", "another", id="it changed"),
    ],
)
def test_an_answer_under_other_rules_is_not_given_again(then: str, now: str) -> None:
    """It may hold what they hide; nor is the write done once more."""
    request = CreateRequest(table="t", data={"a": 1})
    first, again = (receipt_for("k", ANA, "create_record", request, view) for view in (then, now))
    for answer in ("{}", None):
        with pytest.raises(PgmcpError) as caught:
            answer_under(Kept(digest=first.digest, answer=answer), again, Form.WIRE)
        assert (caught.value.code.name, "others now" in caught.value.message) == ("idempotency_conflict", True)


def test_an_answer_that_is_still_to_come() -> None:
    """Is to be asked for later."""
    asked = receipt_for("k", ANA, "create_record", CreateRequest(table="t", data={"a": 1}))
    with pytest.raises(PgmcpError) as caught:
        answer_under(Kept(digest=asked.digest, answer=None), asked, Form.WIRE)
    assert (caught.value.code.name, caught.value.retry) == ("idempotency_running", "later")
