"""The audit in a file: appended to, rotated by size, old files bounded in number; several processes may share it.

Source: open(2) and write(2): with O_APPEND each write goes to the end, whoever else writes.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_OWNER_ONLY = 0o600


class Sync(StrEnum):
    """What is forced to the disk before going on."""

    NEVER = "never"
    WRITES = "writes"  # intents of writes
    ALWAYS = "always"


class RotatingFile:
    """Implements `Sink`: lines in a file that only its owner may read.

    Args:
        path: The file; made when it isn't there. Old ones are `path.1` (the newest), `path.2`…
        max_bytes: A file that would grow beyond is put aside first.
        keep: How many old files stay.
        sync: What is forced to the disk.
    """

    def __init__(self, path: Path, *, max_bytes: int, keep: int, sync: Sync) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._sync = sync
        self._descriptor: int | None = None
        self._torn = False

    def write(self, lines: bytes, *, intents: bool) -> None:
        """Append whole lines.

        Args:
            lines: What to append.
            intents: Whether an intent of a write is among them.

        Raises:
            OSError: The file can't be opened, or the disk is full.
        """
        descriptor = self._current(len(lines))
        left = memoryview(b"\n" + lines if self._torn else lines)
        # Where only a part went out, what comes next begins on a line of its own.
        self._torn = True
        while left:
            left = left[os.write(descriptor, left) :]
        self._torn = False
        if self._sync is Sync.ALWAYS or (intents and self._sync is Sync.WRITES):
            os.fsync(descriptor)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _current(self, coming: int) -> int:
        """The descriptor of the file under the path, after putting a full one aside."""
        descriptor = self._opened()
        size = os.fstat(descriptor).st_size
        if size and size + coming > self._max_bytes:
            self._rotate(descriptor)
            descriptor = self._opened()
        return descriptor

    def _opened(self) -> int:
        """The open file, opened anew where another process or a tool put it aside."""
        if self._descriptor is not None and not self._is_current(self._descriptor):
            self.close()
        if self._descriptor is None:
            self._descriptor = os.open(self._path, _FLAGS, _OWNER_ONLY)
        return self._descriptor

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False

    def _rotate(self, descriptor: int) -> None:
        """Put the file aside, unless another process did so while we waited for its lock."""
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)  # closing the file, as below, ends it
        if self._is_current(descriptor):
            for number in range(self._keep, 0, -1):
                older = self._numbered(number - 1)
                if older.exists():
                    older.replace(self._numbered(number))
            if not self._keep:
                self._path.unlink()
        self.close()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
