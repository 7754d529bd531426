"""What every cache does, in memory and on a server."""

from __future__ import annotations

import asyncio

import pytest

from pgmcp.domain.results import Result, Truncation, WireRows
from pgmcp.domain.values.types import Attribute, Kind, Type, array_of
from pgmcp.ports.caching import Cache, Ticket
from tests.fixtures.caches import a_result, cache, valkey

__all__ = ["cache", "valkey"]

TAGS = ("*", "s:public", "t:public.a", "t:public.b")
ROWS = a_result("[1]", '["ü\\n"]', "[]")


async def ticket_for(cache: Cache, key: bytes, tags: tuple[str, ...] = TAGS) -> Ticket:
    """The ticket of a key that has no entry."""
    found = await cache.look_up(key, tags)
    assert isinstance(found, Ticket)
    return found


async def test_what_was_put_is_found_as_it_was(cache: Cache) -> None:
    """Rows, columns, paging, cap and moment come back the same."""
    mood = Type(name="mood", schema="public", kind=Kind.ENUM, labels=("a", "b"))
    pair = Type(name="pair", schema="public", kind=Kind.COMPOSITE, attributes=(Attribute("m", mood),))
    column = ROWS.columns[0]
    result = Result(
        columns=(column, type(column)("pairs", array_of(pair))),
        rows=WireRows.of(('[1,["x"]]', "[2,null]")),
        count=2,
        more=True,
        truncated=Truncation.BYTES,
        last_key=("2", None),
        as_of=ROWS.as_of,
    )
    ticket = await ticket_for(cache, b"k")
    assert await cache.put(b"k", result, TAGS, ticket, 30)
    found = await cache.look_up(b"k", TAGS)
    assert found == result
    assert isinstance(found, Result)
    assert found.columns[1].type.display == "pair[]"


@pytest.mark.parametrize("tag", [pytest.param(tag, id=tag) for tag in TAGS])
async def test_an_invalidated_tag_ends_its_entries(cache: Cache, tag: str) -> None:
    """Each of an entry's tags takes it away."""
    assert await cache.put(b"k", ROWS, TAGS, await ticket_for(cache, b"k"), 30)
    await cache.invalidate((tag,))
    assert isinstance(await cache.look_up(b"k", TAGS), Ticket)


async def test_another_tag_leaves_entries_alone(cache: Cache) -> None:
    """A write to another table costs nothing."""
    assert await cache.put(b"k", ROWS, TAGS, await ticket_for(cache, b"k"), 30)
    await cache.invalidate(("t:public.c", "s:other"))
    assert await cache.look_up(b"k", TAGS) == ROWS


@pytest.mark.parametrize("tag", [pytest.param(tag, id=tag) for tag in TAGS])
async def test_a_read_that_overlaps_a_write_leaves_nothing(cache: Cache, tag: str) -> None:
    """What was read under an epoch that has ended is not kept."""
    ticket = await ticket_for(cache, b"k")
    await cache.invalidate((tag,))
    assert not await cache.put(b"k", ROWS, TAGS, ticket, 30)
    later = await ticket_for(cache, b"k")
    assert later != ticket


async def test_tickets_without_a_write_between_are_equal(cache: Cache) -> None:
    """So two calls know that they may share one read."""
    assert await ticket_for(cache, b"k") == await ticket_for(cache, b"k")


async def test_an_entry_ends_with_its_time(cache: Cache) -> None:
    """After the TTL there is a ticket again."""
    ticket = await ticket_for(cache, b"k")
    assert await cache.put(b"k", ROWS, TAGS, ticket, 0.05)
    async with asyncio.timeout(20):
        while not isinstance(await cache.look_up(b"k", TAGS), Ticket):  # noqa: ASYNC110 -- time itself is waited for
            await asyncio.sleep(0.01)


async def test_a_bar_keeps_everything_away(cache: Cache) -> None:
    """While a write of unknown outcome may still be at work, nothing of its table is served or kept."""
    ticket = await ticket_for(cache, b"k")
    await cache.invalidate(("t:public.a",), bar_s=600)
    assert await cache.look_up(b"k", TAGS) is None
    assert not await cache.put(b"k", ROWS, TAGS, ticket, 30)
    assert isinstance(await cache.look_up(b"other", ("*", "t:public.b")), Ticket)


async def test_a_bar_ends_with_its_time(cache: Cache) -> None:
    """Then reads are kept again, but none that began before it."""
    ticket = await ticket_for(cache, b"k")
    await cache.invalidate(("t:public.a",), bar_s=0.05)
    async with asyncio.timeout(20):
        while await cache.look_up(b"k", TAGS) is None:  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0.01)
    assert not await cache.put(b"k", ROWS, TAGS, ticket, 30)
    assert await cache.put(b"k", ROWS, TAGS, await ticket_for(cache, b"k"), 30)


async def test_contents_tell_how_full_it_is(cache: Cache) -> None:
    """Entries and bytes grow with what is put."""
    before = await cache.contents()
    assert await cache.put(b"k", ROWS, TAGS, await ticket_for(cache, b"k"), 30)
    after = await cache.contents()
    assert before.entries is not None
    assert after.entries is not None
    assert after.entries > before.entries
    assert after.bytes
