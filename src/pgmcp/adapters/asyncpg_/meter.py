"""What a server may say at once, counted where its bytes come in.

asyncpg puts a message together from its pieces in time that grows with the square of its length, and nothing interrupts
it: a query tree of a gigabyte, which a statement of ten kilobytes can have, would hold the process for minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from pgmcp.ports.driver import DriverError, Fault

MOST_BYTES = 16 * 2**20
"""Beyond this the connection is ended; an honest statement's tree has some kilobytes."""

_TOO_COMPLEX = "54001"  # statement_too_complex


class _Meter(asyncio.Protocol):
    """Passes on what comes in, and ends the connection where it is too much."""

    def __init__(self, inner: asyncio.Protocol, transport: asyncio.Transport, most: int) -> None:
        self._inner = inner
        self._transport = transport
        self._left = most

    @property
    def exceeded(self) -> bool:
        """Whether it was too much."""
        return self._left < 0

    def data_received(self, data: bytes) -> None:
        """Count, then pass on."""
        self._left -= len(data)
        if self.exceeded:
            self._transport.abort()
        else:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._inner.resume_writing()


@contextmanager
def metered(connection: asyncpg.Connection, most: int = MOST_BYTES) -> Iterator[None]:
    """Let no more than so many bytes come in on a connection.

    Raises:
        DriverError: `54001`: there were more; the connection is ended.
    """
    transport: asyncio.Transport = connection._transport  # type: ignore[attr-defined] # noqa: SLF001 -- no public way
    inner = transport.get_protocol()
    meter = _Meter(inner, transport, most)  # type: ignore[arg-type] # asyncpg's is one in all but its base
    transport.set_protocol(meter)
    try:
        yield
    except DriverError:
        if meter.exceeded:
            raise DriverError(Fault(sqlstate=_TOO_COMPLEX, message="the server says more than is taken")) from None
        raise
    finally:
        if not meter.exceeded:
            transport.set_protocol(inner)
