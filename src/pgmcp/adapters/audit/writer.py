"""Lines of the audit, made and written by a thread of their own: the event loop never waits for a disk.

What waits is written together, so that under load many lines share one write and one fsync.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

from attrs import field, frozen

from pgmcp.domain.auditing import AuditRecord
from pgmcp.domain.events import AuditLost
from pgmcp.ports.auditing import AuditError
from pgmcp.ports.observing import Observer

_TOGETHER = 500
# How long records that nobody waits for are gathered before they are written.
_GATHER_S = 0.01


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
    """Who waits until a record is kept."""

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


_Item = tuple[AuditRecord, _Waiter | None, bool] | None


class AuditWriter:
    """Implements `AuditLog` over a sink.

    Args:
        sink: Where the lines go.
        observer: Told of what could not be kept.
        most: How many records may wait; beyond it whoever brings one waits for the disk.
    """

    def __init__(self, sink: Sink, observer: Observer, *, most: int) -> None:
        self._sink = sink
        self._observer = observer
        self._most = most
        self._waiting: SimpleQueue[_Item] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._urgent = threading.Event()

    async def intend(self, record: AuditRecord) -> None:
        await self._kept(record, intent=True)

    async def conclude(self, record: AuditRecord) -> None:
        if self._waiting.qsize() < self._most:
            self._put((record, None, False))
            return
        with suppress(AuditError):  # the observer knows
            await self._kept(record, intent=False)

    async def close(self) -> None:
        """Write what waits, then close the sink."""
        if self._thread is None:
            return
        self._waiting.put(None)
        self._urgent.set()
        await asyncio.to_thread(self._thread.join)
        self._thread = None

    async def _kept(self, record: AuditRecord, *, intent: bool) -> None:
        loop = asyncio.get_running_loop()
        kept = loop.create_future()
        self._put((record, _Waiter(loop, kept), intent))
        self._urgent.set()
        await kept

    def _put(self, item: _Item) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pgmcp-audit", daemon=True)
            self._thread.start()
        self._waiting.put(item)

    def _run(self) -> None:
        """Write until told to stop."""
        going = True
        while going:
            items: list[_Item] = [self._waiting.get()]
            # A thread that wakes for every record takes the interpreter from the calls that are to be recorded.
            self._urgent.wait(_GATHER_S)
            self._urgent.clear()
            with suppress(Empty):
                while len(items) < _TOGETHER:
                    items.append(self._waiting.get_nowait())
            going = None not in items
            self._write([item for item in items if item is not None])
        self._sink.close()

    def _write(self, items: Sequence[tuple[AuditRecord, _Waiter | None, bool]]) -> None:
        failed: OSError | None = None
        if items:
            lines = b"".join(_line(record) for record, _, _ in items)
            try:
                self._sink.write(lines, intents=any(intent for _, _, intent in items))
            except OSError as error:
                failed = error
                self._observer.observe(AuditLost(records=len(items), reason=error.strerror or type(error).__name__))
        for _, waiter, _ in items:
            if waiter is not None:
                waiter.tell(failed)


def _line(record: AuditRecord) -> bytes:
    """A record as one line: JSON in ASCII, so that no name can break a line or an encoding."""
    return json.dumps(record.document(), separators=(",", ":")).encode() + b"\n"
