"""What is kept of the catalogue and of statements is kept for those who look names up alike, and for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from attrs import evolve

import pgmcp
from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.lineage import PostgresLineage
from pgmcp.adapters.postgres.schemas import PostgresSchemaRepository
from pgmcp.adapters.postgres.types import TypeCatalogue
from pgmcp.domain.calls import CallContext, Principal
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.views import View
from pgmcp.domain.results import Form
from pgmcp.handlers.dispatch import Caller
from tests.fixtures.pool import a_call, way_to
from tests.fixtures.postgres import MakeDatabase

SQL = """
DO $$ BEGIN CREATE ROLE pgmcp_left; EXCEPTION WHEN duplicate_object THEN END $$;
DO $$ BEGIN CREATE ROLE pgmcp_right; EXCEPTION WHEN duplicate_object THEN END $$;
CREATE SCHEMA lefts; CREATE SCHEMA rights;
CREATE TABLE lefts.things (id int PRIMARY KEY, n int); INSERT INTO lefts.things VALUES (1, 10);
CREATE TABLE rights.things (id text PRIMARY KEY, words text[]); INSERT INTO rights.things VALUES ('a', '{x,y}');
CREATE FUNCTION rights.spies(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE DOMAIN lefts.small AS int CHECK (VALUE < 10);
CREATE DOMAIN rights.small AS int CHECK (rights.spies(VALUE));
CREATE TABLE owned (name text PRIMARY KEY); INSERT INTO owned VALUES ('tenant-1'), ('tenant-2');
CREATE VIEW own AS SELECT name FROM owned WHERE name = current_setting('app.tenant');
CREATE TABLE shared (id int PRIMARY KEY, secret text); INSERT INTO shared VALUES (1, 's');
GRANT USAGE ON SCHEMA lefts TO pgmcp_left; GRANT USAGE ON SCHEMA rights TO pgmcp_right;
GRANT SELECT ON lefts.things TO pgmcp_left; GRANT SELECT ON rights.things TO pgmcp_right;
GRANT SELECT ON shared TO pgmcp_left; GRANT SELECT (id) ON shared TO pgmcp_right;
"""
POLICY: Mapping[str, Any] = {
    "default": "allow",
    "principals": [
        {"match": "left", "role": "pgmcp_left", "settings": {"search_path": "lefts, public", "TimeZone": "Asia/Tokyo"}},
        {"match": "right", "role": "pgmcp_right", "settings": {"search_path": "rights, public"}},
        {"match": "tenant-*", "settings": {"app.tenant": "$principal"}},
    ],
}
BOTH = [pytest.param(("left", "right"), id="left first"), pytest.param(("right", "left"), id="right first")]


class Asked:
    """One database that several principals call, on one connection of each kind: sessions are shared too."""

    def __init__(self, client: pgmcp.Client) -> None:
        self._database = client._database  # noqa: SLF001 -- the same pool and kept facts, for several principals

    async def __call__(self, name: str, tool: str, **arguments: Any) -> Any:
        """A principal's answer."""
        return await self._database.call(tool, arguments, Caller(principal=Principal(name), form=Form.NATIVE))

    async def code(self, name: str, tool: str, **arguments: Any) -> str:
        """The code of the error that a principal is given."""
        with pytest.raises(PgmcpError) as raised:
            await self(name, tool, **arguments)
        return raised.value.code.name


@pytest.fixture(params=[True, False], ids=["with comments", "one text for both"])
async def asked(request: pytest.FixtureRequest, make_database: MakeDatabase, driver: str) -> AsyncIterator[Asked]:
    """A database under the policy; prepared statements are shared where no comment tells them apart."""
    settings = {
        "policy": POLICY,
        "pool_max": 1,
        "cache": "memory",
        "cache_without_triggers": True,
        "statement_comments": request.param,
    }
    async with pgmcp.connect(await make_database(SQL), driver=driver, **settings) as client:
        yield Asked(client)


@pytest.mark.parametrize("order", BOTH)
async def test_one_text_means_each_callers_own_table(asked: Asked, order: tuple[str, str]) -> None:
    """Read, queried and described again and again, in turns."""
    own = {"left": ["id", "n"], "right": ["id", "words"]}
    for name in order * 3:
        read = await asked(name, "read_table", table="things")
        queried = await asked(name, "execute_query", query="SELECT * FROM things")
        described = await asked(name, "describe_table", table="things")
        assert list(read.columns) == list(queried.columns) == own[name]
        assert str(next(iter(read.rows[0].values()))) == {"left": "1", "right": "a"}[name]
        assert described.document["schema"] == f"{name}s"


@pytest.mark.parametrize("order", BOTH)
async def test_what_one_role_may_read_is_not_anothers(asked: Asked, order: tuple[str, str]) -> None:
    """Whoever asked first: the other gets their own answer, from the tool and by SQL."""
    query = "SELECT secret FROM public.shared"
    for name in order * 2:
        if name == "left":
            await asked(name, "execute_query", query=query)
            await asked(name, "read_table", table="shared", columns=["secret"])
        else:
            assert await asked.code(name, "execute_query", query=query) == "permission_denied"
            assert await asked.code(name, "read_table", table="shared", columns=["secret"]) == "unknown_column"


@pytest.mark.parametrize("order", BOTH)
async def test_a_types_name_means_each_callers_own(asked: Asked, order: tuple[str, str]) -> None:
    """A domain is judged by the checks of the one that the caller's search path finds."""
    for name in order * 2:
        if name == "left":
            await asked(name, "execute_query", query="SELECT '1'::small")
        else:
            assert await asked.code(name, "execute_query", query="SELECT '1'::small") == "statement_not_allowed"


async def test_a_tenants_rows_are_no_other_tenants(asked: Asked) -> None:
    """Of a view that hangs on a setting, whatever is kept of it."""
    for _ in range(3):
        for name in ("tenant-1", "tenant-2"):
            read = await asked(name, "read_table", table="own")
            assert [list(row.values()) for row in read.rows] == [[name]]


def of(name: str) -> CallContext:
    """A call of a principal."""
    return evolve(a_call(), principal=Principal(name), view=View(policy=parse_policy(POLICY), principal=name))


async def test_what_sessions_have_in_common_is_kept_by_role(make_database: MakeDatabase) -> None:
    """Keys of results name the role, the search path and the zone that the read really has; tenants share them."""
    async with way_to(await make_database(SQL)) as way:
        lineage = PostgresLineage(runner=way.runner, clock=SystemClock())
        seen = [await lineage.surroundings(of(name)) for name in ("left", "right", "other", "left")]
        assert [(each.role, each.search_path.partition(",")[0]) for each in seen] == [
            ("pgmcp_left", "lefts"),
            ("pgmcp_right", "rights"),
            ("postgres", '"$user"'),
            ("pgmcp_left", "lefts"),
        ]
        assert seen[0].time_zone == "Asia/Tokyo" != seen[1].time_zone
        way.heard.statements()
        await lineage.surroundings(of("tenant-1"))
        await lineage.surroundings(of("tenant-2"))
        assert way.heard.statements() == []


async def test_the_time_zone_is_each_callers_own(make_database: MakeDatabase) -> None:
    """So `today` is theirs."""
    async with way_to(await make_database(SQL)) as way:
        clock = SystemClock()
        schemas = PostgresSchemaRepository(
            runner=way.runner, types=TypeCatalogue(runner=way.runner, clock=clock), clock=clock
        )
        zones = [await schemas.time_zone(of(name)) for name in ("left", "right", "left")]
    assert zones[0] == zones[2] == "Asia/Tokyo" != zones[1]
