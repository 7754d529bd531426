"""Grounds: what results of one relation or of one statement hang on for one caller, worked out once.

A hit of the cache is worth as much as it is quicker than the read that it saves: only what differs from read to read is
worked out for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

from attrs import field, frozen

from pgmcp.domain.caching import tags
from pgmcp.domain.caching.basis import Basis
from pgmcp.domain.caching.footprints import Footprint, Surroundings
from pgmcp.domain.caching.keys import Prefix
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import RawQuery
from pgmcp.domain.relations import Relation
from pgmcp.domain.settings import Settings
from pgmcp.ports.lineage import Lineage

# Relations and statements, each with a caller, of which the grounds are kept.
_KEPT = 2000


@frozen
class CacheSecret:
    """The secret that keys are digested with, made when it is first needed."""

    make: Callable[[], bytes]


@frozen(kw_only=True, eq=False)
class Ground:
    """What results hang on.

    Args:
        kind: `read` or `query`.
        obstacle: Why they are not kept; None where they are.
        watched: Whether they count only while announcements are heard.
        tags: The tags of each of them.
        tables: The tables behind them, for events.
        prefix: What their keys have in common.
        surroundings: What the sessions have in common.
        made_of: What all of this was worked out from; it holds as long as those are the same objects.
    """

    kind: str
    obstacle: str | None
    watched: bool
    tags: tuple[str, ...]
    tables: tuple[str, ...]
    prefix: Prefix
    surroundings: Surroundings
    made_of: tuple[object, ...] = field(repr=False)


class Grounds:
    """Works grounds out, and keeps them."""

    def __init__(self, lineage: Lineage, secret: CacheSecret, settings: Settings) -> None:
        """Ask `lineage` what stands behind relations; keys are digested with `secret`."""
        self._lineage = lineage
        self._secret = secret
        self._settings = settings
        self._kept: dict[tuple[object, str], Ground] = {}

    async def of_relation(self, relation: Relation, call: CallContext) -> Ground:
        """The ground of reads of a relation.

        Raises:
            DatabaseError: The database can't be asked.
        """
        footprint = await self._lineage.of(relation.name, call)
        surroundings = await self._lineage.surroundings(call)
        place = (id(relation), call.principal.name)
        kept = self._kept.get(place)
        made_of = (relation, call.view, footprint, surroundings)
        if kept is not None and _same(kept.made_of, made_of):
            return kept
        return self._keep(place, self._ground("read", relation, None, [footprint], surroundings, call, made_of))

    async def of_statement(self, plan: RawQuery, basis: Basis, call: CallContext) -> Ground:
        """The ground of a raw statement's results.

        Args:
            plan: The statement.
            basis: What its rows hang on.
            call: Whose it is.

        Raises:
            DatabaseError: The database can't be asked.
        """
        surroundings = await self._lineage.surroundings(call)
        footprints = [await self._lineage.of(name, call) for name in basis.tables]
        place = (plan.text, call.principal.name)
        kept = self._kept.get(place)
        made_of = (basis, call.view, surroundings, *footprints)
        if kept is not None and _same(kept.made_of, made_of):
            return kept
        made = self._ground("query", plan.text, basis.obstacle, footprints, surroundings, call, made_of)
        return self._keep(place, made)

    def _keep(self, place: tuple[object, str], ground: Ground) -> Ground:
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[place] = ground
        return ground

    def _ground(
        self,
        kind: str,
        subject: Any,
        obstacle: str | None,
        footprints: Sequence[Footprint | None],
        surroundings: Surroundings,
        call: CallContext,
        made_of: tuple[object, ...],
    ) -> Ground:
        known = [each for each in footprints if each is not None]
        sources = {name for each in known for name in each.sources}
        if obstacle is None and (len(known) < len(footprints) or not all(each.sources for each in known)):
            obstacle = "unknown"
        obstacle = obstacle or next((each.obstacle for each in known if each.obstacle is not None), None)
        watched = all(each.watched for each in known)
        if obstacle is None and not watched and not self._settings.cache_without_triggers:
            obstacle = "unwatched"
        hung_on = tags.of_entry(sources)
        seen_as = (call.view.digest, call.principal.name)
        return Ground(
            kind=kind,
            obstacle=obstacle,
            watched=watched,
            tags=hung_on,
            tables=tuple(sorted(str(name) for name in sources)),
            # With the tags in it, an entry is only ever found by whoever knows all that it hangs on.
            prefix=Prefix(self._secret.make(), kind, subject, seen_as, surroundings, hung_on),
            surroundings=surroundings,
            made_of=made_of,
        )


def _same(before: Sequence[object], now: Sequence[object]) -> bool:
    """Whether they are the same objects; equal ones that differ are not looked into."""
    return len(before) == len(now) and all(map(is_, before, now))
