"""asyncpg's connection, and what its public side does not give."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from pgmcp.adapters.asyncpg_.meter import Meter
from pgmcp.adapters.postgres.keepalive import KeepAlive
from pgmcp.ports.driver import Row

Bound = Awaitable[tuple[Sequence[Row], bytes | None, bool]]
"""A statement that runs: its rows, its command tag, and whether those are all of its rows."""

# The id of `anyarray` (pg_type.dat).
_ANY_ARRAY = 2277


class BoundConnection(asyncpg.Connection):
    """A connection whose socket can be had, and which runs what is prepared without ceremony."""

    __slots__ = ()

    def keep_alive(self, keepalive: KeepAlive) -> None:
        """Set on the line what libpq would."""
        line = self._transport.get_extra_info("socket")  # type: ignore[attr-defined] # its stubs leave out what is not public
        if line is not None:
            keepalive.apply(line)

    def metered(self, most: int) -> Meter:
        """Let no more than so many bytes come in at once."""
        transport: asyncio.Transport = self._transport  # type: ignore[attr-defined] # as above
        meter = Meter(transport.get_protocol(), transport, most)  # type: ignore[arg-type] # asyncpg's is one in all but its base
        transport.set_protocol(meter)
        return meter

    def know_any_array(self) -> None:
        """Take the columns that hold arrays of any type, which the statistics' views have, as text.

        asyncpg refuses to describe a statement with such a column, and its public way takes no pseudo-type.
        """
        settings = self._protocol.get_settings()  # type: ignore[attr-defined] # as above
        settings.add_python_codec(_ANY_ARRAY, "anyarray", "pg_catalog", [], "scalar", str, str, "text")

    def bind(self, prepared: PreparedStatement[Any], parameters: Sequence[Any]) -> Bound:
        """Run a prepared statement: its rows, its command tag, and whether that was all.

        `PreparedStatement.fetch` does no more, by calls that take a short row a twentieth of its time.
        """
        # A Record is a sequence of its values in all but registration. By position: it takes them faster so.
        bound: Bound = self._protocol.bind_execute(  # type: ignore[attr-defined] # as above
            prepared._state,  # type: ignore[attr-defined] # noqa: SLF001 -- as above
            parameters,
            "",
            0,
            True,  # noqa: FBT003 -- as above
            None,
        )
        return bound
