"""Passwords that a command prints, for those that change: tokens of managed databases, secrets of a vault.

The command is run without a shell, with nothing to read, for a bounded time; nothing that it prints is ever shown.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self, TypeVar

from attrs import field, frozen

from pgmcp.domain.errors import DatabaseError, ValidationError, codes
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import DriverError

T = TypeVar("T")

MOST_KEPT_S = 900.0
"""Tokens of managed databases live for 15 minutes."""

_MOST_BYTES = 65_536
# The server refuses the password, or the role altogether.
_REFUSED = frozenset({"28P01", "28000"})


@frozen
class _Password:
    text: str = field(repr=False)
    since: float


class PasswordCommand:
    """Asks a command for the password of each new connection.

    Args:
        words: The program and its arguments.
        clock: For how long a password is kept.
        kept_s: How long one password serves, in seconds; 0 asks for each connection.
        timeout_s: How long the command may take.
    """

    def __init__(self, words: list[str], clock: Clock, *, kept_s: float = 0.0, timeout_s: float = 10.0) -> None:
        self._words = words
        self._clock = clock
        self._kept_s = min(kept_s, MOST_KEPT_S)
        self._timeout_s = timeout_s
        self._password: _Password | None = None
        self._asking = asyncio.Lock()

    @classmethod
    def read(cls, command: str, clock: Clock, *, kept_s: float) -> Self:
        """Understand a command line as a shell would part it into words, and no more than that.

        Raises:
            ValidationError: There is no program in it, or a quote is not closed.
        """
        try:
            words = shlex.split(command)
        except ValueError:
            words = []
        if not words:
            raise ValidationError(
                codes.SETTING_INVALID,
                "setting 'password_command' is no command",
                hint="Give a program and its arguments; quotes group words as in a shell.",
                path="password_command",
            )
        return cls(words, clock, kept_s=kept_s)

    async def opened(self, opening: Callable[[str], Awaitable[T]]) -> T:
        """Open something with the password; one that was kept and is refused is asked for anew, once.

        Raises:
            DatabaseError: `authentication_failed`: the command gives no password.
            DriverError: What the opening said.
        """
        password, kept = await self._current()
        try:
            return await opening(password.text)
        except DriverError as error:
            if not kept or error.fault.sqlstate not in _REFUSED:
                raise
        if self._password is password:
            self._password = None
        return await opening((await self._current())[0].text)

    async def _current(self) -> tuple[_Password, bool]:
        """A password, and whether it was kept from before."""
        async with self._asking:
            known = self._password
            if known is not None and self._clock.monotonic() - known.since < self._kept_s:
                return known, True
            self._password = _Password(await self._ask(), self._clock.monotonic())
            return self._password, False

    async def _ask(self) -> str:
        try:
            process, printed = await asyncio.get_running_loop().subprocess_exec(
                _Printed, *self._words, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        except OSError as error:
            raise _failed(error.strerror or "it can't be run") from None
        try:
            async with asyncio.timeout(self._timeout_s):
                await printed.complete
        except TimeoutError:
            raise _failed(f"it took longer than {self._timeout_s:g} s") from None
        finally:
            await _end(process, printed)
        if status := process.get_returncode():
            raise _failed(f"it ended with {status}")
        try:
            password = printed.text.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise _failed("it printed no UTF-8") from None
        if not password or "\0" in password:
            raise _failed("it printed no password")
        return password


class _Printed(asyncio.SubprocessProtocol):
    """What a command prints, as it comes.

    Not a stream reader: that stops reading when it has much, and then the end of the process is not told, for ever
    (https://github.com/python/cpython/issues/119710).
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.text = bytearray()
        self.complete = loop.create_future()
        """Done when all has been printed and the command has ended; failed when it prints too much."""
        self.exited = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if self.complete.done():
            return
        self.text += data
        if len(self.text) > _MOST_BYTES:
            self.complete.set_exception(_failed("it printed no password"))

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.complete.done():
            self.complete.set_result(None)


async def _end(process: asyncio.SubprocessTransport, printed: _Printed) -> None:
    """End a command with whatever it has started, which are a process group, unless it has ended by itself."""
    if not printed.complete.done() or printed.complete.cancelled() or printed.complete.exception():
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.get_pid(), signal.SIGKILL)
    try:
        await printed.exited.wait()
    finally:
        process.close()  # its pipe too, which somebody else may hold


def _failed(why: str) -> DatabaseError:
    return DatabaseError(
        codes.AUTHENTICATION_FAILED,
        f"The password command failed: {why}.",
        hint="Run it by hand as the account that pgmcp runs as; it prints the password and nothing else.",
    )
