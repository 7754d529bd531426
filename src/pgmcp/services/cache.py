"""CacheService: which reads are kept, under which key and on which tags.

A read's epochs are taken before it, so that whatever a write ends meanwhile is not kept.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve, frozen

from pgmcp.domain.caching import tags
from pgmcp.domain.caching.events import CacheHit, CacheMissed, CachePassed
from pgmcp.domain.caching.footprints import Footprint
from pgmcp.domain.caching.keys import digest, spelt
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Select
from pgmcp.domain.results import Form, NativeRows, Result, WireRows
from pgmcp.domain.settings import Settings
from pgmcp.domain.values.native import row_decoder
from pgmcp.ports.announcing import Announcements
from pgmcp.ports.caching import Cache, Flights, Ticket
from pgmcp.ports.clock import Clock
from pgmcp.ports.lineage import Lineage
from pgmcp.ports.observing import Observer
from pgmcp.services.caching import Load
from pgmcp.services.outdating import Outdating

# How much of an entry's time is drawn by its key, so that what was read together isn't read anew together.
_JITTER = 0.1


@frozen
class CacheSecret:
    """The secret that keys are digested with, made when it is first needed."""

    make: Callable[[], bytes]


class CacheService:
    """Keeps what reads give until it no longer counts; implements `Caching`, and knows nothing of who asks."""

    def __init__(  # noqa: PLR0913 -- a station of its own on the way of a read
        self,
        *,
        cache: Cache,
        flights: Flights,
        lineage: Lineage,
        announcements: Announcements,
        clock: Clock,
        observer: Observer,
        secret: CacheSecret,
        settings: Settings,
        outdating: Outdating,
    ) -> None:
        """Keep results in `cache`, hanging on what `lineage` knows, until `outdating` ends them."""
        self._cache = cache
        self._flights = flights
        self._lineage = lineage
        self._announcements = announcements
        self._clock = clock
        self._observer = observer
        self._secret = secret
        self._settings = settings
        self._outdating = outdating
        self._policy = spelt(settings.policy)

    async def read(self, plan: Select, call: CallContext, load: Load) -> Result:
        """A read's result, kept or fresh; a read in a transaction is always fresh."""
        if call.transaction is not None:
            return await load(call)
        self._outdating.listen()
        footprint = await self._lineage.of(plan.relation.name, call)
        reason = self._why_not(footprint)
        if reason is not None or footprint is None:
            self._observer.observe(CachePassed(call=call.id, kind="read", reason=reason or "unknown"))
            return await load(call)
        surroundings = await self._lineage.surroundings(call)
        self._cache.belong_to(surroundings.database)
        key = digest(self._secret.make(), plan, self._view(call), surroundings)
        if key is None:
            self._observer.observe(CachePassed(call=call.id, kind="read", reason="moment"))
            return await load(call)
        hung_on = tags.of_entry(footprint.sources)
        tables = tuple(sorted(str(name) for name in footprint.sources))
        found = await self._cache.look_up(key, hung_on)
        if isinstance(found, Result):
            return self._served(found, call, tables)
        if found is None:
            self._observer.observe(CachePassed(call=call.id, kind="read", reason="away"))
            return await load(call)
        ticket = found

        async def fetch() -> Result:
            return await self._fetch(key, hung_on, ticket, tables, call, load)

        result, shared = await self._flights.share(key, ticket, call.deadline, fetch)
        return self._served(result, call, tables) if shared else _in_form(evolve(result, as_of=None), call.form)

    def _view(self, call: CallContext) -> str:
        """What the caller may see, as a text: who it is, under which policy."""
        return spelt((self._policy, call.principal.name, dict(call.principal.attributes)))

    def _why_not(self, footprint: Footprint | None) -> str | None:
        """Why a read of that can't be kept or served; None if it can."""
        if footprint is None or not footprint.sources:
            return "unknown"
        if footprint.obstacle is not None:
            return footprint.obstacle
        if footprint.watched:
            return None if self._announcements.listening else "not listening"
        return None if self._settings.cache_without_triggers else "unwatched"

    async def _fetch(
        self,
        key: bytes,
        hung_on: tuple[str, ...],
        ticket: Ticket,
        tables: tuple[str, ...],
        call: CallContext,
        load: Load,
    ) -> Result:
        as_of = self._clock.now()
        fresh = await load(evolve(call, form=Form.WIRE))
        result = evolve(fresh, as_of=as_of)
        ttl_s = self._settings.cache_ttl_s * (1 - _JITTER * key[0] / 255)
        stored = await self._cache.put(key, result, hung_on, ticket, ttl_s)
        self._observer.observe(CacheMissed(call=call.id, kind="read", tables=tables, stored=stored))
        return result

    def _served(self, result: Result, call: CallContext, tables: tuple[str, ...]) -> Result:
        age_s = 0.0 if result.as_of is None else (self._clock.now() - result.as_of).total_seconds()
        self._observer.observe(CacheHit(call=call.id, kind="read", tables=tables, age_s=age_s))
        return _in_form(result, call.form)


def _in_form(result: Result, form: Form) -> Result:
    """A result in wire form in the form that is wanted."""
    if form is Form.WIRE or not isinstance(result.rows, WireRows):
        return result
    decode = row_decoder([column.type for column in result.columns])
    return evolve(result, rows=NativeRows(tuple(decode(text) for text in result.rows.rows)))
