"""track_execution_time: what is timed, and what is left alone."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.calls import CallContext, CallId
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.samples import Noted
from pgmcp.domain.tracking import sampled, timed, track_execution_time


class Times:
    """A tracker whose time goes on by one at every look."""

    def __init__(self) -> None:
        self.ticks = 0.0
        self.noted: list[tuple[str, str, float, str | None]] = []

    def now(self) -> float:
        """One more."""
        self.ticks += 1
        return self.ticks

    def note(self, noted: Noted) -> None:
        """Note it."""
        place, started, ended = noted
        self.noted.append((place.layer, place.operation, ended - started, place.error))


class Shop:
    """Something with methods."""

    @track_execution_time("Shop.sell", layer="service")
    async def sell(self, count: int, call: CallContext) -> int:
        """Sell, or fail."""
        if count < 0:
            raise DatabaseError(codes.LOCK_TIMEOUT, "no")
        if count == 0:
            raise asyncio.CancelledError
        return count

    @track_execution_time("Shop.deliver", layer="service")
    def deliver(self, count: int, call: CallContext) -> Awaitable[int]:
        """Give what will be there in the end."""
        return self.sell(count, call)

    @track_execution_time("Shop.price", layer="repository")
    def price(self, count: int, call: CallContext) -> int:
        """Say, or fail."""
        return 100 // count


def a_call(tracker: Times | None) -> CallContext:
    """A call that is timed, or not."""
    return evolve(CallContext(id=CallId("c"), tool="t", deadline=0), tracker=tracker)


async def test_what_goes_well() -> None:
    """Its result is what it was; the call may be given by place or by name."""
    times = Times()
    assert await Shop().sell(3, a_call(times)) == 3
    assert Shop().price(4, call=a_call(times)) == 25
    assert times.noted == [("service", "Shop.sell", 1, None), ("repository", "Shop.price", 1, None)]


@pytest.mark.parametrize(
    "count, error, said",
    [
        pytest.param(-1, DatabaseError, "lock_timeout", id="an error by its code"),
        pytest.param(0, asyncio.CancelledError, "CancelledError", id="a cancellation"),
    ],
)
async def test_what_fails(count: int, error: type[BaseException], said: str) -> None:
    """It is timed too, and raises as it did."""
    times = Times()
    with pytest.raises(error):
        await Shop().sell(count, a_call(times))
    assert times.noted == [("service", "Shop.sell", 1, said)]


async def test_a_function_that_gives_an_awaitable_is_timed_to_its_end() -> None:
    """As a coroutine function is: what it passes through lies within its time."""
    times = Times()
    assert await Shop().deliver(2, a_call(times)) == 2
    assert [(operation, took, error) for _, operation, took, error in times.noted] == [
        ("Shop.sell", 1, None),
        ("Shop.deliver", 3, None),
    ]


def test_a_sync_function_fails() -> None:
    """A defect is named by its class, since its text may hold anything."""
    times = Times()
    with pytest.raises(ZeroDivisionError):
        Shop().price(0, a_call(times))
    assert times.noted == [("repository", "Shop.price", 1, "ZeroDivisionError")]


async def test_a_call_that_is_not_timed() -> None:
    """Nothing stands between it and its function."""
    assert await Shop().sell(3, a_call(None)) == 3
    assert Shop().price(4, a_call(None)) == 25


def test_it_is_still_the_same_function() -> None:
    """Its name, its signature, its kind."""
    assert Shop.sell.__name__ == "sell"
    assert list(inspect.signature(Shop.price).parameters) == ["self", "count", "call"]


def test_a_function_without_a_call() -> None:
    """It has no tracker, so decorating it is a mistake."""

    def lonely() -> None: ...

    with pytest.raises(TypeError, match="takes no call"):
        track_execution_time("lonely", layer="service")(lonely)


@pytest.mark.parametrize(
    "share, least, most",
    [
        pytest.param(0.0, 0, 0, id="none"),
        pytest.param(0.25, 150, 350, id="a share"),
        pytest.param(1.0, 1000, 1000, id="all"),
    ],
)
def test_a_share_is_timed(share: float, least: int, most: int) -> None:
    """Of the calls of a function on its own."""
    times = Times()

    def work(value: Any) -> Any:
        return value

    tracked = timed(work, "work", "service", sampled(times, share))
    assert [tracked(number) for number in range(1000)] == list(range(1000))
    assert least <= len(times.noted) <= most
