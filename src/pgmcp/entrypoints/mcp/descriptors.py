"""Wait for and use file descriptors without threads and without making them non-blocking.

A descriptor's non-blocking mode is shared by everyone who holds the same open file, such as a shell and all of its
children; switching it on for one of them breaks the others.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_CHUNK = 64 * 1024


async def read_some(descriptor: int) -> bytes:
    """Read what is there, waiting for the first byte.

    Args:
        descriptor: An open file descriptor.

    Returns:
        At most 64 KB; empty at the end of the file.

    Raises:
        OSError: It can't be read.
    """
    loop = asyncio.get_running_loop()
    while True:
        await _ready(descriptor, loop.add_reader, loop.remove_reader)
        with suppress(BlockingIOError):  # somebody else took it, or the descriptor is non-blocking
            return os.read(descriptor, _CHUNK)


async def write_all(descriptor: int, content: bytes) -> None:
    """Write everything, waiting whenever the reader is behind.

    Args:
        descriptor: An open file descriptor.
        content: What to write.

    Raises:
        OSError: Nobody reads any more.
    """
    loop = asyncio.get_running_loop()
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    rest = memoryview(content)
    while rest:
        if not poll.poll(0):
            await _ready(descriptor, loop.add_writer, loop.remove_writer)
        # A pipe that polls as writable takes PIPE_BUF bytes at once (POSIX, write()), so this never blocks.
        with suppress(BlockingIOError):
            rest = rest[os.write(descriptor, rest[: select.PIPE_BUF]) :]


async def _ready(descriptor: int, add: Callable[..., None], remove: Callable[[int], Any]) -> None:
    """Wait until a descriptor is ready.

    Args:
        descriptor: The descriptor.
        add: The loop's method that watches it.
        remove: The loop's method that ends that.
    """
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    try:
        add(descriptor, _wake, ready)
    except PermissionError:
        return  # a regular file or /dev/null is always ready, and epoll refuses to watch it
    try:
        await ready
    finally:
        remove(descriptor)


def _wake(ready: asyncio.Future[None]) -> None:
    """End a wait, once."""
    if not ready.done():
        ready.set_result(None)


@contextmanager
def claimed_standard_streams() -> Iterator[tuple[int, int]]:
    """Take stdin and stdout for the protocol alone.

    While it lasts, descriptor 0 reads from the null device and descriptor 1 writes to stderr, so that neither a
    stray `print` nor a child process gets between the frames.

    Yields:
        Private descriptors of the real stdin and stdout.
    """
    sys.stdout.flush()
    source, sink = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    try:
        yield source, sink
    finally:
        sys.stdout.flush()
        os.dup2(source, 0)
        os.dup2(sink, 1)
        os.close(source)
        os.close(sink)
