"""What was being found out while definitions changed isn't kept: nobody knows which of the two it tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import define

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.kept import Tally
from pgmcp.adapters.postgres.lineage import PostgresLineage
from pgmcp.adapters.postgres.resolving.facts import Facts
from pgmcp.adapters.postgres.resolving.tree import Mentions, Touch
from pgmcp.adapters.postgres.schemas import PostgresSchemaRepository
from pgmcp.adapters.postgres.types import TypeCatalogue
from pgmcp.domain.relations import Name
from tests.fixtures.cached import session
from tests.fixtures.pool import a_call, way_to
from tests.fixtures.postgres import MakeDatabase

SCHEMA = "CREATE TABLE item (id int PRIMARY KEY); CREATE TYPE state AS ENUM ('new')"


def _nothing() -> None:
    """Definitions stay as they are."""


@define
class Meanwhile:
    """A runner whose answers come behind the word that definitions have changed."""

    runner: Any
    forget: Callable[[], None] = _nothing
    asked: int = 0

    async def run(self, *arguments: Any, **named: Any) -> Any:
        """Run it, and hear of a change before the answer is there."""
        self.asked += 1
        rows = await self.runner.run(*arguments, **named)
        self.forget()
        return rows


async def test_it_is_asked_for_again(make_database: MakeDatabase) -> None:
    """Lineage, relations, types, and what a statement's ids stand for: once more each, and then kept."""
    dsn, call, clock = await make_database(SCHEMA), a_call(), SystemClock()
    async with way_to(dsn) as way, session(dsn) as it:
        runner: Any = Meanwhile(way.runner)
        table = await it.fetchval("SELECT 'item'::regclass::oid::int8")
        state = await it.fetchval("SELECT 'state'::regtype::oid::int8")
        types = TypeCatalogue(runner=runner, clock=clock, tally=Tally())
        lineage = PostgresLineage(runner=runner, clock=clock)
        schemas = PostgresSchemaRepository(runner=runner, types=types, clock=clock)
        facts = Facts(runner=runner, clock=clock, ttl_s=30)
        used = Mentions(relations={table: Touch()}, types={state})
        await facts.of(used, call, None)  # the built-ins are never forgotten with the rest
        asks: dict[str, tuple[Callable[[], None], Callable[[], Awaitable[object]]]] = {
            "lineage": (lineage.forget, lambda: lineage.of(Name("public", "item"), call)),
            "relations": (schemas.forget, lambda: schemas.find("item", None, call)),
            "types": (types.forget, lambda: types.by_oids([state], call)),
            "facts": (facts.forget, lambda: facts.of(used, call, None)),
            "names": (facts.forget, lambda: facts.types_named([("state",)], call, None)),
        }
        found = {}
        for name, (forget, ask) in asks.items():
            forget()
            counts = []
            for meanwhile in (forget, _nothing, _nothing):
                runner.forget, runner.asked = meanwhile, 0
                told = await ask()
                assert told
                counts.append(runner.asked > 0)
            found[name] = counts
        assert found == {name: [True, True, False] for name in asks}
