"""Descriptors as clients give them: pipes, sockets, files; shared with others, who never notice."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgmcp.entrypoints.mcp.descriptors import Sink, Watched

LARGE = bytes(range(256)) * 8192


@pytest.fixture(params=["pipe", "own pipe", "socket"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Where one reads and where one writes."""
    if request.param == "socket":
        reader, writer = (end.detach() for end in socket.socketpair())
    else:
        reader, writer = os.pipe()
        os.set_blocking(writer, request.param == "pipe")
    yield reader, writer
    for end in (reader, writer):
        os.close(end)


async def test_everything_arrives_however_slowly_it_is_read(ends: tuple[int, int]) -> None:
    """More than any buffer holds: what doesn't fit waits without holding up the loop, and nobody's mode is changed."""
    reader, writer = ends
    mode = os.get_blocking(writer)
    sink, source = Sink(writer), Watched(reader)
    writing = asyncio.create_task(sink.write(LARGE))
    await asyncio.sleep(0)
    assert not writing.done()
    found = b""
    while len(found) < len(LARGE):
        found += await source.read()
    await writing
    sink.close()
    source.close()
    assert found == LARGE
    assert os.get_blocking(writer) is mode


async def test_nobody_reads_any_more(ends: tuple[int, int]) -> None:
    """That is said, not waited for."""
    reader, writer = ends
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, reader)
    os.close(null)
    sink = Sink(writer)
    with pytest.raises(BrokenPipeError):
        await sink.write(b"x")
    sink.close()


async def test_a_file_takes_everything(tmp_path: Path) -> None:
    """It can't be watched."""
    path = tmp_path / "answers"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    await Sink(descriptor).write(LARGE)
    os.close(descriptor)
    assert path.read_bytes() == LARGE


async def test_a_wait_that_is_cancelled_takes_nothing(ends: tuple[int, int]) -> None:
    """What comes then is there for the next one."""
    reader, writer = ends
    source = Watched(reader)
    waiting = asyncio.create_task(source.read())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    os.write(writer, b"a")
    assert await source.read() == b"a"


async def test_what_comes_while_nobody_waits_stays_where_it_is(ends: tuple[int, int]) -> None:
    """It is held by the system, not in our memory."""
    reader, writer = ends
    source = Watched(reader)
    os.write(writer, b"a")
    assert await source.read() == b"a"
    os.write(writer, b"b")
    for _ in range(3):
        await asyncio.sleep(0)
    assert os.read(reader, 10) == b"b"
    os.write(writer, b"c")
    assert await source.read() == b"c"
    os.dup2(os.open(os.devnull, os.O_WRONLY), writer)
    assert await source.read() == b""
