"""What became of a statement, read off the bytes of its answer: asyncpg throws away what comes after a cancellation.

Source: PostgreSQL 18, sections 54.2.3 (extended query), 54.7 (message formats).
"""

from __future__ import annotations

from collections.abc import Iterable

from pgmcp.ports.driver import Fate

_HEAD = 5  # a message's kind, and its length without the kind
_COMMAND_COMPLETE, _ERROR_RESPONSE, _READY_FOR_QUERY = b"CEZ"


class Answer:
    """One answer as it comes in, of which nothing is kept but how it ends.

    Only ReadyForQuery makes it a fact: CommandComplete is said before the statement's own transaction is committed,
    and an error may still follow it.

    Args:
        said: What has come already, from a message's beginning.
    """

    def __init__(self, said: Iterable[bytes] = ()) -> None:
        self._begun = b""  # of a message whose head has not come whole
        self._ahead = 0  # bytes until the next one begins
        self._completed = self._failed = self._over = False
        for data in said:
            self.append(data)

    @property
    def fate(self) -> Fate:
        """What it says so far."""
        if not self._over:
            return Fate.UNHEARD
        return Fate.DONE if self._completed and not self._failed else Fate.UNDONE

    def append(self, data: bytes) -> None:
        """Take what has come next; what comes behind the answer's end is another one's."""
        if self._begun:
            data, self._begun = self._begun + data, b""
        at, end = self._ahead, len(data)
        while at + _HEAD <= end and not self._over:
            kind = data[at]
            self._completed |= kind == _COMMAND_COMPLETE
            self._failed |= kind == _ERROR_RESPONSE
            self._over = kind == _READY_FOR_QUERY
            at += 1 + int.from_bytes(data[at + 1 : at + _HEAD], "big")
        self._ahead = max(0, at - end)
        self._begun = data[at:]
