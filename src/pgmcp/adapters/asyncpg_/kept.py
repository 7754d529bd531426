"""The prepared statements that a session keeps.

asyncpg's own cache serves `Connection.fetch`, which gives no command tag; `Connection.prepare` gives one but keeps
nothing. So the statements are kept here, and a known one costs one round trip.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

# Longer texts are prepared for one use: their memory on the server would be held for statements that hardly come again.
_LONGEST_KEPT = 100_000


class KeptStatements:
    """Prepared statements by their text, the least recently used going first.

    Args:
        connection: The session that they live on.
        size: How many are kept at most.
    """

    def __init__(self, connection: asyncpg.Connection, size: int) -> None:
        self._connection = connection
        self._size = size
        self._by_text: OrderedDict[str, PreparedStatement[Any]] = OrderedDict()

    def get(self, text: str) -> PreparedStatement[Any] | None:
        """The statement of that text, if it is kept."""
        prepared = self._by_text.get(text)
        if prepared is not None:
            self._by_text.move_to_end(text)
        return prepared

    async def prepare(self, text: str) -> PreparedStatement[Any]:
        """Prepare a statement, one round trip, and keep it if it is to be kept."""
        prepared = await self._connection.prepare(text)
        if self._size and len(text) <= _LONGEST_KEPT:
            self._by_text[text] = prepared
            # asyncpg closes a statement on the server once nobody refers to it.
            while len(self._by_text) > self._size:
                self._by_text.popitem(last=False)
        return prepared

    def forget(self, text: str) -> None:
        """Drop a statement that the server no longer takes."""
        self._by_text.pop(text, None)


def affected(tag: str | None) -> int:
    """The rows of a run as its command tag counts them (`UPDATE 3`, `INSERT 0 3`); 0 where it counts none."""
    count = tag.rpartition(" ")[2] if tag else ""
    return int(count) if count.isdigit() else 0
