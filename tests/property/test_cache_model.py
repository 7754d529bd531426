"""The cache in memory against a model: whatever reads, writes and steps of time come in whatever order."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from pgmcp.adapters.cache.memory import MemoryCache
from pgmcp.adapters.clock import FixedClock
from pgmcp.domain.caching import tags
from pgmcp.domain.relations import Name
from pgmcp.domain.results import Result, WireRows
from pgmcp.ports.caching import Ticket

T = TypeVar("T")
TABLES = tuple(Name("public", name) for name in "abc")
CHOSEN = st.sets(st.sampled_from(TABLES), min_size=1).map(lambda names: tuple(sorted(names, key=str)))
NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)


class Coherence(RuleBasedStateMachine):
    """Tables have versions; a read sees them at one moment and is kept at a later one."""

    reads = Bundle("reads")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock(NOON)
        self.cache = MemoryCache(clock=self.clock, max_bytes=20_000, max_entries=5)
        self.versions = dict.fromkeys(TABLES, 0)
        self.kept_at: dict[bytes, float] = {}

    def _done(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def _seen(self, tables: tuple[Name, ...]) -> tuple[str, ...]:
        return tuple(str(self.versions[table]) for table in tables)

    @rule(target=reads, tables=CHOSEN)
    def begin_a_read(self, tables: tuple[Name, ...]) -> tuple[tuple[Name, ...], Ticket | None, tuple[str, ...]]:
        """What is served is what the tables hold; else there is a ticket, and the read sees this moment."""
        key = repr(tables).encode()
        found = self._done(self.cache.look_up(key, tags.of_entry(tables)))
        if isinstance(found, Result):
            assert isinstance(found.rows, WireRows)
            assert found.rows.rows == self._seen(tables)
            assert self.clock.monotonic() - self.kept_at[key] < 10
            return tables, None, ()
        return tables, found, self._seen(tables)

    @rule(read=consumes(reads))
    def end_a_read(self, read: tuple[tuple[Name, ...], Ticket | None, tuple[str, ...]]) -> None:
        """It is kept only if no table has changed since."""
        tables, ticket, seen = read
        if ticket is None:
            return
        key = repr(tables).encode()
        result = Result(rows=WireRows.of(seen), count=len(seen), as_of=NOON)
        stored = self._done(self.cache.put(key, result, tags.of_entry(tables), ticket, 10))
        assert not stored or seen == self._seen(tables)
        if stored:
            self.kept_at[key] = self.clock.monotonic()

    @rule(tables=CHOSEN)
    def write(self, tables: tuple[Name, ...]) -> None:
        """Commit, then end the epochs, then answer."""
        for table in tables:
            self.versions[table] += 1
        self._done(self.cache.invalidate([tags.of_table(table) for table in tables]))

    @rule(table=st.sampled_from(TABLES))
    def lose_sight_of_a_write(self, table: Name) -> None:
        """It may come to be at any moment of its bar."""
        self._done(self.cache.invalidate([tags.of_table(table)], bar_s=5))
        self.versions[table] += 1

    @rule(seconds=st.sampled_from([1.0, 6.0, 11.0]))
    def let_time_pass(self, seconds: float) -> None:
        """Entries and bars end with their time."""
        self.clock.advance(seconds)

    @rule()
    def clear(self) -> None:
        """Nothing is left."""
        self._done(self.cache.invalidate([tags.EVERYTHING]))
        assert self._done(self.cache.contents()).entries == 0

    @invariant()
    def is_bounded(self) -> None:
        """In number and bytes, and nothing is remembered of what has gone."""
        contents = self._done(self.cache.contents())
        assert contents.entries is not None
        assert contents.bytes is not None
        assert contents.entries <= 5
        assert contents.bytes <= 20_000
        assert (contents.entries == 0) == (contents.bytes == 0)


TestCoherence = Coherence.TestCase
