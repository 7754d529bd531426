"""CacheService: which reads are kept, under which key and on which tags.

A read's epochs are taken before it, so that whatever a write ends meanwhile is not kept.
"""

from __future__ import annotations

from typing import NamedTuple

from attrs import evolve

from pgmcp.domain.caching.events import CacheMissed, CachePassed, cache_hit
from pgmcp.domain.caching.keys import of_select, of_statement
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Effect, RawQuery, Select, StatementKind
from pgmcp.domain.results import Form, NativeRows, Result, WireRows
from pgmcp.domain.settings import Settings
from pgmcp.domain.values.native import row_decoder
from pgmcp.ports.announcing import Announcements
from pgmcp.ports.caching import Cache, Flights, Ticket
from pgmcp.ports.clock import Clock
from pgmcp.ports.observing import Observer
from pgmcp.services.caching import Load
from pgmcp.services.grounds import Ground, Grounds
from pgmcp.services.outdating import Outdating

# How much of an entry's time is drawn by its key, so that what was read together isn't read anew together.
_JITTER = 0.1
# Plans of callers of which it is remembered what they stand on.
_FOOTINGS = 1000


class Footing(NamedTuple):
    """What a plan's result is kept on: its ground, and its key; None for that means another moment each time."""

    plan: Select | RawQuery
    ground: Ground
    key: bytes | None


class CacheService:
    """Keeps what reads give until it no longer counts; implements `Caching`, and knows nothing of who asks."""

    def __init__(
        self,
        *,
        cache: Cache,
        flights: Flights,
        grounds: Grounds,
        announcements: Announcements,
        clock: Clock,
        observer: Observer,
        settings: Settings,
        outdating: Outdating,
    ) -> None:
        """Keep results in `cache`, on `grounds`, until `outdating` ends them."""
        self._cache = cache
        self._flights = flights
        self._grounds = grounds
        self._announcements = announcements
        self._clock = clock
        self._observer = observer
        self._settings = settings
        self._outdating = outdating
        self._footings: dict[tuple[int, str], Footing] = {}

    async def read(self, plan: Select, call: CallContext, load: Load) -> Result:
        """A read's result, kept or fresh; a read in a transaction is always fresh."""
        if call.transaction is not None or call.unit is not None:
            return await load(call)
        self._outdating.listen()
        footing = self._known(plan, call)
        if footing is None:
            ground = await self._grounds.of_relation(plan.relation, call)
            footing = self._keep(Footing(plan, ground, ground.prefix.key(of_select(plan))), call)
        return await self._on(footing, call, load)

    async def query(self, plan: RawQuery, call: CallContext, load: Load) -> Result:
        """A raw statement's result, kept or fresh; only where the guard has found out what its rows hang on."""
        outside = call.transaction is None and call.unit is None
        if not outside or plan.kind is not StatementKind.ROWS or not plan.read_only or plan.effect is not Effect.READ:
            return await load(call)
        self._outdating.listen()
        footing = self._known(plan, call)
        if footing is None:
            basis = plan.basis
            if basis is None:
                return await self._past("query", "unresolved", call, load)
            if basis.obstacle is not None:
                return await self._past("query", basis.obstacle, call, load)
            ground = await self._grounds.of_statement(plan, basis, call)
            footing = self._keep(Footing(plan, ground, ground.prefix.key(of_statement(plan))), call)
        return await self._on(footing, call, load)

    async def _past(self, kind: str, reason: str, call: CallContext, load: Load) -> Result:
        self._observer.observe(CachePassed(call=call.id, kind=kind, reason=reason))
        return await load(call)

    def _known(self, plan: Select | RawQuery, call: CallContext) -> Footing | None:
        """What a plan stood on before, if it still does; plans that come again are the same objects."""
        footing = self._footings.get((id(plan), call.principal.name))
        if footing is None or footing.plan is not plan or not self._grounds.hold(footing.ground, call):
            return None
        return footing

    def _keep(self, footing: Footing, call: CallContext) -> Footing:
        if len(self._footings) >= _FOOTINGS:
            del self._footings[next(iter(self._footings))]
        self._footings[id(footing.plan), call.principal.name] = footing
        return footing

    async def _on(self, footing: Footing, call: CallContext, load: Load) -> Result:
        """A result of a plan that stands on that."""
        _, ground, key = footing
        if ground.obstacle is not None:
            return await self._past(ground.kind, ground.obstacle, call, load)
        if ground.watched and not self._announcements.listening:
            return await self._past(ground.kind, "not listening", call, load)
        if key is None:
            return await self._past(ground.kind, "moment", call, load)
        self._cache.belong_to(ground.surroundings.database)
        found = await self._cache.look_up(key, ground.tags)
        if isinstance(found, Result):
            return self._served(found, ground, call)
        if found is None:
            return await self._past(ground.kind, "away", call, load)
        ticket = found

        async def fetch() -> Result:
            return await self._fetch(key, ticket, ground, call, load)

        result, shared = await self._flights.share(key, ticket, call.deadline, fetch)
        return self._served(result, ground, call) if shared else _in_form(evolve(result, as_of=None), call.form)

    async def _fetch(self, key: bytes, ticket: Ticket, ground: Ground, call: CallContext, load: Load) -> Result:
        as_of, began = self._clock.now(), self._clock.monotonic()
        fresh = await load(evolve(call, form=Form.WIRE))
        result = evolve(fresh, as_of=as_of)
        # Counted from `as_of`: what others wrote while it was read is no younger than that.
        ttl_s = self._settings.cache_ttl_s * (1 - _JITTER * key[0] / 255) - (self._clock.monotonic() - began)
        stored = ttl_s > 0 and await self._cache.put(key, result, ground.tags, ticket, ttl_s)
        self._observer.observe(CacheMissed(call=call.id, kind=ground.kind, tables=ground.tables, stored=stored))
        return result

    def _served(self, result: Result, ground: Ground, call: CallContext) -> Result:
        age_s = 0.0 if result.as_of is None else (self._clock.now() - result.as_of).total_seconds()
        self._observer.observe(cache_hit((call.id, ground.kind, ground.tables, age_s)))
        return _in_form(result, call.form)


def _in_form(result: Result, form: Form) -> Result:
    """A result in wire form in the form that is wanted."""
    if form is Form.WIRE or not isinstance(result.rows, WireRows):
        return result
    decode = row_decoder([column.type for column in result.columns])
    return evolve(result, rows=NativeRows(tuple(decode(text) for text in result.rows.rows)))
