"""What a server says of itself, for `pgmcp check`."""

from __future__ import annotations

import pgmcp
from pgmcp.adapters.postgres.examining import PostgresExaminer
from pgmcp.domain.policy.surroundings import RoleFacts
from pgmcp.domain.relations import Name
from tests.fixtures.pool import a_call, way_to
from tests.fixtures.postgres import MakeDatabase


async def test_a_server_tells_what_it_is_and_what_the_role_may(make_database: MakeDatabase) -> None:
    """The facts that `pgmcp check` judges."""
    schema = "CREATE EXTENSION citext; CREATE TABLE t (id int); CREATE VIEW v AS SELECT 1 AS one"
    async with way_to(await make_database(schema)) as way:
        facts = await PostgresExaminer(way.runner).facts(a_call())
    assert (facts.role, facts.superuser, facts.bypasses_row_security, facts.creates_roles) == (
        "postgres",
        True,
        False,
        False,
    )
    assert (facts.tls, facts.local, facts.readable, facts.writable) == (None, True, 2, 2)
    assert facts.extensions == ("citext", "plpgsql")
    assert facts.version_num // 10000 == int(facts.version.partition(".")[0])
    assert 0 < facts.connections < facts.max_connections


ROLES = """
DO $$ BEGIN CREATE ROLE pgmcp_gate LOGIN NOINHERIT; EXCEPTION WHEN duplicate_object THEN END $$;
DO $$ BEGIN CREATE ROLE pgmcp_inner; EXCEPTION WHEN duplicate_object THEN END $$;
DO $$ BEGIN CREATE ROLE pgmcp_apart BYPASSRLS; EXCEPTION WHEN duplicate_object THEN END $$;
GRANT pgmcp_inner TO pgmcp_gate;
CREATE TABLE t (id int, hidden int); GRANT SELECT (id), UPDATE (id) ON t TO pgmcp_inner;
CREATE TABLE other (id int); CREATE SCHEMA shut; CREATE TABLE shut.t (id int); GRANT ALL ON shut.t TO pgmcp_inner;
CREATE FUNCTION price_of(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION price_of(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE tidy() LANGUAGE sql AS 'SELECT 1';
"""


async def test_what_a_policy_speaks_of(make_database: MakeDatabase) -> None:
    """Functions by name, roles with what they may do, and which settings may be made, as seen by our role."""
    dsn = (await make_database(ROLES)).replace("//postgres@", "//pgmcp_gate@")
    async with way_to(dsn) as way:
        names = ("pgmcp_inner", "pgmcp_apart", "nobody")
        found = await PostgresExaminer(way.runner).surroundings(names, a_call())
    assert found.functions == {Name("public", "price_of"), Name("public", "tidy")}
    assert found.roles == {
        "pgmcp_inner": RoleFacts(taken=True, readable=1, writable=1),
        "pgmcp_apart": RoleFacts(taken=False, bypasses_row_security=True),
    }
    may = {name: found.settings.get(name) for name in ("search_path", "wal_level", "log_min_messages", "nothing")}
    assert may == {"search_path": True, "wal_level": False, "log_min_messages": False, "nothing": None}


NOT_TAKEN = "may not be taken on, so nothing of theirs would run; GRANT it to our role"


async def test_a_policy_whose_roles_alone_may_use_anything(make_database: MakeDatabase, driver: str) -> None:
    """The role that we connect as needs no rights of its own: rules are held against what callers' roles may use."""
    dsn = (await make_database(ROLES)).replace("//postgres@", "//pgmcp_gate@")
    policy = {
        "default": "deny",
        "tables": [
            {"match": "public.t", "allow": ["read"], "rows": {"id": 1}},
            {"match": "public.other", "allow": ["read"]},
        ],
        "functions": [{"match": "public.pirce_of"}],
        "principals": [{"match": "ana", "role": "pgmcp_inner"}, {"match": "bo", "role": "pgmcp_apart"}],
    }
    async with pgmcp.connect(dsn, driver=driver, policy=policy) as client:
        found = await client._database.policing.findings(a_call())  # noqa: SLF001 -- as `pgmcp check` asks
    assert [(str(each.level), each.text) for each in found] == [
        ("warn", "policy.tables[1]: no table or view matches 'public.other'"),
        ("warn", "policy.functions[0]: no function matches 'public.pirce_of' (did you mean 'public.price_of'?)"),
        ("ok", "policy.principals[0].role: 'pgmcp_inner' may read 1 and change 1 relations"),
        ("warn", f"policy.principals[1].role: 'pgmcp_apart' {NOT_TAKEN}"),
    ]
