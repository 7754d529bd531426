"""What stands behind a relation of a PostgreSQL, by its catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pgmcp.adapters.postgres.kept import Kept, Tally
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.caching.footprints import Footprint, Surroundings, Touched
from pgmcp.domain.caching.steady import STEADY, TIMELESS
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import SecurityError
from pgmcp.domain.policy.standing import Standing
from pgmcp.domain.relations import Name
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Need, Parameter, Statement

_KEPT = 2000
_TIMELESS = [str(oid) for oid in sorted(TIMELESS)]
_KEPT_SURROUNDINGS = 100


class PostgresLineage:
    """Implements `Lineage`.

    Args:
        runner: Reads the catalogue.
        clock: Tells when what is kept is too old.
        ttl_s: Seconds that it is kept.
        tally: Where to count.
    """

    def __init__(self, *, runner: Runner, clock: Clock, ttl_s: float = 30, tally: Tally | None = None) -> None:
        self._runner = runner
        self._footprints: Kept[Name, Footprint] = Kept(clock, most=_KEPT, ttl_s=ttl_s, tally=tally)
        self._surroundings: Kept[Standing, Surroundings] = Kept(clock, most=_KEPT_SURROUNDINGS, ttl_s=ttl_s)

    async def surroundings(self, call: CallContext) -> Surroundings:
        outlook = call.view.standing.outlook
        kept = self._surroundings.get(outlook)
        if kept is not None:
            return kept
        facts = json.loads(await self._read("surroundings", call) or "{}")
        return self._surroundings.put(outlook, Surroundings(**facts))

    async def of(self, name: Name, call: CallContext) -> Footprint | None:
        kept = self._footprints.get(name)
        if kept is not None:
            return kept
        era = self._footprints.era
        try:
            text = await self._read("lineage", call, name.schema, name.name, sorted(STEADY), _TIMELESS)
        except SecurityError:
            # A part of the catalogue is shut to the role: nobody can tell, and the call goes on without.
            return None
        return None if text is None else self._footprints.put(name, _footprint(json.loads(text)), era)

    def recalled_surroundings(self, call: CallContext) -> Surroundings | None:
        return self._surroundings.recall(call.view.standing.outlook)

    def recalled(self, name: Name) -> Footprint | None:
        return self._footprints.recall(name)

    def drop(self, name: Name) -> None:
        self._footprints.drop(name)

    def forget(self) -> None:
        self._footprints.clear()

    async def _read(self, name: str, call: CallContext, *parameters: Parameter) -> str | None:
        rows = await self._runner.run(Statement(sql(name), parameters), call, need=Need.READ, kind="catalogue")
        return rows.rows[0][0] if rows.rows else None


def _footprint(facts: Mapping[str, Any]) -> Footprint:
    tables = facts["tables"]
    behind = [each for each in tables if each["how"] == "behind"]
    sources = [each for each in tables if each["how"] != "reached" and not each["view"]]
    obstacle = next((each["obstacle"] for each in behind if each["obstacle"]), None)
    return Footprint(
        sources=_names(sources),
        obstacle=obstacle or ("unsteady" if facts["unsteady"] else None),
        watched=bool(sources) and all(each["told"] for each in sources),
        inserted=_touched(behind),
        changed=_touched([each for each in tables if each["how"] != "above"]),
    )


def _touched(tables: Iterable[Mapping[str, Any]]) -> Touched:
    listed = list(tables)
    return Touched(
        tables=_names(each for each in listed if not each["view"]),
        known=not any(each["unknown"] for each in listed),
    )


def _names(tables: Iterable[Mapping[str, Any]]) -> frozenset[Name]:
    return frozenset(Name(each["schema"], each["name"]) for each in tables)
