"""Views: what a caller's view of the database makes of the relations that the catalogue knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from attrs import evolve

from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import Listed, Schema
from pgmcp.domain.errors import PgmcpError, SecurityError, codes
from pgmcp.domain.filters.mentions import mentions_time
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment, zone_named
from pgmcp.domain.filters.tree import Filter, Or
from pgmcp.domain.policy.describing import listed_seen
from pgmcp.domain.policy.narrowing import narrowed
from pgmcp.domain.policy.patterns import is_system
from pgmcp.domain.policy.rules import Default
from pgmcp.domain.policy.sights import Sight
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Relation
from pgmcp.ports.clock import Clock

NO_ROW = Or(())
"""The filter that no row passes."""


class Views:
    """Shows relations as a caller may know them."""

    def __init__(self, clock: Clock) -> None:
        """Take relative times of the rules' filters at the clock's time."""
        self._clock = clock

    async def relation(
        self, relation: Relation, call: CallContext, time_zone: Callable[[], Awaitable[str]]
    ) -> Relation | None:
        """A relation as the caller may know it; None where it may not be known at all.

        Args:
            relation: What the catalogue says.
            call: Whose view it is.
            time_zone: Asks for the sessions' time zone, where a rule speaks of relative time.

        Raises:
            SecurityError: `policy_invalid`: the rule doesn't fit the relation.
        """
        view = call.view
        kept = view.kept(relation)
        if kept is not None:
            return kept
        sight = view.of(relation)
        if not sight.known:
            return None
        seen = narrowed(relation, sight)
        if sight.missing is not None:
            return view.keep(relation, evolve(seen, only=NO_ROW))
        if not sight.rows:
            return view.keep(relation, seen)
        timed = mentions_time(sight.rows)
        at = self._clock.now()
        moment = Moment(at.astimezone(zone_named(await time_zone())) if timed else at)
        seen = evolve(seen, only=_rows(sight, relation, moment))
        return seen if timed else view.keep(relation, seen)

    def listed(self, page: Iterable[Listed], search: str | None, view: View) -> list[Listed]:
        """The lines of a listing that a caller may read.

        Args:
            page: The lines.
            search: What was looked for: a comment that may not be read finds nothing.
            view: Whose they are.
        """
        found = []
        for each in page:
            sight = view.relation(each.name.schema, each.name.name)
            if not sight.known:
                continue
            seen = listed_seen(each, sight)
            if search is None or seen.comment == each.comment or search.casefold() in each.name.name.casefold():
                found.append(seen)
        return found

    def schema(self, schema: Schema, count: int, view: View) -> bool:
        """Whether a schema may be known: something in it may, or nothing is there and everything is allowed."""
        if count:
            return True
        allowed = view.policy.default is Default.ALLOW and not is_system(schema.name)
        return allowed and not schema.tables and view.may_know_schema(schema.name)


def _rows(sight: Sight, relation: Relation, moment: Moment) -> Filter:
    """A rule's filter over a relation, whose hidden columns it may name."""
    try:
        return parse(sight.rows or {}, relation, moment)
    except PgmcpError as error:
        # What doesn't fit is for whoever keeps the policy: it may name what a caller may not know.
        raise SecurityError(
            codes.POLICY_INVALID,
            f"the policy's rule for '{relation.display}' doesn't fit it",
            hint="`pgmcp check` says what is wrong.",
        ) from error
