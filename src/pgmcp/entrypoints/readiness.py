"""Whether a database can be called now: what `/readyz` says."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, field

from pgmcp.domain.calls import CallContext, CallId
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.ports.clock import Clock

# An orchestrator waits a second or two for a probe, and several of them may ask at once.
_DEADLINE_S = 2.0
_KEPT_S = 1.0


Question = Callable[[CallContext], Awaitable[object]]
"""Asks a server for something; raises `PgmcpError` where it can't answer."""


@define(eq=False)
class Readiness:
    """Asks the database, at most once a second however many ask.

    Args:
        questions: What has to be answered: one of each server that calls are for.
        clock: Tells how old an answer is.
    """

    _questions: Sequence[Question]
    _clock: Clock
    _turn: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _asked_at: float | None = field(default=None, init=False)
    _error: str | None = field(default=None, init=False)
    _stopping: bool = field(default=False, init=False)

    def stop(self) -> None:
        """Say from now on that the server is stopping: whoever balances load sends nobody here any more."""
        self._stopping = True

    async def error(self) -> str | None:
        """The code of what keeps a call from being answered; None when nothing does."""
        if self._stopping:
            return codes.SHUTTING_DOWN.name
        async with self._turn:
            now = self._clock.monotonic()
            if self._asked_at is None or now - self._asked_at > _KEPT_S:
                self._error = await self._ask(now)
                self._asked_at = self._clock.monotonic()
            return self._error

    async def _ask(self, now: float) -> str | None:
        call = CallContext(id=CallId(secrets.token_hex(8)), tool="readyz", deadline=now + _DEADLINE_S)
        try:
            await asyncio.gather(*(ask(call) for ask in self._questions))
        except PgmcpError as error:
            return error.code.name
        return None
