"""A line of a millisecond to a database, as between two machines of one site: a proxy in a process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from urllib.parse import parse_qs, urlsplit

# What the server says is held back for that long, in seconds; a loop's timers know no less.
_DELAY_S = 0.001


@asynccontextmanager
async def distant(dsn: str) -> AsyncIterator[str]:
    """The address of a line to the server that a URL with a socket's folder names."""
    parts = urlsplit(dsn)
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.line", f"{options['host']}/.s.PGSQL.{options.get('port', '5432')}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        yield f"{parts.scheme}://{parts.username or 'postgres'}@127.0.0.1:{port}{parts.path}?sslmode=disable"
    finally:
        process.stdin.close()
        await process.wait()


class _End(asyncio.Protocol):
    """One end of a line; what comes goes to the other one, at once or later."""

    def __init__(self, delay_s: float) -> None:
        self.other: asyncio.Transport | None = None
        self._delay_s = delay_s

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            asyncio.get_running_loop().call_later(self._delay_s, self.other.write, data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None:
            asyncio.get_running_loop().call_later(self._delay_s, self.other.close)


class _FromClient(_End):
    """The client's end, which opens the server's."""

    def __init__(self, path: str) -> None:
        super().__init__(0)
        self._path = path
        self._early: list[bytes] = []
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opening = asyncio.ensure_future(self._open(transport))

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        else:
            self.other.write(data)

    async def _open(self, client: asyncio.BaseTransport) -> None:
        assert isinstance(client, asyncio.Transport)
        server = _End(_DELAY_S)
        server.other = client
        self.other, _ = await asyncio.get_running_loop().create_unix_connection(lambda: server, self._path)
        self.other.writelines(self._early)


async def _serve(path: str) -> None:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(partial(_FromClient, path), "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    with suppress(asyncio.CancelledError):
        await asyncio.to_thread(sys.stdin.read)
    listener.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
