"""What a statement uses, by the server's own word, on each driver and on each server that the suite runs on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from attrs import evolve, frozen

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.resolving.facts import Facts
from pgmcp.adapters.postgres.resolving.resolver import PostgresResolver
from pgmcp.domain.errors import PgmcpError, QueryError, SecurityError, codes
from pgmcp.domain.guard.resolution import Resolution, Volatility
from pgmcp.domain.plans import Effect
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.views import View
from pgmcp.ports.driver import Need, Statement
from pgmcp.ports.transactions import TransactionOptions
from tests.fixtures.pool import Way, a_call, way_to
from tests.fixtures.postgres import MakeDatabase

SCHEMA = """
CREATE TABLE person (id int PRIMARY KEY, name text, pin text);
CREATE VIEW people AS SELECT id, name, pin FROM person;
CREATE TABLE event (id int, at date, note text) PARTITION BY RANGE (at);
CREATE TABLE event_old PARTITION OF event FOR VALUES FROM ('2000-01-01') TO ('2001-01-01');
CREATE FUNCTION badge(person) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT ''x''';
CREATE FUNCTION loud(int, int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE OPERATOR || (LEFTARG = int, RIGHTARG = int, FUNCTION = loud);
CREATE AGGREGATE loudest (int) (SFUNC = loud, STYPE = int, INITCOND = '0');
CREATE FUNCTION holds(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE DOMAIN checked AS int CHECK (holds(VALUE));
CREATE TYPE pair AS (a int, b checked);
CREATE FUNCTION lower(int) RETURNS text LANGUAGE sql AS 'SELECT ''x''';
CREATE TABLE kept (id serial, v int DEFAULT loud(1, 2));
CREATE VIEW sheltered WITH (security_barrier) AS
    SELECT id, v FROM kept WHERE EXISTS (SELECT FROM person WHERE person.id = kept.id);
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON event USING (holds(id) AND id IN (SELECT id FROM person));
DO $$ BEGIN CREATE ROLE guarded_reader; EXCEPTION WHEN duplicate_object THEN END $$;
GRANT SELECT ON event TO guarded_reader;
"""


@frozen
class Made:
    """A resolver and the way that it goes."""

    resolver: PostgresResolver
    way: Way


@asynccontextmanager
async def resolving(dsn: str) -> AsyncIterator[Made]:
    """A resolver in front of the database of that address."""
    async with way_to(dsn) as way:
        facts = Facts(runner=way.runner, clock=SystemClock(), ttl_s=60)
        yield Made(PostgresResolver(runner=way.runner, facts=facts), way)


def relations(found: Resolution) -> dict[str, object]:
    """What is read of each relation, by its name; `*` for whole rows; what is only named has None."""
    return {
        each.name.name: ("*" if each.whole else " ".join(sorted(each.columns))) if each.reads else None
        for each in found.relations
    }


def users(found: Resolution) -> set[str]:
    """The functions that are not PostgreSQL's own."""
    return {each.name.name for each in found.functions if not each.builtin}


@pytest.mark.parametrize(
    "text, read",
    [
        pytest.param("SELECT name FROM person WHERE id = $1", {"person": "id name"}, id="columns"),
        pytest.param("SELECT count(*) FROM person", {"person": ""}, id="no column"),
        pytest.param("SELECT p FROM person AS p", {"person": "*"}, id="whole row"),
        pytest.param("SELECT * FROM person", {"person": "id name pin"}, id="star"),
        pytest.param("SELECT id FROM people", {"people": "id", "person": "id name pin"}, id="through a view"),
        pytest.param("SELECT 1 ORDER BY (SELECT max(pin) FROM person)", {"person": "pin"}, id="subquery in ORDER BY"),
        pytest.param(
            "SELECT 1 FROM person JOIN people USING (pin)", {"person": "id name pin", "people": "pin"}, id="USING"
        ),
        pytest.param("SELECT j FROM (person a JOIN person b USING (id)) AS j", {"person": "*"}, id="whole join"),
        pytest.param("WITH person AS (SELECT 1 AS pin) SELECT pin FROM person", {}, id="a CTE of that name"),
        pytest.param("SELECT 'person'::regclass", {"person": None}, id="a constant names it"),
        pytest.param("SELECT NULL::person", {"person": None}, id="a type names it"),
        pytest.param(
            'SELECT id AS ":securityQuals", \'}\' AS "} {a", pin FROM person',
            {"person": "id pin"},
            id="names that look like the tree's",
        ),
        pytest.param(
            f'SELECT 1 AS "{"x" * 63}", id AS "{"{ " * 31}" FROM person', {"person": "id"}, id="names that break lines"
        ),
        pytest.param("SELECT note FROM event", {"event": "note"}, id="partitioned"),
        pytest.param(
            "UPDATE sheltered SET v = 1",
            {"sheltered": None, "kept": "id v", "person": "id"},
            id="the conditions of a view that is a barrier and is written through",
        ),
    ],
)
async def test_relations_and_columns(make_database: MakeDatabase, text: str, read: dict[str, object]) -> None:
    """Each relation with the columns whose values matter, wherever they stand."""
    async with resolving(await make_database(SCHEMA)) as made:
        assert relations(await made.resolver.resolve(text, a_call())) == read


@pytest.mark.parametrize(
    "text, called",
    [
        pytest.param("SELECT lower('A')", set(), id="PostgreSQL's own"),
        pytest.param("SELECT lower(1)", {"lower"}, id="an overload of its name"),
        pytest.param("SELECT p.badge FROM person AS p", {"badge"}, id="a column that is a call"),
        pytest.param("SELECT 1 || 2", {"loud"}, id="an operator"),
        pytest.param("SELECT loudest(id) FROM person", {"loudest", "loud"}, id="an aggregate's parts"),
        pytest.param("SELECT loudest(id) OVER () FROM person", {"loudest", "loud"}, id="as a window function"),
        pytest.param("SELECT '1'::checked", {"holds"}, id="a domain"),
        pytest.param("SELECT '{1}'::checked[]", {"holds"}, id="an array of it"),
        pytest.param("SELECT NULL::pair", {"holds"}, id="a row with it"),
        pytest.param("SELECT * FROM json_to_record('{}') AS r(p pair)", {"holds"}, id="a row made of JSON"),
        pytest.param("SELECT 1 LIMIT loud(1, 2)", {"loud"}, id="LIMIT"),
        pytest.param("SELECT sum(id) OVER (ORDER BY id ROWS loud(1, 2) PRECEDING) FROM person", {"loud"}, id="a frame"),
        pytest.param("SELECT FROM person TABLESAMPLE system (loud(1, 2))", {"loud"}, id="a sample"),
        pytest.param("SELECT (1, 2) < (3, loud(1, 1))", {"loud"}, id="a row's comparison"),
        pytest.param("INSERT INTO kept DEFAULT VALUES", {"loud"}, id="a default"),
    ],
)
async def test_functions(make_database: MakeDatabase, text: str, called: set[str]) -> None:
    """Whatever runs code of the database's is known by who it is."""
    async with resolving(await make_database(SCHEMA)) as made:
        assert users(await made.resolver.resolve(text, a_call())) == called


async def test_facts_of_functions(make_database: MakeDatabase) -> None:
    """What it promises, whose rights it has, and where the statement calls it, in characters."""
    async with resolving(await make_database(SCHEMA)) as made:
        found = await made.resolver.resolve("SELECT 'é', p.badge, random() FROM person AS p", a_call())
    facts = {
        each.name.name: (each.volatility, each.security_definer, each.builtin, each.position)
        for each in found.functions
    }
    assert facts == {
        "badge": (Volatility.STABLE, True, False, 13),
        "random": (Volatility.VOLATILE, False, True, 22),
    }
    assert found.volatility is Volatility.VOLATILE


@pytest.mark.parametrize(
    "text, effects, writes",
    [
        pytest.param("SELECT 1", {Effect.READ}, {}, id="read"),
        pytest.param("INSERT INTO person VALUES (1)", {Effect.CREATE}, {"person": {Effect.CREATE}}, id="insert"),
        pytest.param(
            "WITH gone AS (DELETE FROM person RETURNING id) SELECT * FROM gone",
            {Effect.READ, Effect.DELETE},
            {"person": {Effect.DELETE}},
            id="delete in a CTE",
        ),
        pytest.param("SELECT id FROM person FOR UPDATE", {Effect.READ}, {"person": {Effect.UPDATE}}, id="locks"),
        pytest.param(
            "MERGE INTO person USING (SELECT 1 AS i) s ON id = i WHEN MATCHED THEN DELETE",
            {Effect.READ, Effect.UPDATE, Effect.DELETE},
            {"person": {Effect.DELETE}},
            id="merge",
        ),
        pytest.param(
            "MERGE INTO person USING (SELECT 1 AS i) s ON id = i "
            "WHEN MATCHED AND i = 2 THEN DO NOTHING WHEN MATCHED THEN DELETE",
            {Effect.READ, Effect.UPDATE, Effect.DELETE},
            {"person": {Effect.DELETE}},
            id="merge or nothing",
        ),
    ],
)
async def test_what_it_writes(
    make_database: MakeDatabase, text: str, effects: set[Effect], writes: dict[str, set[Effect]]
) -> None:
    """By its own command and by those in its WITH list."""
    async with resolving(await make_database(SCHEMA)) as made:
        found = await made.resolver.resolve(text, a_call())
    assert found.effects == effects
    assert {each.name.name: set(each.writes) for each in found.relations if each.writes} == writes


async def test_family_and_row_security(make_database: MakeDatabase) -> None:
    """Partitions and parents are told; what row security asks on its own is not the statement's doing."""
    dsn = await make_database(SCHEMA)
    async with resolving(dsn) as made:
        (child,) = (await made.resolver.resolve("SELECT id FROM event_old", a_call())).relations
        (parent,) = (await made.resolver.resolve("SELECT id FROM event", a_call())).relations
    assert ([each.name for each in child.ancestors], [each.name for each in parent.descendants]) == (
        ["event"],
        ["event_old"],
    )
    async with resolving(f"{dsn}&options=-c%20role%3Dguarded_reader") as made:
        found = await made.resolver.resolve("SELECT id FROM event", a_call())
    assert (relations(found), users(found)) == ({"event": "id"}, set())


async def test_what_a_stored_view_was_filled_from(make_database: MakeDatabase) -> None:
    """Through views, with the columns that its rows were made of."""
    stored = "CREATE MATERIALIZED VIEW stored AS SELECT id, pin FROM people"
    async with resolving(await make_database(f"{SCHEMA}; {stored}")) as made:
        (found,) = (await made.resolver.resolve("SELECT id FROM stored", a_call())).relations
    assert {each.name.name: set(each.columns) for each in found.sources} == {
        "people": {"id", "pin"},
        "person": {"id", "name", "pin"},
    }


async def test_names_mean_what_they_will_mean_when_it_runs(make_database: MakeDatabase) -> None:
    """Under the role and the settings that the caller's statements take on."""
    schema = """
    CREATE SCHEMA other;
    CREATE TABLE other.person (id int);
    CREATE TABLE person (id int);
    """
    rules = {"principals": [{"match": "ana", "settings": {"search_path": "other"}}]}
    view = View(policy=parse_policy(rules), principal="ana")
    async with resolving(await make_database(schema)) as made:
        found = await made.resolver.resolve("SELECT id FROM person", evolve(a_call(), view=view))
        plain = await made.resolver.resolve("SELECT id FROM person", a_call())
    assert [str(each.name) for each in (*found.relations, *plain.relations)] == ["other.person", "public.person"]


async def test_inside_a_transaction(make_database: MakeDatabase) -> None:
    """It sees what the transaction has made, and leaves it going on, also when the statement is wrong."""
    async with resolving(await make_database(SCHEMA)) as made:
        call = a_call()
        within = await made.way.work.begin(TransactionOptions(), call)
        new = Statement("CREATE TABLE fresh (a int)")
        await made.way.runner.run(new, call, need=Need.WRITE, kind="test", within=within)
        found = await made.resolver.resolve("SELECT a FROM fresh", call, within)
        with pytest.raises(QueryError):
            await made.resolver.resolve("SELECT a FROM stale", call, within)
        level = Statement("SELECT current_setting('client_min_messages')")
        rows = await made.way.runner.run(level, call, need=Need.WRITE, kind="test", within=within)
        await within.rollback()
    assert (relations(found), rows.rows[0][0]) == ({"fresh": "a"}, "notice")


@pytest.mark.parametrize("text", ["SHOW search_path", "EXPLAIN SELECT 1", "CREATE TABLE x ()"])
async def test_without_a_tree_it_is_refused(make_database: MakeDatabase, text: str) -> None:
    """What the server resolves only when it runs, nobody knows."""
    async with resolving(await make_database(SCHEMA)) as made:
        with pytest.raises(PgmcpError) as refused:
            await made.resolver.resolve(text, a_call())
    assert isinstance(refused.value, SecurityError)
    assert refused.value.code is codes.STATEMENT_UNRESOLVED


@pytest.mark.parametrize(
    "name, called",
    [
        pytest.param(("checked",), {"holds"}, id="a domain"),
        pytest.param(("public", "pair"), {"holds"}, id="a row with it"),
        pytest.param(("_checked",), {"holds"}, id="an array by its own name"),
        pytest.param(("pg_catalog", "int4"), set(), id="PostgreSQL's own"),
        pytest.param(("lower",), set(), id="a function"),
        pytest.param(('no "such', "type"), set(), id="nothing"),
    ],
)
async def test_what_a_type_brings_along(make_database: MakeDatabase, name: tuple[str, ...], called: set[str]) -> None:
    """Known from its name, before anything is parsed."""
    async with resolving(await make_database(SCHEMA)) as made:
        assert users(await made.resolver.brought({name}, a_call())) == called


async def test_nothing_is_written_by_resolving(make_database: MakeDatabase) -> None:
    """Parsing can run code of the database's; the transaction that it happens in can't write."""
    schema = """
    CREATE TABLE seen (a int);
    CREATE FUNCTION notes(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN INSERT INTO seen VALUES (1); RETURN true; END';
    CREATE DOMAIN noted AS int CHECK (notes(VALUE));
    """
    async with resolving(await make_database(schema)) as made:
        with pytest.raises(PgmcpError):
            await made.resolver.resolve("SELECT '{1}'::noted[]", a_call())
        count = Statement("SELECT count(*)::text FROM seen")
        rows = await made.way.runner.run(count, a_call(), need=Need.READ, kind="test")
    assert rows.rows[0][0] == "0"


async def test_what_is_known_is_not_asked_again(make_database: MakeDatabase) -> None:
    """A new statement over what is known costs its preparation alone; after forgetting, all is asked anew."""
    async with resolving(await make_database(SCHEMA)) as made:

        async def asked(text: str) -> int:
            made.way.heard.events.clear()
            await made.resolver.resolve(text, a_call())
            return len(made.way.heard.statements())

        counts = [await asked("SELECT id FROM person"), await asked("SELECT pin FROM person WHERE id = 3")]
        made.resolver.forget()
        counts.append(await asked("SELECT id FROM person"))
    assert counts == [3, 1, 3]
