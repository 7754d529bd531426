"""Wait for and use file descriptors without threads and without making anyone else's non-blocking.

A descriptor's non-blocking mode is shared by everyone who holds the same open file, such as a shell and all of its
children; switching it on for one of them breaks the others. A pipe can be opened once more, which gives an open file of
our own (Linux, proc(5), `/proc/pid/fd`): that is read and written without asking first. Others are asked.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial

_CHUNK = 64 * 1024


class Watched:
    """A descriptor that is read as soon as there is something, and watched all along while somebody waits.

    Args:
        descriptor: An open file descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[bytes] | None = None
        self._watching = False

    async def read(self) -> bytes:
        """Read what is there, waiting for the first byte.

        Returns:
            At most 64 KB; empty at the end of the file.

        Raises:
            OSError: It can't be read.
        """
        if not self._watching:
            try:
                self._loop.add_reader(self._descriptor, self._readable)
            except PermissionError:
                # A regular file or /dev/null is always ready, and epoll refuses to watch it.
                return os.read(self._descriptor, _CHUNK)
            self._watching = True
        self._waiter = self._loop.create_future()
        try:
            return await self._waiter
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._waiter = None

    def close(self) -> None:
        """Watch it no longer."""
        if self._watching:
            self._loop.remove_reader(self._descriptor)
            self._watching = False

    def _readable(self) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done():
            self.close()  # nobody has room for it now
            return
        try:
            content = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return  # somebody else took it
        except OSError as error:
            self.close()
            waiter.set_exception(error)
            return
        if not content:
            self.close()
        waiter.set_result(content)


class Sink:
    """A descriptor that is written to without ever blocking, whoever else holds it.

    Args:
        descriptor: An open file descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._socket: socket.socket | None = None
        self._write: Callable[[memoryview], int] = partial(os.write, descriptor)
        if not os.get_blocking(descriptor):
            return
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            self._socket = socket.socket(fileno=os.dup(descriptor))
            self._write = partial(_send, self._socket)
        else:
            self._write = partial(_write_what_fits, descriptor)

    async def write(self, content: bytes) -> None:
        """Write everything, waiting whenever the reader is behind.

        Args:
            content: What to write.

        Raises:
            OSError: Nobody reads any more.
        """
        rest = memoryview(content)
        while rest:
            try:
                rest = rest[self._write(rest) :]
            except BlockingIOError:
                await _writable(self._descriptor)

    def close(self) -> None:
        """Let go of what was opened beside the descriptor itself."""
        if self._socket is not None:
            self._socket.close()


def _send(to: socket.socket, content: memoryview) -> int:
    """Write to a socket, as those who start programs from Node.js give them, as much as it takes at once."""
    return to.send(content, socket.MSG_DONTWAIT)


def _write_what_fits(descriptor: int, content: memoryview) -> int:
    """Write to an open file that others hold, too, as much as is sure not to block.

    Raises:
        BlockingIOError: That is nothing.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    if not poll.poll(0):
        raise BlockingIOError
    # A pipe that polls as writable takes PIPE_BUF bytes at once (POSIX, write()), so this never blocks.
    return os.write(descriptor, content[: select.PIPE_BUF])


async def _writable(descriptor: int) -> None:
    """Wait until a descriptor can be written to."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_writer(descriptor, _wake, ready)
    except PermissionError:
        return  # a regular file or /dev/null is always ready, and epoll refuses to watch it
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


def _wake(ready: asyncio.Future[None]) -> None:
    """End a wait, once."""
    if not ready.done():
        ready.set_result(None)


@contextmanager
def claimed_standard_streams() -> Iterator[tuple[int, Sink]]:
    """Take stdin and stdout for the protocol alone.

    While it lasts, descriptor 0 reads from the null device and descriptor 1 writes to stderr, so that neither a
    stray `print` nor a child process gets between the frames.

    Yields:
        A private descriptor of the real stdin, and what writes to the real stdout.
    """
    sys.stdout.flush()
    with ExitStack() as claimed:
        source, sink = _held(0, claimed), _held(1, claimed)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        claimed.callback(sys.stdout.flush)
        written = claimed.enter_context(closing(Sink(_own(sink, os.O_WRONLY, claimed))))
        yield _own(source, os.O_RDONLY, claimed), written


def _held(standard: int, claimed: ExitStack) -> int:
    """A second descriptor of a standard stream, which is put back where it was in the end."""
    held = os.dup(standard)
    claimed.callback(os.close, held)
    claimed.callback(os.dup2, held, standard)
    return held


def _own(descriptor: int, mode: int, claimed: ExitStack) -> int:
    """A pipe's end as an open file of our own that never blocks; any other descriptor as it is."""
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return descriptor
    # There is no such folder on other systems, and a sandbox may close it.
    with suppress(OSError):
        own = os.open(f"/proc/self/fd/{descriptor}", mode | os.O_NONBLOCK)
        claimed.callback(os.close, own)
        return own
    return descriptor
