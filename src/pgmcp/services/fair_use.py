"""FairUse: lets no principal take more of the server than its share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from attrs import define

from pgmcp.domain.errors import Code, DatabaseError, ValidationError, codes
from pgmcp.domain.fair_use import Limits
from pgmcp.domain.responses import DataResponse, ResponseBase
from pgmcp.domain.results import WireRows
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


@define(eq=False)
class Seat:
    """A call that was let in; told what it came to."""

    rows: int = 0
    size: int = 0

    def answered(self, response: ResponseBase) -> None:
        """Take note of what an answer holds."""
        count = getattr(response, "count", None)
        self.rows = count if isinstance(count, int) else 0
        if isinstance(response, DataResponse) and isinstance(response.data, WireRows):
            self.size = sum(map(len, response.data.rows))


class FairUse:
    """Decides by what each principal has used; knows nothing of tools and plans."""

    def __init__(self, shares: Shares, clock: Clock, settings: Settings) -> None:
        """Hold principals to the settings' limits."""
        self._shares = shares
        self._clock = clock
        self._limits = limits_of(settings)

    @contextmanager
    def seat(self, principal: str, tool: str) -> Iterator[Seat]:
        """Room for one call.

        Raises:
            DatabaseError: `rate_limited`, `concurrency_limited` or `budget_spent`, with `retry_after_ms`.
        """
        seat = Seat()
        if not self._limits.any:
            yield seat
            return
        now = self._clock.monotonic()
        reached = self._shares.wait_s(principal, tool, self._limits, now)
        if reached is not None:
            raise _refusal(*reached)
        self._shares.enter(principal, tool, self._limits, now)
        try:
            yield seat
        finally:
            self._shares.leave(principal, self._limits, self._clock.monotonic(), rows=seat.rows, size=seat.size)


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


def _refusal(limit: str, wait_s: float) -> DatabaseError:
    code, what = _SAYS[limit]
    return DatabaseError(
        code,
        f"your share of {what} is used up",
        hint="Call again later; fewer calls that ask for more precisely what is needed go further.",
        details={"retry_after_ms": max(1, ceil(wait_s * 1000))},
    )
