"""One at a time, first come first served; whoever finds nobody there goes through without a step of the loop's."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType


class Turnstile:
    """As `asyncio.Lock`, which can only be taken by a coroutine: that costs as much as all else of a turn.

    Whoever gives it back hands it to the first who waits, so nobody who comes later gets in between.
    """

    __slots__ = ("_waiting", "taken")

    def __init__(self) -> None:
        """Begin free."""
        self.taken = False
        # Most are never waited for.
        self._waiting: deque[asyncio.Future[None]] | None = None

    def take_at_once(self) -> bool:
        """Take it if it is free; whether it was."""
        if self.taken:
            return False
        self.taken = True
        return True

    async def take(self) -> None:
        """Take it, once it is this task's turn."""
        if self.take_at_once():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting
        if waiting is None:
            waiting = self._waiting = deque()
        waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                # It was handed over in the same moment.
                self.give_back()
            elif turn in waiting:
                # Or else it was passed over in the same moment.
                waiting.remove(turn)
            raise

    def give_back(self) -> None:
        """Let the next one have it; only by whoever has it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.taken = False

    async def __aenter__(self) -> None:
        """As `take`."""
        await self.take()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """As `give_back`."""
        self.give_back()
