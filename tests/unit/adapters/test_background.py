"""Tasks in the background end, and nothing is served meanwhile that may be missed."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from pgmcp.adapters.background import stopped
from pgmcp.adapters.postgres.announcing import PostgresAnnouncements
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.ports.driver import Driver, DriverError, Fault


async def test_a_cancellation_that_is_forgotten_is_repeated() -> None:
    """As `asyncio.wait_for` may forget one that comes together with its result."""
    forgotten = 0

    async def deaf() -> None:
        nonlocal forgotten
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                forgotten += 1
                if forgotten == 3:
                    raise

    task = asyncio.get_running_loop().create_task(deaf())
    await asyncio.sleep(0)
    await stopped(task, again_s=0)
    assert (forgotten, task.cancelled()) == (3, True)


class Clock:
    """Never waits long."""

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        """Let others go on."""
        await asyncio.sleep(0)


class Line:
    """A session that listens until its line breaks."""

    usable = True

    def __init__(self) -> None:
        self.broken = asyncio.Event()

    async def listen(self, channel: str) -> None:
        """Listen."""

    async def announced(self, wait_s: float) -> list[str]:
        """Nothing, and then the end."""
        await self.broken.wait()
        raise DriverError(Fault(sqlstate="08006", message="lost"))

    async def close(self) -> None:
        """Close."""


class Lines:
    """A driver with one line; a second can't be had."""

    def __init__(self, line: Line) -> None:
        self.lines = [line]

    async def connect(self, need: object) -> Line:
        """The line, once."""
        if not self.lines:
            await asyncio.get_running_loop().create_future()
        return self.lines.pop()


class Busy:
    """Sessions of which the first look is refused one, and the second waits whatever is said to it."""

    def __init__(self) -> None:
        self.asked = 0
        self.looking = asyncio.Event()
        self.free = asyncio.Event()

    async def acquire(self, need: object) -> None:
        """Refuse, then keep waiting."""
        self.asked += 1
        while self.asked > 1 and not self.free.is_set():
            self.looking.set()
            try:
                await self.free.wait()
            except asyncio.CancelledError:
                continue
        raise DriverError(Fault(sqlstate="53300", message="none"))


class Heard:
    """An observer that keeps the names of what it sees."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def observe(self, event: object) -> None:
        """Keep it."""
        self.events.append(event)


async def test_a_broken_line_is_not_listened_on_while_a_look_has_still_to_end() -> None:
    """A look at the definitions that hangs holds up no more than itself."""
    line, sessions = Line(), Busy()
    announcements = PostgresAnnouncements(
        driver=cast("Driver", Lines(line)),
        sessions=cast("ConnectionManager", sessions),
        clock=cast("Any", Clock()),
        observer=cast("Any", Heard()),
    )

    async def nothing(*_: object) -> None:
        """Forget nothing."""

    announcements.listen(nothing, nothing)
    await sessions.looking.wait()
    before = announcements.listening
    line.broken.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert (before, announcements.listening) == (True, False)
    sessions.free.set()
    await announcements.close()
