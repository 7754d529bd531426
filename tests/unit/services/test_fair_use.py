"""No principal takes more than its share."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define, evolve, field

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.shares import ProcessShares
from pgmcp.domain.errors import DatabaseError, ValidationError, codes
from pgmcp.domain.fair_use import Limits
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse, ResponseBase, SuccessResponse
from pgmcp.domain.results import NativeRows, WireRows
from pgmcp.services.fair_use import FairUse, limits_of
from tests.fixtures.walked import cases
from tests.unit.house import NOON, WRITING, House, by

READ = {"table": "lines", "columns": ["at"]}


def house(**limits: Any) -> House:
    """A house with such limits."""
    return House(settings=evolve(WRITING, **limits))


async def refused(house: House, name: str = "ana", tool: str = "read_table") -> DatabaseError:
    """The error of one call more."""
    with pytest.raises(DatabaseError) as caught:
        await house.dispatch(tool, READ if tool == "read_table" else {}, by(name))
    return caught.value


async def test_calls_in_a_minute() -> None:
    """One more is refused with when it will not be; others have their own share."""
    limited = house(rate_per_minute=3)
    for _ in range(3):
        await limited.dispatch("read_table", READ, by("ana"))
    error = await refused(limited)
    assert (error.code, error.retry, error.details) == (codes.RATE_LIMITED, "later", {"retry_after_ms": 20_000})
    await limited.dispatch("read_table", READ, by("bo"))
    limited.clock.advance(20)
    await limited.dispatch("read_table", READ, by("ana"))
    await refused(limited)


async def test_calls_of_a_tool() -> None:
    """Others go on."""
    limited = house(rate_by_tool=("read_table=1",))
    await limited.dispatch("read_table", READ, by("ana"))
    assert (await refused(limited)).code is codes.RATE_LIMITED
    await limited.dispatch("list_schemas", {}, by("ana"))


@pytest.mark.parametrize("limit", [{"rows_per_minute": 6}, {"bytes_per_minute": 16}])
async def test_a_budget(limit: dict[str, int]) -> None:
    """A call may overdraw it; then it has to fill first."""
    limited = house(**limit)
    await limited.dispatch("read_table", READ, by("ana"))
    await limited.dispatch("read_table", READ, by("ana"))
    error = await refused(limited)
    assert (error.code, error.retry) == (codes.BUDGET_SPENT, "later")
    limited.clock.advance(error.details["retry_after_ms"] / 1000)
    await limited.dispatch("read_table", READ, by("ana"))


async def test_calls_at_the_same_time() -> None:
    """A seat is given back however its call ends."""
    limited = house(calls_per_principal=1)
    with limited.fair_use.seat("ana", "read_table"):
        assert (await refused(limited)).code is codes.CONCURRENCY_LIMITED
        await limited.dispatch("read_table", READ, by("bo"))
    for _ in range(3):
        assert "error" in await limited.document("read_table", {"table": "nowhere"}, by("ana"))
    await limited.dispatch("read_table", READ, by("ana"))


def test_principals_are_not_kept_without_end() -> None:
    """Callers bring their own names; those with calls running stay."""
    shares, limits = ProcessShares(most=10), Limits(calls=1)
    shares.enter("running", "t", limits, 0.0)
    for number in range(100):
        shares.enter(str(number), "t", limits, 0.0)
        shares.leave(str(number), limits, 0.0, rows=0, size=0)
    assert len(vars(shares)["_used"]) <= 11
    assert shares.wait_s("running", "t", limits, 0.0) is not None
    assert shares.wait_s("0", "t", limits, 0.0) is None


@cases("item", ["read_table", "=3", "read_table=", "read_table=x", "read_table=0", "t=-1", "a=1=2"])
def test_an_item_that_is_none(item: str) -> None:
    """Start-up ends."""
    with pytest.raises(ValidationError) as caught:
        limits_of(evolve(WRITING, rate_by_tool=(item,)))
    assert caught.value.document() == {
        "type": "validation_error",
        "code": "setting_invalid",
        "message": f"an item of setting 'rate_by_tool' is '{item}'",
        "hint": "It takes TOOL=CALLS, such as execute_query=30.",
        "retry": "never",
        "details": {"path": "rate_by_tool"},
    }


@define
class Told:
    """Shares that say what they are told to, and note what a call used."""

    reached: tuple[str, float] | None = None
    used: list[tuple[int, int]] = field(factory=list)

    def wait_s(self, principal: str, tool: str, limits: Limits, now: float) -> tuple[str, float] | None:
        """What was to be said."""
        return self.reached

    def enter(self, principal: str, tool: str, limits: Limits, now: float) -> None:
        """Nothing is noted of it."""

    def leave(self, principal: str, limits: Limits, now: float, *, rows: int, size: int) -> None:
        """Note it."""
        self.used.append((rows, size))


def over(shares: Told, **limits: Any) -> FairUse:
    """Fair use over those shares."""
    return FairUse(shares, FixedClock(NOON), evolve(WRITING, **limits))


@cases(
    "limit, code, what",
    [
        ("calls", "rate_limited", "calls in a minute"),
        ("tool", "rate_limited", "calls of this tool in a minute"),
        ("running", "concurrency_limited", "calls at the same time"),
        ("rows", "budget_spent", "rows in a minute"),
        ("bytes", "budget_spent", "bytes in a minute"),
    ],
)
def test_what_a_refusal_says(limit: str, code: str, what: str) -> None:
    """Which share is used up, and when to come back: never at once."""
    for wait_s, after_ms in ((0.0001, 1), (2.5, 2500)):
        with pytest.raises(DatabaseError) as caught:
            over(Told((limit, wait_s)), rate_per_minute=1).seat("ana", "read_table")
        assert caught.value.document() == {
            "type": "database_error",
            "code": code,
            "message": f"your share of {what} is used up",
            "hint": "Call again later; fewer calls that ask for more precisely what is needed go further.",
            "retry": "later",
            "details": {"retry_after_ms": after_ms},
        }


def rows(data: WireRows | NativeRows) -> DataResponse:
    """An answer of seven rows."""
    return DataResponse(columns=("a",), types=("text",), data=data, count=7)


@cases(
    "answer, used",
    [
        pytest.param(None, (0, 0), id="a call that failed"),
        pytest.param(rows(WireRows.of(["[1]", "[22]"])), (7, 7), id="rows, without what lies between them"),
        pytest.param(rows(WireRows(('["ü"]', '["€"]'))), (7, 13), id="bytes are counted, not characters"),
        pytest.param(rows(NativeRows(((1,),))), (7, 0), id="rows for a program"),
        pytest.param(AcknowledgementResponse(count=3), (3, 0), id="rows that were changed"),
        pytest.param(AcknowledgementResponse(), (0, 0), id="nothing that has rows"),
        pytest.param(SuccessResponse(), (0, 0), id="no count at all"),
    ],
)
def test_what_a_call_has_used(answer: ResponseBase | None, used: tuple[int, int]) -> None:
    """Rows and bytes, once it has ended."""
    shares = Told()
    with over(shares, rows_per_minute=1).seat("ana", "read_table") as seat:
        if answer is not None:
            seat.answered(answer)
        assert shares.used == []
    assert shares.used == [used]


def test_where_nothing_is_limited_nobody_counts() -> None:
    """Shares are neither asked nor told."""
    shares = Told(("calls", 1.0))
    with over(shares).seat("ana", "read_table") as seat:
        seat.answered(rows(WireRows.of(["[1]"])))
    assert shares.used == []
