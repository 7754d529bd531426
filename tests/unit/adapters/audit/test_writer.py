"""AuditWriter: what is gathered is written soon, in order, and nothing that must be on record only seems to be."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pgmcp.adapters.audit import AuditWriter
from pgmcp.domain.audit_record import AuditRecord
from pgmcp.domain.auditing import INTENDED
from pgmcp.domain.calls import CallId
from pgmcp.domain.events import AuditLost
from pgmcp.ports.auditing import AuditError
from tests.unit.house import Recorder


class Page:
    """A sink that keeps what is written, and tells the loop of it."""

    def __init__(self) -> None:
        self.writes: list[tuple[bytes, bool]] = []
        self.written = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def write(self, lines: bytes, *, intents: bool) -> None:
        """Keep it."""
        self.writes.append((lines, intents))
        self._loop.call_soon_threadsafe(self.written.set)

    def close(self) -> None:
        """Nothing is open."""

    @property
    def calls(self) -> list[str]:
        """Whose lines stand there."""
        return [json.loads(line)["call"] for lines, _ in self.writes for line in lines.splitlines()]


def record(number: int, **more: Any) -> AuditRecord:
    """One of many."""
    made = AuditRecord(1.0, CallId(str(number)), "ana", None, "read_table")
    return made._replace(**more)


BROKEN = record(0, call=object())


async def test_a_line_is_written_soon() -> None:
    """Nobody has to ask for it, and no other line has to come."""
    page = Page()
    writer = AuditWriter(page, Recorder(), most=10_000)
    assert writer.conclude(record(1))
    await page.written.wait()
    assert page.calls == ["1"]
    await writer.close()


async def test_each_line_is_written_soon() -> None:
    """Also the one that comes when those before it have been written already."""
    page = Page()
    writer = AuditWriter(page, Recorder(), most=10_000)
    for number in range(3):
        page.written.clear()
        assert writer.conclude(record(number))
        await page.written.wait()
    assert page.calls == ["0", "1", "2"]
    await writer.close()


@pytest.mark.parametrize("most", [1, 2, 63, 64, 65, 200, 600])
async def test_there_is_room_for_as_many_as_may_wait(most: int) -> None:
    """Exactly, whether lines are made and handed over meanwhile or not, and again after there was room."""
    page = Page()
    writer = AuditWriter(page, Recorder(), most=most)
    for _ in range(3):
        for number in range(1, 700):
            await asyncio.sleep(0)
            assert writer.conclude(record(number)) or number >= most
        await writer.room()
        assert writer.conclude(record(0)) == (most > 1)
        await writer.room()
    await writer.close()
    assert len(page.calls) == 3 * 700


async def test_many_lines_share_a_write() -> None:
    """A thread that woke for each would take the interpreter from the calls that are recorded."""
    page = Page()
    writer = AuditWriter(page, Recorder(), most=10_000)
    for number in range(2_000):
        assert writer.conclude(record(number))
    await writer.close()
    assert page.calls == [str(number) for number in range(2_000)]
    assert len(page.writes) <= 4


async def test_an_intent_comes_behind_what_was_before_it() -> None:
    """All of it is written at once, and said to hold an intent, so that it is forced to the disk."""
    page = Page()
    writer = AuditWriter(page, Recorder(), most=10_000)
    for number in range(700):
        writer.conclude(record(number))
    await writer.intend(record(700, end=INTENDED))
    assert page.calls == [str(number) for number in range(701)]
    assert page.writes[-1][1]
    assert (
        page.writes[-1][0].splitlines()[-1]
        == json.dumps(record(700, end=INTENDED).document(), separators=(",", ":")).encode()
    )
    await writer.close()


async def test_no_more_wait_than_may() -> None:
    """Who brings one more is told to wait for room, and there is room then."""
    page = Page()
    writer = AuditWriter(page, Recorder(), most=3)
    assert [writer.conclude(record(number)) for number in range(4)] == [True, True, False, False]
    await writer.room()
    assert page.calls == ["0", "1", "2", "3"]
    assert writer.conclude(record(4))
    await writer.close()


async def test_an_intent_of_which_no_line_can_be_made() -> None:
    """Is none: the write is not to run."""
    writer = AuditWriter(Page(), Recorder(), most=10)
    with pytest.raises(AuditError):
        await writer.intend(BROKEN._replace(end=INTENDED))
    await writer.close()


async def test_a_record_of_which_no_line_can_be_made() -> None:
    """It is told of as lost, and takes no other with it."""
    page, recorder = Page(), Recorder()
    writer = AuditWriter(page, recorder, most=10)
    for each in (record(1), BROKEN, record(2)):
        assert writer.conclude(each)
    await writer.close()
    assert page.calls == ["1", "2"]
    assert recorder.events == [AuditLost(records=1, reason="TypeError")]
