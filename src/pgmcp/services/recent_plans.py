"""Plans of reads that were asked for before, so that the same read again is not planned again."""

from __future__ import annotations

import marshal
from typing import Any

from pgmcp.domain.plans import Select
from pgmcp.domain.relations import Relation
from pgmcp.domain.requests import ReadRequest

_MOST = 1000
# Bytes of a request that is remembered: long lists of values seldom come twice.
_LONGEST = 2048
# Without references in it, so that equal values give equal bytes.
# https://docs.python.org/3/library/marshal.html#marshal.version
_VERSION = 2

Place = tuple[int, bytes]
"""Where a plan is kept: by its relation as its caller sees it, and by everything that the request says."""


class RecentPlans:
    """Keeps plans that follow from their request and their relation alone; the oldest goes first."""

    def __init__(self, *, most: int = _MOST) -> None:
        """Keep that many at the most."""
        self._most = most
        self._kept: dict[Place, Select] = {}

    def place(self, request: ReadRequest, relation: Relation) -> Place | None:
        """Where the plan of a request is kept; None for one that isn't.

        Bytes that nothing reads back: `marshal` tells every value of JSON from every other, and refuses all but those
        very types, so that no two requests that could be planned otherwise have the same.
        """
        if request.cursor is not None:
            return None
        # Not only what `marshal` takes: the rest it refuses.
        said: Any = (
            request.filters,
            request.columns,
            request.order_by,
            request.ascending,
            request.limit,
            request.offset,
        )
        try:
            text = marshal.dumps(said, _VERSION)
        except ValueError:
            return None
        return (id(relation), text) if len(text) <= _LONGEST else None

    def get(self, place: Place | None, relation: Relation) -> Select | None:
        """The plan that is kept there."""
        plan = self._kept.get(place) if place is not None else None
        # An id may be another object's by now; a plan holds its own relation, so it can't be while the plan is kept.
        return plan if plan is not None and plan.relation is relation else None

    def put(self, place: Place | None, plan: Select) -> None:
        """Keep a plan."""
        if place is None:
            return
        if len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
        self._kept[place] = plan
