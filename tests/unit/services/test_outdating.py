"""What writes, and the word of them, end in the cache."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import define, field

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.metadata import KeptMetadata
from pgmcp.domain.caching.events import CacheInvalidated
from pgmcp.domain.caching.footprints import Footprint, Surroundings, Touched
from pgmcp.domain.calls import CallContext
from pgmcp.domain.changes import ANYTHING, CODE, DEFINITIONS, NOTHING, Changes
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.relations import Name
from pgmcp.domain.results import Result
from pgmcp.domain.settings import Settings
from pgmcp.domain.transactions import Outcome
from pgmcp.ports.announcing import Heard as Heard_
from pgmcp.ports.caching import Contents, Ticket
from pgmcp.services.outdating import Outdating
from tests.fixtures.pool import Heard

ORDERS, ITEMS, LOGGED, GONE = (Name("public", name) for name in ("orders", "items", "logged", "gone"))
SILENT = 31.0  # what a statement of 30 s may still be at work, and a second


@define
class Noting:
    """A cache that notes what is ended in it."""

    ended: list[tuple[tuple[str, ...], float]] = field(factory=list)
    heard: list[str] = field(factory=list)

    def belong_to(self, database: str) -> None:
        """Whoever's."""

    async def look_up(self, key: bytes, tags: Sequence[str]) -> Result | Ticket | None:
        return None

    async def put(self, key: bytes, result: Result, tags: Sequence[str], ticket: Ticket, ttl_s: float) -> bool:
        return False

    async def invalidate(self, tags: Sequence[str], bar_s: float = 0.0) -> None:
        self.ended.append((tuple(tags), bar_s))

    async def hear(self, text: str) -> None:
        self.heard.append(text)

    async def contents(self) -> Contents:
        return Contents()

    def held(self) -> Contents:
        return Contents()

    async def close(self) -> None:
        """There is nothing to close."""


@define
class Known:
    """A lineage: orders and their items, a table with a trigger, and one that can't be asked for."""

    forgotten: int = 0
    dropped: list[Name] = field(factory=list)

    async def surroundings(self, call: CallContext) -> Surroundings:
        return Surroundings(database="d", role="r", search_path="public", time_zone="UTC")

    async def of(self, name: Name, call: CallContext) -> Footprint | None:
        if name == GONE:
            raise DatabaseError(codes.CONNECTION_LOST, "away")
        reached = {ORDERS: {ORDERS, ITEMS}}.get(name, {name})
        touched = Touched(tables=frozenset(reached), known=name != LOGGED)
        return Footprint(sources=frozenset({name}), inserted=touched, changed=touched)

    def recalled_surroundings(self, call: CallContext) -> Surroundings | None:
        """Nothing is kept."""

    def recalled(self, name: Name) -> Footprint | None:
        """Nothing is kept."""

    def drop(self, name: Name) -> None:
        self.dropped.append(name)

    def forget(self) -> None:
        self.forgotten += 1


@define
class Ears:
    """Announcements that nobody makes."""

    listening: bool = True
    asked: int = 0

    def listen(self, heard: Heard_, begun: Callable[[], Awaitable[None]]) -> None:
        self.asked += 1

    async def tell(self, text: str) -> bool:
        return False

    async def close(self) -> None:
        """There is nothing to close."""


@define
class Made:
    """Outdating, with what it works on."""

    cache: Noting
    lineage: Known
    ears: Ears
    events: Heard
    outdating: Outdating
    forgotten: list[str]


@pytest.fixture
def made() -> Made:
    """Outdating over doubles."""
    cache, lineage, ears, events, metadata = Noting(), Known(), Ears(), Heard(), KeptMetadata()
    forgotten: list[str] = []
    forget: Callable[[], None] = lambda: forgotten.append("definitions")  # noqa: E731 -- named for its type
    metadata.forgetting(forget)
    outdating = Outdating(
        cache=cache,
        lineage=lineage,
        metadata=metadata,
        announcements=ears,
        clock=FixedClock(datetime(2026, 5, 6, tzinfo=UTC)),
        observer=events,
        settings=Settings(),
    )
    return Made(cache, lineage, ears, events, outdating, forgotten)


@pytest.mark.parametrize(
    "changes, outcome, ended, bar_s, reason",
    [
        pytest.param(Changes.of(ITEMS), Outcome.COMMITTED, ["t:public.items"], 0.0, "write", id="a-write"),
        pytest.param(
            Changes.of(ORDERS), Outcome.COMMITTED, ["t:public.items", "t:public.orders"], 0.0, "write", id="a-cascade"
        ),
        pytest.param(Changes.of(ORDERS), Outcome.ROLLED_BACK, None, 0.0, None, id="rolled-back"),
        pytest.param(NOTHING, Outcome.COMMITTED, None, 0.0, None, id="nothing-written"),
        pytest.param(
            Changes.of(ITEMS), Outcome.UNKNOWN, ["t:public.items"], SILENT, "unknown_outcome", id="unknown-outcome"
        ),
        pytest.param(Changes.of(LOGGED), Outcome.COMMITTED, ["*"], 0.0, "trigger", id="a-trigger-of-unknown-effect"),
        pytest.param(Changes.of(GONE), Outcome.COMMITTED, ["*"], 0.0, "trigger", id="what-can't-be-found-out"),
        pytest.param(ANYTHING, Outcome.COMMITTED, ["*"], 0.0, "statement", id="a-statement"),
        pytest.param(ANYTHING, Outcome.UNKNOWN, ["*"], SILENT, "unknown_outcome", id="a-statement-of-unknown-outcome"),
    ],
)
async def test_what_a_write_ends(
    made: Made, changes: Changes, outcome: Outcome, ended: list[str] | None, bar_s: float, reason: str | None
) -> None:
    """What it reached, or everything where nobody can tell; a bar where it may still be at work."""
    await made.outdating.changed(changes, outcome)
    assert made.cache.ended == ([] if ended is None else [(tuple(ended), bar_s)])
    assert [each.reason for each in made.events.events if isinstance(each, CacheInvalidated)] == (
        [] if reason is None else [reason]
    )


@pytest.mark.parametrize(
    "changes, forgets",
    [
        pytest.param(ANYTHING, False, id="rows-of-whatever"),
        pytest.param(ANYTHING | Changes.of(ORDERS), False, id="rows-among-them"),
        pytest.param(CODE, True, id="code-of-whatever"),
        pytest.param(ANYTHING | CODE, True, id="code-among-it"),
        pytest.param(DEFINITIONS, True, id="a-definition"),
        pytest.param(ANYTHING | DEFINITIONS, True, id="a-definition-among-it"),
    ],
)
async def test_what_a_write_has_forgotten_of_definitions(made: Made, changes: Changes, *, forgets: bool) -> None:
    """Nothing, unless it may have defined something: reading it again is a round trip for each relation."""
    await made.outdating.changed(changes, Outcome.COMMITTED)
    assert (made.lineage.forgotten, made.forgotten) == ((1, ["definitions"]) if forgets else (0, []))
    assert made.cache.ended == [(("*",), 0.0)]


@pytest.mark.parametrize("listening, dropped", [(True, []), (False, [ORDERS])])
async def test_what_a_write_reaches_is_known_of_now(made: Made, *, listening: bool, dropped: list[Name]) -> None:
    """Whoever only writes listens too; until it is heard what others define, it is asked for anew."""
    made.ears.listening = listening
    await made.outdating.changed(Changes.of(ORDERS), Outcome.COMMITTED)
    assert (made.ears.asked, made.lineage.dropped) == (1, dropped)
    assert made.cache.ended == [(("t:public.items", "t:public.orders"), 0.0)]


@pytest.mark.parametrize(
    "told, ended, forgets",
    [
        pytest.param(["t:public.orders"], ["t:public.orders"], False, id="a-table"),
        pytest.param(["t:a.a", "t:b.b"], ["t:a.a", "t:b.b"], False, id="tables-at-once"),
        pytest.param(["ddl"], ["*"], True, id="a-definition"),
        pytest.param(["t:a.a", "ddl"], ["*"], True, id="both"),
        pytest.param(["shut x", "t:a.a"], ["t:a.a"], False, id="a-word-between-caches"),
        pytest.param(["open x"], None, False, id="nothing-but-such-a-word"),
    ],
)
async def test_what_is_heard(made: Made, told: list[str], ended: list[str] | None, forgets: bool) -> None:
    """Once for all that came together."""
    await made.outdating.hear(told)
    assert made.cache.ended == ([] if ended is None else [(tuple(ended), 0.0)])
    assert made.cache.heard == [text for text in told if " " in text]
    assert (made.lineage.forgotten, made.forgotten) == ((1, ["definitions"]) if forgets else (0, []))


async def test_when_listening_begins(made: Made) -> None:
    """What was said before is lost, so nothing of before counts."""
    await made.outdating.begin()
    assert (made.cache.ended, made.lineage.forgotten, made.forgotten) == ([(("*",), 0.0)], 1, ["definitions"])


@pytest.mark.parametrize(
    "scope, ended",
    [
        pytest.param({}, ("*",), id="all"),
        pytest.param({"tables": (ITEMS,)}, ("t:public.items",), id="a-table"),
        pytest.param({"tables": (GONE,)}, ("t:public.gone",), id="one-that-can't-be-asked-for"),
        pytest.param({"schema": "public"}, ("s:public",), id="a-schema"),
    ],
)
async def test_what_is_cleared(made: Made, scope: dict[str, Any], ended: tuple[str, ...]) -> None:
    """What was said; definitions with everything. Only tables are told of as such."""
    await made.outdating.clear(**scope)
    assert made.cache.ended == [(ended, 0.0)]
    tables = tuple(tag[2:] for tag in ended if tag.startswith("t:"))
    assert made.events.events == [CacheInvalidated(reason="cleared", tables=tables)]
    assert made.forgotten == ([] if scope else ["definitions"])
