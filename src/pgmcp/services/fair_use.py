"""FairUse: lets no principal take more of the server than its share."""

from __future__ import annotations

from math import ceil
from typing import Protocol, Self

from pgmcp.domain.errors import Code, DatabaseError, ValidationError, codes
from pgmcp.domain.fair_use import Limits
from pgmcp.domain.responses import DataResponse, ResponseBase
from pgmcp.domain.results import SEPARATOR, WireRows
from pgmcp.domain.settings import Settings
from pgmcp.ports.clock import Clock
from pgmcp.ports.sharing import Shares

_SAYS: dict[str, tuple[Code, str]] = {
    "calls": (codes.RATE_LIMITED, "calls in a minute"),
    "tool": (codes.RATE_LIMITED, "calls of this tool in a minute"),
    "running": (codes.CONCURRENCY_LIMITED, "calls at the same time"),
    "rows": (codes.BUDGET_SPENT, "rows in a minute"),
    "bytes": (codes.BUDGET_SPENT, "bytes in a minute"),
}


class Seat(Protocol):
    """Room for one call, for as long as it is entered."""

    def __enter__(self) -> Self:
        """Take it."""
        ...

    def __exit__(self, *raised: object) -> None:
        """Leave it, and settle what the call used."""
        ...

    def answered(self, response: ResponseBase) -> None:
        """Take note of what an answer holds."""
        ...


class _FreeSeat:
    """A seat where nothing is limited, so that nobody counts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    def answered(self, response: ResponseBase) -> None:
        pass


class _CountedSeat:
    """A seat of a principal that has its share."""

    def __init__(self, principal: str, limits: Limits, shares: Shares, clock: Clock) -> None:
        self._principal = principal
        self._limits = limits
        self._shares = shares
        self._clock = clock
        self._rows = 0
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._shares.leave(self._principal, self._limits, self._clock.monotonic(), rows=self._rows, size=self._size)

    def answered(self, response: ResponseBase) -> None:
        count = getattr(response, "count", None)
        self._rows = count if isinstance(count, int) else 0
        if isinstance(response, DataResponse) and isinstance(response.data, WireRows):
            self._size = sum([_bytes_in(text) - text.count(SEPARATOR) for text in response.data.texts])


class FairUse:
    """Decides by what each principal has used; knows nothing of tools and plans."""

    def __init__(self, shares: Shares, clock: Clock, settings: Settings) -> None:
        """Hold principals to the settings' limits."""
        self._shares = shares
        self._clock = clock
        self._limits = limits_of(settings)
        self._free = None if self._limits.any else _FreeSeat()

    def seat(self, principal: str, tool: str) -> Seat:
        """Room for one call, taken from now on and left with the `with` that it is for.

        Raises:
            DatabaseError: `rate_limited`, `concurrency_limited` or `budget_spent`, with `retry_after_ms`.
        """
        if self._free is not None:
            return self._free
        now = self._clock.monotonic()
        reached = self._shares.wait_s(principal, tool, self._limits, now)
        if reached is not None:
            raise _refusal(*reached)
        self._shares.enter(principal, tool, self._limits, now)
        return _CountedSeat(principal, self._limits, self._shares, self._clock)


def limits_of(settings: Settings) -> Limits:
    """The limits that the settings name.

    Raises:
        ValidationError: An item of `rate_by_tool` is not of the form `TOOL=CALLS`.
    """
    tools: dict[str, int] = {}
    for item in settings.rate_by_tool:
        tool, _, calls = item.partition("=")
        if not tool or not calls.isdecimal() or not int(calls):
            raise ValidationError(
                codes.SETTING_INVALID,
                f"an item of setting 'rate_by_tool' is '{item[:80]}'",
                hint="It takes TOOL=CALLS, such as execute_query=30.",
                path="rate_by_tool",
            )
        tools[tool] = int(calls)
    return Limits(
        calls=settings.rate_per_minute,
        tools=tools,
        running=settings.calls_per_principal,
        rows=settings.rows_per_minute,
        bytes=settings.bytes_per_minute,
    )


def _bytes_in(text: str) -> int:
    """How long it is on the wire; most answers are ASCII, which Python knows of a text without looking through it."""
    return len(text) if text.isascii() else len(text.encode())


def _refusal(limit: str, wait_s: float) -> DatabaseError:
    code, what = _SAYS[limit]
    return DatabaseError(
        code,
        f"your share of {what} is used up",
        hint="Call again later; fewer calls that ask for more precisely what is needed go further.",
        details={"retry_after_ms": max(1, ceil(wait_s * 1000))},
    )
