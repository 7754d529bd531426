"""Passwords that a command prints, for those that change: tokens of managed databases, secrets of a vault.

The command is run without a shell, with nothing to read, for a bounded time; nothing that it prints is ever shown.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
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
            process = await asyncio.create_subprocess_exec(
                *self._words, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        except OSError as error:
            raise _failed(error.strerror or "it can't be run") from None
        try:
            async with asyncio.timeout(self._timeout_s):
                text = await _output(process, process.stdout)
                status = await process.wait()
        except BaseException as error:
            _end(process)
            await process.wait()
            if isinstance(error, TimeoutError):
                raise _failed(f"it took longer than {self._timeout_s:g} s") from None
            raise
        if status != 0:
            raise _failed(f"it ended with {status}")
        try:
            password = text.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise _failed("it printed no UTF-8") from None
        if not password or len(text) > _MOST_BYTES or "\0" in password:
            raise _failed("it printed no password")
        return password


async def _output(process: Process, stdout: asyncio.StreamReader | None) -> bytes:
    """What a process prints, one byte more than is taken at most."""
    text = bytearray()
    while stdout is not None and len(text) <= _MOST_BYTES and (part := await stdout.read(_MOST_BYTES + 1 - len(text))):
        text += part
    if len(text) > _MOST_BYTES:
        _end(process)
    return bytes(text)


def _end(process: Process) -> None:
    """End a command with whatever it has started, which are a process group; it may have ended by itself."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _failed(why: str) -> DatabaseError:
    return DatabaseError(
        codes.AUTHENTICATION_FAILED,
        f"The password command failed: {why}.",
        hint="Run it by hand as the account that pgmcp runs as; it prints the password and nothing else.",
    )
