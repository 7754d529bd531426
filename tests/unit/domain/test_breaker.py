"""The breaker's states."""

from __future__ import annotations

import pytest
from attrs import evolve

from pgmcp.domain.breaker import Breaker, BreakerState
from tests.fixtures.walked import cases

CLOSED = Breaker(failures_allowed=3, cooldown_s=10)
OPENED = CLOSED.failed(1).failed(2).failed(3)


def test_it_opens_after_failures_one_after_another() -> None:
    """A success in between begins the count anew."""
    assert CLOSED.failed(1).failed(2).state(2) is BreakerState.CLOSED
    assert CLOSED.failed(1).failed(2).succeeded().failed(3).failed(4).state(4) is BreakerState.CLOSED
    assert evolve(CLOSED, failures=3, open_until=13) == OPENED


@cases(
    "breaker, now, state, wait_s",
    [
        pytest.param(CLOSED, 0, BreakerState.CLOSED, None, id="closed"),
        pytest.param(OPENED, 3, BreakerState.OPEN, 10, id="just opened"),
        pytest.param(OPENED, 12.5, BreakerState.OPEN, 0.5, id="about to be tried"),
        pytest.param(OPENED, 13, BreakerState.HALF_OPEN, None, id="half open"),
        pytest.param(OPENED.tried(13), 13, BreakerState.HALF_OPEN, 1.0, id="somebody tries"),
        pytest.param(OPENED.tried(13).abandoned(), 13, BreakerState.HALF_OPEN, None, id="and gave up"),
        pytest.param(OPENED.tried(13).failed(14), 14, BreakerState.OPEN, 10, id="and failed"),
        pytest.param(OPENED.tried(13).succeeded(), 14, BreakerState.CLOSED, None, id="and reached it"),
        pytest.param(CLOSED.tried(1), 1, BreakerState.CLOSED, None, id="closed, everybody may try"),
        pytest.param(OPENED.failed(9), 9, BreakerState.OPEN, 4, id="late failures put nothing off"),
        pytest.param(
            Breaker(failures_allowed=1, cooldown_s=0.2).failed(0).tried(1),
            1,
            BreakerState.HALF_OPEN,
            0.2,
            id="a short cool-down is the wait while somebody tries",
        ),
    ],
)
def test_what_it_says(breaker: Breaker, now: float, state: BreakerState, wait_s: float | None) -> None:
    """State, and how long to wait."""
    assert (breaker.state(now), breaker.refuses_for(now)) == (state, wait_s)


def test_one_failure_of_whoever_tries_is_enough() -> None:
    """The count is past the bound already; it goes on counting."""
    assert OPENED.tried(13).failed(14) == evolve(CLOSED, failures=4, open_until=24)


def test_what_each_end_of_a_trial_leaves() -> None:
    """Success a breaker like new, giving up the one that was; who began before it opened is counted, no more."""
    assert OPENED.tried(13).succeeded() == CLOSED
    assert OPENED.tried(13).abandoned() == OPENED
    assert OPENED.failed(9) == evolve(OPENED, failures=4)
