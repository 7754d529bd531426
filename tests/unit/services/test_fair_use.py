"""No principal takes more than its share."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.shares import ProcessShares
from pgmcp.domain.errors import DatabaseError, ValidationError, codes
from pgmcp.domain.fair_use import Limits
from pgmcp.services.fair_use import limits_of
from tests.unit.house import WRITING, House, by

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


@pytest.mark.parametrize("item", ["read_table", "=3", "read_table=", "read_table=x", "read_table=0", "t=-1"])
def test_an_item_that_is_none(item: str) -> None:
    """Start-up ends."""
    with pytest.raises(ValidationError) as caught:
        limits_of(evolve(WRITING, rate_by_tool=(item,)))
    assert caught.value.path == "rate_by_tool"
