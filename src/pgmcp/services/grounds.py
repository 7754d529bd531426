"""Grounds: what results of one relation or of one statement hang on for one caller, worked out once.

A hit of the cache is worth as much as it is quicker than the read that it saves: only what differs from read to read is
worked out for each.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen

from pgmcp.domain.caching import tags
from pgmcp.domain.caching.basis import Basis
from pgmcp.domain.caching.footprints import Footprint, Surroundings
from pgmcp.domain.caching.keys import Prefix
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import RawQuery
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Name, Relation
from pgmcp.domain.settings import Settings
from pgmcp.domain.sql.normalising import normalised
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
        subject: The relation, or a statement's basis.
        view: The database as the caller may know it.
        behind: What stands behind it, by name.
        surroundings: What the sessions have in common.
    """

    kind: str
    obstacle: str | None
    watched: bool
    tags: tuple[str, ...]
    tables: tuple[str, ...]
    prefix: Prefix
    subject: object = field(repr=False)
    view: View = field(repr=False)
    behind: tuple[tuple[Name, Footprint | None], ...] = field(repr=False)
    surroundings: Surroundings


class Grounds:
    """Works grounds out, and keeps them."""

    def __init__(self, lineage: Lineage, secret: CacheSecret, settings: Settings) -> None:
        """Ask `lineage` what stands behind relations; keys are digested with `secret`."""
        self._lineage = lineage
        self._secret = secret
        self._settings = settings
        self._kept: dict[tuple[object, str], Ground] = {}

    def hold(self, ground: Ground, call: CallContext) -> bool:
        """Whether what a ground was worked out from is still the same, told at once; False where nobody knows."""
        if ground.view is not call.view:
            return False
        lineage = self._lineage
        if lineage.recalled_surroundings(call) is not ground.surroundings:
            return False
        for name, footprint in ground.behind:
            if footprint is None or lineage.recalled(name) is not footprint:
                return False
        return True

    async def of_relation(self, relation: Relation, call: CallContext) -> Ground:
        """The ground of reads of a relation.

        Raises:
            DatabaseError: The database can't be asked.
        """
        place = (id(relation), call.principal.name)
        kept = self._kept.get(place)
        if kept is not None and kept.subject is relation and self.hold(kept, call):
            return kept
        surroundings = await self._lineage.surroundings(call)
        behind = ((relation.name, await self._lineage.of(relation.name, call)),)
        return self._keep(place, self._ground("read", relation, relation, None, behind, surroundings, call))

    async def of_statement(self, plan: RawQuery, basis: Basis, call: CallContext) -> Ground:
        """The ground of a raw statement's results.

        Args:
            plan: The statement.
            basis: What its rows hang on.
            call: Whose it is.

        Raises:
            DatabaseError: The database can't be asked.
        """
        place = (plan.text, call.principal.name)
        kept = self._kept.get(place)
        if kept is not None and kept.subject is basis and self.hold(kept, call):
            return kept
        surroundings = await self._lineage.surroundings(call)
        behind = tuple([(name, await self._lineage.of(name, call)) for name in basis.tables])
        return self._keep(
            place, self._ground("query", basis, normalised(plan.text), basis.obstacle, behind, surroundings, call)
        )

    def _keep(self, place: tuple[object, str], ground: Ground) -> Ground:
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[place] = ground
        return ground

    def _ground(
        self,
        kind: str,
        subject: object,
        spelt: object,
        obstacle: str | None,
        behind: tuple[tuple[Name, Footprint | None], ...],
        surroundings: Surroundings,
        call: CallContext,
    ) -> Ground:
        known = [each for _, each in behind if each is not None]
        sources = {name for each in known for name in each.sources}
        if obstacle is None and (len(known) < len(behind) or not all(each.sources for each in known)):
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
            prefix=Prefix(self._secret.make(), kind, spelt, seen_as, surroundings, hung_on),
            surroundings=surroundings,
            subject=subject,
            view=call.view,
            behind=behind,
        )
