"""Types as the catalogue describes them, with whatever they are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pgmcp.adapters.postgres.kept import Kept, Tally
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.calls import CallContext
from pgmcp.domain.values.types import UNKNOWN, Attribute, Kind, Type
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Need, Statement
from pgmcp.ports.transactions import Transaction

_KEPT_TYPES = 5000
_KINDS = {
    "a": Kind.ARRAY,
    "b": Kind.BASE,
    "c": Kind.COMPOSITE,
    "d": Kind.DOMAIN,
    "e": Kind.ENUM,
    "m": Kind.MULTIRANGE,
    "p": Kind.PSEUDO,
    "r": Kind.RANGE,
}


def types_from(facts: Sequence[Mapping[str, Any]]) -> dict[int, Type]:
    """Types by their oids, from the facts of `type_facts.sql`; each is made after what it is made of."""
    by_oid = {fact["oid"]: fact for fact in facts}
    made: dict[int, Type] = {}

    def make(oid: int | None) -> Type | None:
        if oid is None or oid not in by_oid:
            return None
        if oid not in made:
            fact = by_oid[oid]
            made[oid] = Type(
                name=fact["name"],
                schema=fact["schema"],
                kind=_KINDS[fact["kind"]],
                element=make(fact["element"]),
                base=make(fact["base"]),
                labels=tuple(fact["labels"] or ()),
                attributes=tuple(
                    Attribute(name, make(type_oid) or UNKNOWN) for name, type_oid in fact["attributes"] or ()
                ),
                extension=fact["extension"],
            )
        return made[oid]

    for oid in by_oid:
        make(oid)
    return made


class TypeCatalogue:
    """The types of one database by oid.

    Args:
        runner: Reads the catalogue.
        clock: Tells when a kept type is too old.
        ttl_s: Seconds that a type is kept.
        tally: Where to count.
    """

    def __init__(self, *, runner: Runner, clock: Clock, ttl_s: float = 30, tally: Tally | None = None) -> None:
        self._runner = runner
        self._kept: Kept[int, Type] = Kept(clock, most=_KEPT_TYPES, ttl_s=ttl_s, tally=tally)

    async def by_oids(
        self, oids: Iterable[int], call: CallContext, within: Transaction | None = None
    ) -> Mapping[int, Type]:
        """The types with those oids; at most one round trip, none when all are kept. What is gone is `unknown`."""
        wanted = set(oids)
        found = {oid: type_ for oid in wanted if (type_ := self._kept.get(oid)) is not None}
        missing = sorted(wanted - found.keys())
        if missing:
            statement, era = Statement(sql("types"), ([str(oid) for oid in missing],)), self._kept.era
            rows = await self._runner.run(statement, call, need=Need.READ, kind="catalogue", within=within)
            read = types_from(json.loads(rows.rows[0][0] or "[]"))
            found |= {oid: self._kept.put(oid, read.get(oid, UNKNOWN), era) for oid in missing}
        return found

    def forget(self) -> None:
        """Drop what is kept."""
        self._kept.clear()
