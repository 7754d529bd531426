"""What is said of a call that was stopped."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.stopping import cancelled, out_of_time, outcome_told
from pgmcp.domain.transactions import Outcome

STOPPED = {
    "type": "database_error",
    "code": "call_timeout",
    "message": "The call ran out of its time; its statement was stopped.",
    "hint": "Ask for less (a narrower filter, fewer rows) or give the call more time.",
    "retry": "later",
    "details": {"retry_after_ms": 1000},
}

CANCELLED = {
    "type": "database_error",
    "code": "cancelled",
    "message": "The call was cancelled.",
    "retry": codes.CANCELLED.retry,
    "sqlstate": "57014",
}


@pytest.mark.parametrize(
    "outcome, document",
    [
        pytest.param(None, STOPPED, id="nothing was changed"),
        pytest.param(
            Outcome.ROLLED_BACK,
            STOPPED | {"details": {"retry_after_ms": 1000, "outcome": "rolled_back"}},
            id="rolled back",
        ),
        pytest.param(
            Outcome.UNKNOWN,
            STOPPED
            | {
                "message": "The call ran out of its time, and the server didn't say whether its statement was stopped.",
                "hint": "Look whether its changes are there before repeating them.",
                "details": {"retry_after_ms": 1000, "outcome": "unknown"},
            },
            id="nobody knows",
        ),
        pytest.param(
            Outcome.COMMITTED,
            {
                "type": "database_error",
                "code": "call_timeout_committed",
                "message": "The call ran out of its time, but its statement could not be stopped any more: it is "
                "committed.",
                "hint": "Don't repeat it: look at what is there now.",
                "retry": "never",
                "details": {"outcome": "committed"},
            },
            id="too late",
        ),
    ],
)
def test_a_call_out_of_time_says_what_became_of_it(outcome: Outcome | None, document: dict[str, Any]) -> None:
    """And what to do: only what is rolled back may simply be done again."""
    assert out_of_time(outcome).document() == document


@pytest.mark.parametrize("outcome", [None, *Outcome], ids=str)
def test_a_call_that_was_given_up_says_what_became_of_it(outcome: Outcome | None) -> None:
    """As PostgreSQL says it of a statement; the caller hears of the cancellation itself."""
    details = {} if outcome is None else {"details": {"outcome": outcome.value}}
    assert cancelled(outcome).document() == CANCELLED | details


def given_up(cause: BaseException | None) -> asyncio.CancelledError:
    """A cancellation from that cause."""
    error = asyncio.CancelledError()
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error, outcome",
    [
        pytest.param(out_of_time(Outcome.UNKNOWN), Outcome.UNKNOWN, id="an error"),
        pytest.param(
            DatabaseError(codes.LOCK_TIMEOUT, "no", details={"outcome": "committed"}), Outcome.COMMITTED, id="in words"
        ),
        pytest.param(out_of_time(), None, id="an error that doesn't say"),
        pytest.param(given_up(cancelled(Outcome.ROLLED_BACK)), Outcome.ROLLED_BACK, id="a cancellation"),
        pytest.param(given_up(cancelled()), None, id="a cancellation that doesn't say"),
        pytest.param(given_up(None), None, id="a mere cancellation"),
        pytest.param(given_up(ValueError("x")), None, id="a cancellation by a defect"),
    ],
)
def test_an_outcome_is_told(error: BaseException, outcome: Outcome | None) -> None:
    """By the error itself, or by what stands behind a cancellation."""
    assert outcome_told(error) is outcome
