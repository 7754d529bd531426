"""CacheService over doubles: what it asks of the cache, and how long it keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import define, evolve, field

from pgmcp.adapters.cache.flights import SingleFlights
from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.metadata import KeptMetadata
from pgmcp.adapters.silence import Silence
from pgmcp.domain.caching.basis import Basis
from pgmcp.domain.caching.events import CacheHit, CacheMissed, CachePassed
from pgmcp.domain.caching.footprints import Footprint, Surroundings, Touched
from pgmcp.domain.calls import CallContext, CallId, LeaseId, Principal, Unit
from pgmcp.domain.plans import Bounds, Effect, Page, RawQuery, Select, StatementKind
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.results import Form, NativeRows, Result, ResultColumn, WireRows
from pgmcp.domain.settings import Settings
from pgmcp.domain.values.types import INT4
from pgmcp.ports.caching import Contents, Ticket
from pgmcp.services.cache import CacheService
from pgmcp.services.grounds import CacheSecret, Grounds
from pgmcp.services.outdating import Outdating
from tests.fixtures.pool import Heard

NAME = Name("public", "t")
RELATION = Relation(name=NAME, kind=RelationKind.TABLE, columns=(Column(name="id", type=INT4),))
PLAN = Select(relation=RELATION, columns=("id",), page=Page(limit=9), bounds=Bounds())
STATEMENT = RawQuery(
    text="SELECT id FROM t",
    kind=StatementKind.ROWS,
    effect=Effect.READ,
    basis=Basis(tables=(NAME,)),
    bounds=Bounds(),
)
CALL = CallContext(id=CallId("c"), tool="t", deadline=1e9, form=Form.WIRE)
FRESH = Result(columns=(ResultColumn("id", INT4),), rows=WireRows.of(("[7]",)), count=1)
NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
AROUND = Surroundings(database="d", role="r", search_path="public", time_zone="UTC")
TOUCHED = Touched(tables=frozenset({NAME}))
PLAIN = Footprint(sources=frozenset({NAME}), watched=True, inserted=TOUCHED, changed=TOUCHED)


@define
class Shelf:
    """A cache that keeps everything, unless it is away."""

    away: bool = False
    kept: dict[bytes, tuple[Result, tuple[str, ...], float]] = field(factory=dict)

    def belong_to(self, database: str) -> None:
        """Whoever's."""

    async def look_up(self, key: bytes, tags: Sequence[str]) -> Result | Ticket | None:
        if self.away:
            return None
        found = self.kept.get(key)
        return found[0] if found is not None else Ticket(tuple("0" for _ in tags))

    async def put(self, key: bytes, result: Result, tags: Sequence[str], ticket: Ticket, ttl_s: float) -> bool:
        self.kept[key] = (result, tuple(tags), ttl_s)
        return True

    async def invalidate(self, tags: Sequence[str], bar_s: float = 0.0) -> None:
        self.kept.clear()

    async def hear(self, text: str) -> None:
        """Nothing is said."""

    async def contents(self) -> Contents:
        return self.held()

    def held(self) -> Contents:
        return Contents()

    async def close(self) -> None:
        """There is nothing to close."""


@define
class Told:
    """A lineage that says what it was told to."""

    footprint: Footprint | None = PLAIN
    around: Surroundings = AROUND
    asked: int = 0

    async def surroundings(self, call: CallContext) -> Surroundings:
        return self.around

    async def of(self, name: Name, call: CallContext) -> Footprint | None:
        self.asked += 1
        return self.footprint

    def recalled_surroundings(self, call: CallContext) -> Surroundings | None:
        return self.around

    def recalled(self, name: Name) -> Footprint | None:
        return self.footprint

    def drop(self, name: Name) -> None:
        """Nothing is kept."""

    def forget(self) -> None:
        """Nothing is kept."""


@define
class Made:
    """The service, what it works on, and a database that counts how often it is asked."""

    service: CacheService
    shelf: Shelf
    events: Heard
    clock: FixedClock
    lineage: Told
    asked: int = 0
    takes_s: float = 0.0

    async def load(self, call: CallContext) -> Result:
        """Read from the database."""
        self.asked += 1
        self.clock.advance(self.takes_s)
        await asyncio.sleep(0)
        return FRESH

    async def read(self, plan: Select = PLAN, call: CallContext = CALL) -> Result:
        """Read by the service."""
        return await self.service.read(plan, call, self.load)

    async def query(self, plan: RawQuery = STATEMENT, call: CallContext = CALL) -> Result:
        """Ask by the service."""
        return await self.service.query(plan, call, self.load)

    def reasons(self) -> list[str]:
        """Why reads went past the cache."""
        return [each.reason for each in self.events.events if isinstance(each, CachePassed)]


def make(*, footprint: Footprint | None = PLAIN, listening: bool = True, **settings: Any) -> Made:
    """The service over doubles."""
    shelf, events, clock, lineage = Shelf(), Heard(), FixedClock(NOON), Told(footprint)
    given, announcements = Settings(**settings), Silence(listening=listening)
    outdating = Outdating(
        cache=shelf,
        lineage=lineage,
        metadata=KeptMetadata(),
        announcements=announcements,
        clock=clock,
        observer=events,
        settings=given,
    )
    service = CacheService(
        cache=shelf,
        flights=SingleFlights(),
        grounds=Grounds(lineage, CacheSecret(lambda: b"secret"), given),
        announcements=announcements,
        clock=clock,
        observer=events,
        settings=given,
        outdating=outdating,
    )
    return Made(service, shelf, events, clock, lineage)


async def test_a_miss_and_a_hit() -> None:
    """The first is fresh and kept in wire form, the second is not older than it says."""
    made = make()
    assert await made.read() == FRESH
    made.clock.advance(3)
    assert await made.read() == evolve(FRESH, as_of=NOON)
    assert await made.read(call=evolve(CALL, form=Form.NATIVE)) == evolve(FRESH, rows=NativeRows(((7,),)), as_of=NOON)
    assert made.asked == 1
    told = [each for each in made.events.events if isinstance(each, CacheHit | CacheMissed)]
    assert [(type(each).__name__, each.kind, each.tables) for each in told] == [
        ("CacheMissed", "read", ("public.t",)),
        ("CacheHit", "read", ("public.t",)),
        ("CacheHit", "read", ("public.t",)),
    ]
    assert [each.age_s for each in told if isinstance(each, CacheHit)] == [3, 3]


async def test_times_differ_by_up_to_a_tenth() -> None:
    """So that what was read together isn't read anew together."""
    made = make(cache_ttl_s=100)
    for offset in range(40):
        await made.read(evolve(PLAN, page=Page(limit=9, offset=offset)))
    times = [ttl_s for _, _, ttl_s in made.shelf.kept.values()]
    assert 90 <= min(times) < max(times) <= 100
    assert len(set(times)) > 20


@pytest.mark.parametrize("takes_s, kept_s", [(0.0, 30.0), (12.0, 18.0), (30.0, None), (40.0, None)])
async def test_the_time_begins_with_the_read(takes_s: float, kept_s: float | None) -> None:
    """What others write while it is read shows when the time is up, too: however long it was read."""
    made = make(cache_ttl_s=30)
    made.takes_s = takes_s
    assert await made.read() == FRESH
    times = [ttl_s for _, _, ttl_s in made.shelf.kept.values()]
    if kept_s is None:
        assert times == []
        assert [each.stored for each in made.events.events if isinstance(each, CacheMissed)] == [False]
    else:
        assert len(times) == 1
        assert kept_s - 3 <= times[0] <= kept_s


@pytest.mark.parametrize(
    "facts, reason",
    [
        pytest.param({"footprint": None}, "unknown", id="nobody-knows-it"),
        pytest.param({"footprint": evolve(PLAIN, sources=frozenset())}, "unknown", id="nothing-behind-it"),
        pytest.param({"footprint": evolve(PLAIN, obstacle="row security")}, "row security", id="an-obstacle"),
        pytest.param({"footprint": evolve(PLAIN, watched=False)}, "unwatched", id="unwatched"),
        pytest.param({"listening": False}, "not listening", id="not-listening"),
    ],
)
async def test_what_goes_past_it(facts: dict[str, Any], reason: str) -> None:
    """For a reason that is told, and nothing is kept."""
    made = make(**facts)
    assert [await made.read(), await made.query()] == [FRESH, FRESH]
    assert (made.asked, made.reasons(), made.shelf.kept) == (2, [reason, reason], {})


async def test_what_is_kept_by_time_alone_needs_nobody_to_listen() -> None:
    """Without triggers there is nothing to hear."""
    made = make(footprint=evolve(PLAIN, watched=False), listening=False, cache_without_triggers=True)
    assert [(await made.read()).as_of, (await made.read()).as_of] == [None, NOON]


async def test_a_cache_that_is_away() -> None:
    """Costs no more than the look."""
    made = make()
    made.shelf.away = True
    assert [await made.read(), await made.read()] == [FRESH, FRESH]
    assert made.reasons() == ["away", "away"]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(evolve(CALL, transaction=LeaseId("x")), id="a-lease"),
        pytest.param(evolve(CALL, unit=Unit(object())), id="a-unit"),
    ],
)
async def test_a_transaction_goes_past_it_without_a_word(call: CallContext) -> None:
    """It sees what nobody else does."""
    made = make()
    await made.read()
    assert await made.read(call=call) == FRESH
    assert await made.query(call=call) == FRESH
    assert (made.asked, made.reasons()) == (3, [])


async def test_nobody_has_what_another_read() -> None:
    """By the name of who calls."""
    made = make()
    other = evolve(CALL, principal=Principal("other"))
    assert [(await made.read()).as_of, (await made.read(call=other)).as_of] == [None, None]
    assert [(await made.read()).as_of, (await made.read(call=other)).as_of] == [NOON, NOON]


async def test_one_read_for_all_at_once() -> None:
    """Those who came later are told that it is not their own."""
    made = make()
    found = await asyncio.gather(*[made.read() for _ in range(8)])
    assert made.asked == 1
    assert sorted(each.as_of is None for each in found) == [False] * 7 + [True]


@pytest.mark.parametrize(
    "basis, reason",
    [
        pytest.param(None, "unresolved", id="no-basis"),
        pytest.param(Basis(obstacle="function"), "function", id="an-obstacle"),
    ],
)
async def test_statements_that_are_not_kept(basis: Basis | None, reason: str) -> None:
    """Where nobody knows what they hang on, or it is more than rows."""
    made, plan = make(), evolve(STATEMENT, basis=basis)
    assert [await made.query(plan), await made.query(plan)] == [FRESH, FRESH]
    assert made.reasons() == [reason, reason]


@pytest.mark.parametrize(
    "change, asked, kept",
    [
        pytest.param({}, 1, True, id="nothing"),
        pytest.param(
            {"footprint": evolve(PLAIN, watched=True, changed=evolve(TOUCHED, known=False))}, 2, True, id="lineage"
        ),
        pytest.param(
            {"footprint": evolve(PLAIN, sources=frozenset({NAME, Name("public", "u")}))}, 2, False, id="tables"
        ),
        pytest.param({"footprint": evolve(PLAIN, obstacle="rules")}, 2, False, id="an-obstacle"),
        pytest.param({"around": evolve(AROUND, time_zone="Asia/Tokyo")}, 2, False, id="surroundings"),
    ],
)
async def test_a_plan_that_comes_again(change: dict[str, Any], asked: int, kept: bool) -> None:
    """It stands on what it stood on for as long as that is the same; then it is worked out anew."""
    for plan in (PLAN, STATEMENT):
        made = make()
        ask: Any = made.read if isinstance(plan, Select) else made.query
        await ask(plan)
        for name, value in change.items():
            setattr(made.lineage, name, value)
        assert ((await ask(plan)).as_of is not None, made.lineage.asked) == (kept, asked)
        other = evolve(CALL, view=View())
        await ask(plan, other)
        assert made.lineage.asked == asked + 1


async def test_statements_that_are_kept() -> None:
    """By text, parameters and bounds; a statement of no table hangs on what ends everything alone."""
    made = make()
    one = evolve(STATEMENT, text="SELECT 1", basis=Basis())
    asked = [STATEMENT, evolve(STATEMENT, params=(1,)), evolve(STATEMENT, bounds=Bounds(max_rows=1)), one]
    assert [(await made.query(plan)).as_of for plan in (*asked, *asked)] == [None] * 4 + [NOON] * 4
    assert {tags for _, tags, _ in made.shelf.kept.values()} == {("*", "s:public", "t:public.t"), ("*",)}
    writing = evolve(STATEMENT, read_only=False)
    assert (await made.query(writing)).as_of is None
