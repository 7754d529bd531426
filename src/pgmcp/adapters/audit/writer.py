"""Lines of the audit, gathered for a moment and written by a thread of their own: no call waits for a disk.

What is gathered is made into lines and written together, so that under load many lines share one write and one fsync.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

from attrs import field, frozen

from pgmcp.adapters.audit.lines import Lines
from pgmcp.adapters.spare_time import in_spare_time
from pgmcp.domain.audit_record import AuditRecord, Ended
from pgmcp.domain.events import AuditLost
from pgmcp.ports.auditing import AuditError
from pgmcp.ports.observing import Observer

# Records that nobody waits for are made into lines, in spare time, when there are so many: one alone takes longer than
# one among others, and all of a second's at once would hold up the event loop.
_MADE_TOGETHER = 64
# Lines are given to the thread after so long, or when there are so many: it takes the interpreter from calls to wake.
_GATHER_S = 0.25
_GIVEN_TOGETHER = 512


class Sink(Protocol):
    """Where lines go; called by one thread alone."""

    def write(self, lines: bytes, *, intents: bool) -> None:
        """Keep whole lines; `intents` says whether a write waits for them.

        Raises:
            OSError: They can't be kept.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


@frozen
class _Waiter:
    """Who waits until records are kept."""

    loop: asyncio.AbstractEventLoop
    kept: asyncio.Future[None] = field(repr=False)

    def tell(self, error: OSError | None) -> None:
        """Say how it went, from the writing thread."""
        self.loop.call_soon_threadsafe(self._settle, error)

    def _settle(self, error: OSError | None) -> None:
        if self.kept.done():
            return
        if error is None:
            self.kept.set_result(None)
        else:
            failed = AuditError(error.strerror or "unwritable")
            failed.__cause__ = error
            self.kept.set_exception(failed)


@frozen
class _Batch:
    """Lines on their way to the sink.

    Args:
        count: How many.
        waiter: Who waits for them; None where nobody does.
        intents: Whether an intent of a write is among them.
    """

    lines: bytes = field(repr=False)
    count: int
    waiter: _Waiter | None = None
    intents: bool = False


class AuditWriter:
    """Implements `AuditLog` over a sink, for the calls of one event loop.

    Args:
        sink: Where the lines go.
        observer: Told of what could not be kept.
        most: How many records may wait; beyond it whoever brings one waits for the disk.
    """

    def __init__(self, sink: Sink, observer: Observer, *, most: int) -> None:
        self._sink = sink
        self._observer = observer
        self._most = most
        self._lines = Lines()
        self._gathered: list[Ended] = []
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: SimpleQueue[_Batch | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._made: list[bytes] = []
        # Each is written by one side alone: records made into lines, given to the thread, and what that is done with.
        self._counted = 0
        self._given = 0
        self._done = 0
        # How many will have been gathered when there is something to be seen to again.
        self._next_look = 0

    async def intend(self, record: AuditRecord) -> None:
        self._make()
        try:
            line = self._lines.of([record])
        except Exception as defect:
            raise AuditError(type(defect).__name__) from defect
        self._made.append(line)
        self._counted += 1
        await self._handed_over(intents=True)

    def conclude(self, ended: Ended) -> bool:
        gathered = self._gathered
        gathered.append(ended)
        # As nearly all are: one more of those that wait already, and none that anything hangs on.
        return len(gathered) < self._next_look or self._look()

    def _look(self) -> bool:
        """See to it that what is gathered is made, and handed over; whether another may come at once."""
        gathered = len(self._gathered)
        if gathered == _MADE_TOGETHER:
            in_spare_time(self._make)
        taken = self._counted + gathered
        if taken - self._given >= _GIVEN_TOGETHER:
            self._hand_over()
            gathered = 0
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_S, self._hand_over)
        waiting = taken - self._done
        self._next_look = gathered + min(
            max(1, _MADE_TOGETHER - gathered),
            self._most - waiting,
            _GIVEN_TOGETHER - taken + self._given,
        )
        return waiting < self._most

    async def room(self) -> None:
        with suppress(AuditError):  # the observer knows
            await self._handed_over(intents=False)

    async def close(self) -> None:
        """Write what waits, then close the sink."""
        self._hand_over()
        if self._thread is None:
            return
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)
        self._thread = None

    async def _handed_over(self, *, intents: bool) -> None:
        """Hand over what is gathered, and wait until it is kept.

        Raises:
            AuditError: It could not be.
        """
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop, loop.create_future())
        self._hand_over(waiter, intents=intents)
        await waiter.kept

    def _hand_over(self, waiter: _Waiter | None = None, *, intents: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._make()
        count = self._counted - self._given
        if not count and waiter is None:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pgmcp-audit", daemon=True)
            self._thread.start()
        made, self._made = self._made, []
        self._given = self._counted
        self._waiting.put(_Batch(b"".join(made), count, waiter, intents))

    def _make(self) -> None:
        """Make what is gathered into lines."""
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._counted += len(gathered)
            # Whatever comes next is looked at, and says how many may come until the next look.
            self._next_look = 0
            self._made.append(self._lines_of(gathered))

    def _lines_of(self, gathered: Sequence[Ended]) -> bytes:
        try:
            return self._lines.of(gathered)
        except Exception as defect:  # noqa: BLE001 -- a record that can't be made into a line takes no other with it
            if len(gathered) > 1:
                return b"".join(self._lines_of([ended]) for ended in gathered)
            self._observer.observe(AuditLost(records=1, reason=type(defect).__name__))
            return b""

    def _run(self) -> None:
        """Write until told to stop."""
        going = True
        while going:
            batches = [self._waiting.get()]
            with suppress(Empty):
                while True:
                    batches.append(self._waiting.get_nowait())
            going = None not in batches
            self._write([batch for batch in batches if batch is not None])
        self._sink.close()

    def _write(self, batches: Sequence[_Batch]) -> None:
        failed: OSError | None = None
        count = sum(batch.count for batch in batches)
        if count:
            try:
                self._sink.write(
                    b"".join(batch.lines for batch in batches), intents=any(batch.intents for batch in batches)
                )
            except OSError as error:
                failed = error
                self._observer.observe(AuditLost(records=count, reason=error.strerror or type(error).__name__))
        self._done += count
        for batch in batches:
            if batch.waiter is not None:
                batch.waiter.tell(failed)
