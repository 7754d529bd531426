"""What bad tokens do to good ones, over HTTP: `python -m benchmarks.bad_tokens`.

A good caller reads by key: alone, and while bad tokens of every kind there is come over 200 connections, each as fast
as it is answered. Only the good calls are timed, in turns, until 10,000 bad ones have been sent. The aim is that they
slow good ones by no more than 20 %.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from typing import Self

import httpx
from attrs import frozen

from benchmarks.database import bench_database
from benchmarks.measuring import cpu_of_process
from benchmarks.tables import KILOBYTE
from pgmcp.domain.settings import Access
from pgmcp.entrypoints.mcp.identity.tokens import make_token
from tests.e2e.mcp_transport.web import MODERN, WebClient
from tests.fixtures.issuer import ISSUER, RESOURCE, Issuer
from tests.fixtures.served import HttpServer, http_server

_CALLS = 20
_CONNECTIONS = 200
_BAD = 10_000
_ARGUMENTS = json.dumps({"table": KILOBYTE.name, "filters": {"id": 421}, "limit": 1})
_ISSUED, _TOKEN = Issuer(), make_token("ana", Access.READ)
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@frozen
class Line:
    """A connection that is kept, with as little of a client on it as can be."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: bytes
    body: bytes

    @classmethod
    async def to(cls, address: str) -> Self:
        """Connect."""
        url = httpx.URL(address)
        async with httpx.AsyncClient() as http:
            client = WebClient(http, address, MODERN)
        body = client.call_body("read_table", _ARGUMENTS)
        said = {"host": url.netloc.decode(), "content-length": str(len(body))}
        headers = client.headers("tools/call", "read_table") | said
        lines = [f"POST {url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), ""]
        return cls(*await asyncio.open_connection(url.host, url.port), "\r\n".join(lines).encode(), body)

    async def status(self, token: str) -> int:
        """Make the call with a token; the status that it is answered with."""
        self.writer.write(self.head + f"authorization: Bearer {token}\r\n\r\n".encode() + self.body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(answer)
        if length is None:
            raise RuntimeError(answer.decode())
        await self.reader.readexactly(int(length[1]))
        return int(answer.split(maxsplit=2)[1])


def _bad() -> Iterator[str]:
    """Bad tokens without end, no two of them the same."""
    kinds = ("pgmcp_{}", Issuer().token() + "{}", Issuer("k2").token() + "{}", _ISSUED.unsigned("ES256") + "{}", "{}")
    for number, kind in enumerate(cycle(kinds)):
        yield kind.format(number)


@asynccontextmanager
async def _server(folder: Path, dsn: str) -> AsyncIterator[HttpServer]:
    keys = folder / "jwks.json"
    keys.write_text(_ISSUED.key_set())
    settings = {"oauth_issuer": ISSUER, "oauth_jwks": keys, "oauth_resource": RESOURCE, "http_tokens": _TOKEN.line}
    async with http_server(dsn, access="read", **settings) as server:
        yield server


class Bench:
    """A good caller, and others."""

    def __init__(self, good: Line, others: Sequence[Line], pid: int) -> None:
        """Call by these lines the server of that process."""
        self._good, self._others, self._pid = good, others, pid
        self._tokens = _bad()
        self.sent = 0

    async def _flood(self, line: Line, over: asyncio.Event) -> None:
        while not over.is_set():
            assert await line.status(next(self._tokens)) == 401
            self.sent += 1

    async def calls(self, tokens: Sequence[str]) -> list[float]:
        """The median time of good calls with each of these tokens, in seconds."""
        found = []
        for token in tokens:
            taken = []
            for _ in range(_CALLS):
                started = time.perf_counter()
                status = await self._good.status(token)
                taken.append(time.perf_counter() - started)
                assert status == 200
            found.append(median(taken))
        return found

    async def beside(self, tokens: Sequence[str]) -> list[float]:
        """The same while bad ones come: the first few, which are answered at once, are over by then."""
        over, before = asyncio.Event(), self.sent
        flood = [asyncio.create_task(self._flood(line, over)) for line in self._others]
        while self.sent < before + 2 * _CONNECTIONS:  # noqa: ASYNC110 -- what is waited for is another process
            await asyncio.sleep(0.05)
        found = await self.calls(tokens)
        over.set()
        await asyncio.gather(*flood)
        return found

    async def cpu(self, line: Line, token: str | None) -> float:
        """The server's CPU time for one call, in seconds; None stands for a bad token."""
        before = cpu_of_process(self._pid)
        for _ in range(_CALLS):
            await line.status(token or next(self._tokens))
        return (cpu_of_process(self._pid) - before) / _CALLS


async def _main() -> None:
    kinds = {"of our own": _TOKEN.text, "a JWT": _ISSUED.token()}
    tokens = list(kinds.values())
    with tempfile.TemporaryDirectory(prefix="pgmcp-bench-") as folder:
        async with bench_database() as database, _server(Path(folder), database.dsn) as server:
            good = await Line.to(server.url)
            bench = Bench(good, [await Line.to(server.url) for _ in range(_CONNECTIONS)], server.process.pid)
            await bench.calls(tokens)
            rounds = []
            while bench.sent < _BAD:
                rounds.append((await bench.calls(tokens), await bench.beside(tokens)))
            print("| a good token | alone | beside bad ones | ratio, median | quartiles |")
            print("| --- | ---: | ---: | ---: | ---: |")
            for place, name in enumerate(kinds):
                pairs = [(alone[place], beside[place]) for alone, beside in rounds]
                alone, beside = (median(each) * 1e3 for each in zip(*pairs, strict=True))
                low, middle, high = quantiles([after / before for before, after in pairs])
                print(f"| {name} | {alone:.2f} ms | {beside:.2f} ms | {middle:.2f} | {low:.2f} to {high:.2f} |")
            ours, theirs = await bench.cpu(good, tokens[0]), await bench.cpu(await Line.to(server.url), None)
            print(f"\n{bench.sent} bad tokens in {len(rounds)} rounds; the server's CPU time for a good call", end=" ")
            print(f"{ours * 1e3:.2f} ms, for a bad token {theirs * 1e3:.2f} ms.")


if __name__ == "__main__":
    asyncio.run(_main())
