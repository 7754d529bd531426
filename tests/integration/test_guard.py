"""The guard in all its layers, on each driver and server: nothing gets past it, and honest statements are answered."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from attrs import frozen

from pgmcp.domain.errors import InternalError, PgmcpError, codes
from pgmcp.domain.guard.places import BLOT
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.responses import DataResponse, ResponseBase
from pgmcp.domain.results import WireRows
from pgmcp.domain.settings import Access, Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.database import Database
from pgmcp.handlers.dispatch import Caller
from tests.fixtures.guard.attacks import against_policy, against_reading
from tests.fixtures.guard.listed import example_schema, examples, under_policy, without_policy
from tests.fixtures.guard.plain import Answer, alike, plain_answer
from tests.fixtures.guard.trapped import MARKER, POLICY, SCHEMA
from tests.fixtures.postgres import TestServer

_STATE = """
SELECT concat_ws(' ', (SELECT count(*) FROM trace), (SELECT count(*) FROM sale), (SELECT sum(sum) FROM sale),
    (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT last_value FROM counter),
    (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'))
"""
# What is another value each time, or belongs to the session.
_CHANGING = re.compile("random|now|clock|uuid|ctid|timeofday|backend_pid|pg_stat|oid|age")

# Some run hundreds of statements, seconds on a quiet machine.
pytestmark = pytest.mark.timeout(180)


@frozen
class Guarded:
    """The same database with a policy and without one, and a look behind."""

    ruled: Database
    open: Database
    behind: asyncpg.Connection
    dsn: str

    @property
    def version(self) -> int:
        """The server's major version."""
        found: int = self.behind.get_server_version().major
        return found

    async def state(self) -> str:
        """What an attack would have changed."""
        found: str = await self.behind.fetchval(_STATE)
        return found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def guarded(postgres: TestServer, driver: str) -> AsyncIterator[Guarded]:
    """A database full of traps."""
    dsn = await postgres.new_database(SCHEMA)
    async with AsyncExitStack() as ending:
        ending.push_async_callback(postgres.drop_database, dsn)
        common: dict[str, Any] = {"dsn": Secret(dsn), "driver": driver, "statement_timeout_ms": 3000}
        ruled = build(Settings(policy=parse_policy(POLICY), access=Access.WRITE, **common))
        unruled = build(Settings(**common))
        behind = await asyncpg.connect(dsn)
        ending.push_async_callback(behind.close)
        ending.push_async_callback(ruled.aclose)
        ending.push_async_callback(unruled.aclose)
        yield Guarded(ruled, unruled, behind, dsn)


async def answer(database: Database, text: str, tool: str = "execute_query", **arguments: Any) -> ResponseBase:
    """What the tool answers."""
    given: Mapping[str, Any] = {"query": text, **arguments}
    return await database.dispatcher.dispatch(database.tool(tool), given, Caller())


def shown(response: ResponseBase) -> str:
    """Everything that a caller sees of an answer."""
    if isinstance(response, DataResponse) and isinstance(response.data, WireRows):
        return " ".join(str(row) for row in response.data.rows)
    return repr(response)


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_gets_past_a_policy(guarded: Guarded) -> None:
    """Each attack is refused, changes nothing, and no byte of its answer holds what is hidden."""
    through = []
    before = await guarded.state()
    for name, text in against_policy():
        try:
            through.append((name, shown(await answer(guarded.ruled, text))[:80]))
        except PgmcpError as error:
            told = json.dumps(error.document(), default=str)
            if MARKER in told or isinstance(error, InternalError):
                through.append((name, told))
    assert through == []
    assert await guarded.state() == before


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_is_done_by_what_only_reads(guarded: Guarded) -> None:
    """With a policy and without one: what would change, lock, listen, reach files or other sessions is refused."""
    through: list[object] = []
    before = await guarded.state()
    for database in (guarded.open, guarded.ruled):
        for name, text in against_reading():
            try:
                await answer(database, text)
                if text != "SELECT":
                    through.append(name)
            except InternalError as error:
                through.append((name, str(error)))
            except PgmcpError:
                pass
    assert through == []
    assert await guarded.state() == before


@pytest.mark.asyncio(loop_scope="module")
async def test_honest_statements_are_answered_as_by_postgresql(guarded: Guarded) -> None:
    """None is refused, and each has the bare statement's columns, rows and values."""
    wrong: list[object] = []
    for database, texts in (
        (guarded.ruled, under_policy(guarded.version)),
        (guarded.open, without_policy(guarded.version)),
    ):
        for text in texts:
            try:
                response = await answer(database, text)
            except PgmcpError as error:
                wrong.append((text, error.message))
                continue
            if not text.startswith(("EXPLAIN", "SHOW")):
                wrong += differences(text, response, await plain_answer(guarded.dsn, text))
    assert wrong == []


def differences(text: str, response: ResponseBase, plain: Answer) -> Iterator[object]:
    """What an answer has otherwise than PostgreSQL's own."""
    assert isinstance(response, DataResponse)
    assert isinstance(response.data, WireRows)
    if (response.columns, response.count) != (tuple(plain.columns), len(plain.rows)):
        yield text, response.columns, response.count
    elif not _CHANGING.search(text):
        for row, told in zip(response.data.rows, plain.rows, strict=True):
            listed = zip(response.columns, response.types or (), json.loads(row), told, strict=True)
            yield from ((text, name) for name, type_, value, own in listed if not alike(value, own, type_))


@pytest.mark.asyncio(loop_scope="module")
async def test_honest_statements_are_explained(guarded: Guarded) -> None:
    """None is refused, under a policy or without one."""
    refused = []
    ruled, unruled = under_policy(guarded.version), without_policy(guarded.version)
    for database, texts in ((guarded.ruled, ruled), (guarded.open, (*ruled, *unruled))):
        for text in texts:
            if not text.startswith(("EXPLAIN", "SHOW")):
                try:
                    await answer(database, text, "explain_query")
                except PgmcpError as error:
                    refused.append((text, error.message))
    assert refused == []


@pytest.mark.asyncio(loop_scope="module")
async def test_an_explain_is_judged_too(guarded: Guarded) -> None:
    """Its plan shows conditions and what constant calls give, so it shows no more than the statement could."""
    through = []
    for name, text in against_policy():
        if text.startswith("EXPLAIN"):
            continue
        for analyze in (False, True):
            try:
                await answer(guarded.ruled, text, "explain_query", analyze=analyze)
                through.append(name)
            except PgmcpError as error:
                if MARKER in json.dumps(error.document(), default=str):
                    through.append(name)
    assert through == []


# A hidden name and one that nothing has, as long and in the same place of the statement.
_ALIKE = {
    "vault": "vaulu",
    "public.vault": "public.vaulu",
    '"vault"': '"vaulu"',
    "hidden.client": "hidden.cliemt",
    "vault_view": "vault_wiew",
    "pin": "pim",
    "c.pin": "c.pim",
    'U&"v\\0061ult"': 'U&"v\\0061ulu"',
    'U&"p\\0069n"': 'U&"p\\0069m"',
    "counter": "countes",
    "client_pkey": "client_pkex",
}
_TOLD_OF = {
    "SELECT * FROM {}": "vault public.vault hidden.client",
    "SELECT count(*) FROM {} AS t WHERE t.id = 'x'": "vault public.vault hidden.client",
    "SELECT nothing FROM {}": 'vault public.vault "vault" hidden.client',
    "SELECT t.nothing, pim FROM client AS c, {} AS t": "vault hidden.client",
    "SELECT * FROM nothing, {}": "vault hidden.client",
    "SELECT * FROM {}, nothing": "vault hidden.client",
    "SELECT id + 'a'::text FROM {}": "vault hidden.client",
    "SELECT id FROM {} GROUP BY token": "vault",
    "SELECT id FROM {} UNION SELECT 1, 2": "vault hidden.client",
    "SELECT * FROM {} AS t(a, b, c, d, e, f)": "vault hidden.client",
    "SELECT (SELECT nothing FROM {}) FROM sale": "vault hidden.client",
    "SELECT lower(t) FROM {} AS t": "vault hidden.client",
    "SELECT NULL::{}": "vault public.vault hidden.client",
    "INSERT INTO {} VALUES (1, 2, 3, 4, 5, 6)": "vault hidden.client",
    "UPDATE {} SET nothing = 1": "vault hidden.client",
    "SELECT {} FROM client AS c": "pin c.pin",
    "SELECT {} + 1 FROM client AS c": "pin c.pin",
    "SELECT id FROM client AS c WHERE {} = 1": "pin c.pin",
    "SELECT id FROM client AS c WHERE {} IN (1, 2)": "pin c.pin",
    "SELECT {}, nothing FROM client AS c": "pin c.pin",
    "SELECT nothing, {} FROM client AS c": "pin c.pin",
    "SELECT {} FROM client AS c JOIN sale AS s ON c.nothing = 1": "pin c.pin",
    "SELECT {} FROM client AS c, vault": "pin c.pin",
    "SELECT nosuch({}) FROM client AS c": "pin c.pin",
    "SELECT sum({}) FROM client AS c": "pin c.pin",
    "SELECT name, count(*) FROM client AS c ORDER BY {}": "pin c.pin",
    "SELECT id FROM client AS c UNION SELECT {} FROM client AS c": "pin c.pin",
    "SELECT * FROM client AS c JOIN (SELECT 1 AS pin) AS o USING ({})": "pin",
    "SELECT {} FROM client AS c, client AS d": "pin c.pin",
    "SELECT (c).{} FROM client AS c": "pin",
    "SELECT {}::nosuch FROM client AS c": "pin c.pin",
    "SELECT {} -> 'a' FROM client AS c": "pin c.pin",
    # Written by escapes.
    "SELECT id::nosuch FROM {}": 'U&"v\\0061ult"',
    "SELECT t.nothing FROM {} AS t": 'U&"v\\0061ult"',
    "SELECT {} + interval '1 day' FROM client AS c": 'pin U&"p\\0069n"',
    "SELECT lower({}, 1) FROM client AS c": 'pin U&"p\\0069n"',
    "SELECT {}[1] FROM client AS c": 'pin U&"p\\0069n"',
    # In strings that a name is read from, relations of every kind.
    "SELECT '{}'::regclass": "vault hidden.client counter client_pkey",
    "SELECT $a${}$a$::regclass": "vault hidden.client",
    "SELECT E'\\x20{}'::regclass": "vault hidden.client",
    "SELECT '{{{}}}'::regclass[]": "vault hidden.client",
    "SELECT '{}'::regclass, nothing": "vault hidden.client counter",
    "SELECT nothing, '{}'::regclass": "vault hidden.client counter",
    "SELECT nextval('{}')": "vault counter",
    "SELECT '{}'::regproc": "vault hidden.client",
    # As a type or a function, and something else is wrong.
    "SELECT NULL::{}, nothing": "vault hidden.client",
    "SELECT nothing, NULL::{}": "vault hidden.client",
    "SELECT {}(1)": "vault hidden.client",
    "SELECT {}(c) FROM client AS c": "pin",
}


@pytest.mark.asyncio(loop_scope="module")
async def test_names_that_are_hidden_and_names_that_are_not_there_look_alike(guarded: Guarded) -> None:
    """Asking for a hidden table, column or type tells as much as asking for none, whatever else is wrong."""
    differing = []
    for text, hidden in _TOLD_OF.items():
        for name in hidden.split():
            told = []
            for used in (name, _ALIKE[name]):
                with pytest.raises(PgmcpError) as refused:
                    await answer(guarded.ruled, text.format(used))
                document = json.dumps(refused.value.document(), ensure_ascii=False)
                assert BLOT not in document
                for each, other in _ALIKE.items():
                    document = document.replace(other, each)
                told.append(document)
            if told[0] != told[1]:
                differing.append((text, name, *told))
    assert differing == []


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT * FROM client UNION SELECT {}", id="a union"),
        pytest.param("TABLE client EXCEPT SELECT {}", id="a difference"),
    ],
)
async def test_how_many_columns_there_are_is_not_told(guarded: Guarded, text: str) -> None:
    """Nor of which types: any number of them is refused alike."""
    told = set()
    for number in range(1, 8):
        listed = ", ".join("NULL" for _ in range(number))
        with pytest.raises(PgmcpError) as refused:
            await answer(guarded.ruled, text.format(listed))
        told.add(json.dumps(refused.value.document()))
    assert len(told) == 1


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "text, said",
    [
        pytest.param("SELECT c.name, count(*) FROM client c", "c.name", id="what is not grouped by"),
        pytest.param("SELECT name, count(*) FROM client", "client.name", id="by a name made of two"),
        pytest.param("SELECT name + 1 FROM client", "text + integer", id="an operator that is not there"),
        pytest.param("SELECT id FROM client JOIN sale ON true", '"id" is ambiguous', id="a name that is not clear"),
        pytest.param("SELECT nam FROM client", "'nam'", id="a name mistyped"),
    ],
)
async def test_honest_mistakes_are_told(guarded: Guarded, text: str, said: str) -> None:
    """Under a policy too, with what the statement itself names."""
    with pytest.raises(PgmcpError) as refused:
        await answer(guarded.ruled, text)
    assert said in refused.value.message


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "text, allowed",
    [
        pytest.param("UPDATE sale SET sum = 0", False, id="a table that may be read only"),
        pytest.param("INSERT INTO trace (what) VALUES ('x')", False, id="a table that is not there"),
        pytest.param("DELETE FROM tenant_row", False, id="a part of a table"),
        pytest.param("INSERT INTO defaulted (v) VALUES (1)", False, id="a default that calls"),
        pytest.param("WITH d AS (DELETE FROM sale RETURNING id) SELECT * FROM d", False, id="a CTE"),
        pytest.param("CREATE VIEW v AS SELECT * FROM vault", False, id="a definition"),
        pytest.param("SELECT set_config('role', 'postgres', false)", False, id="the session"),
        pytest.param("SELECT name FROM client LIMIT 1", True, id="a read"),
    ],
)
async def test_statements_that_may_write_are_judged_alike(guarded: Guarded, text: str, allowed: bool) -> None:
    """By what the policy lets the caller write."""
    before = await guarded.state()
    try:
        await answer(guarded.ruled, text, read_only=False)
        done = True
    except PgmcpError:
        done = False
    assert (done, await guarded.state()) == (allowed, before)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_short_statement_with_a_long_tree(guarded: Guarded) -> None:
    """Is refused before it holds anybody up; the next one is answered."""
    sources = ", ".join(f"pg_class AS c{number}" for number in range(40))
    copies = ", ".join(f"b{number} AS (SELECT * FROM a)" for number in range(60))
    with pytest.raises(PgmcpError) as refused:
        await answer(guarded.open, f"WITH a AS (SELECT * FROM {sources}), {copies} SELECT 1 FROM b1")
    assert refused.value.code is codes.STATEMENT_TOO_LARGE
    assert shown(await answer(guarded.open, "SELECT 1")) == "[1]"


@pytest.mark.asyncio(loop_scope="module")
async def test_the_given_examples(postgres: TestServer, driver: str) -> None:
    """Each `refuse` has no effect and tells no marker, each `allow` is answered, each `limit` ends in time."""
    available = await _extensions(postgres.admin_dsn)
    dsn = await postgres.new_database(example_schema(available))
    common: dict[str, Any] = {"dsn": Secret(dsn), "driver": driver, "statement_timeout_ms": 1000}
    ruled, unruled = build(Settings(policy=parse_policy(_EXAMPLES), **common)), build(Settings(**common))
    behind = await asyncpg.connect(dsn)
    wrong: list[object] = []
    try:
        before = await behind.fetchval(_EXAMPLE_STATE)
        built_in = await behind.fetchval(_JSON_SCALAR)
        for example in examples():
            try:
                told = shown(await answer(ruled if example.policy else unruled, example.text))
                done = True
            except PgmcpError as error:
                told, done = json.dumps(error.document(), default=str), False
            # What is built in does no harm, whatever the schema calls by that name.
            answered = example.expect == "refuse" and done and not (built_in and "json_scalar(" in example.text)
            leaked = example.expect == "refuse" and ("TOPSECRET" in told or "SSN-LEAK" in told)
            if answered or leaked or (example.expect == "allow" and not done):
                wrong.append((example.id, done, told[:200]))
        assert (wrong, await behind.fetchval(_EXAMPLE_STATE)) == ([], before)
    finally:
        await behind.close()
        await ruled.aclose()
        await unruled.aclose()
        await postgres.drop_database(dsn)


async def _extensions(dsn: str) -> frozenset[str]:
    connection = await asyncpg.connect(dsn)
    try:
        return frozenset(row[0] for row in await connection.fetch("SELECT name FROM pg_available_extensions"))
    finally:
        await connection.close()


# JSON_SCALAR is a word of the language from PostgreSQL 17 on, and no call of the function of that name.
_JSON_SCALAR = "SELECT current_setting('server_version_num')::int >= 170000"
_EXAMPLE_STATE = """
SELECT concat_ws(' ', (SELECT count(*) FROM audit_probe), (SELECT count(*) FROM orders),
    (SELECT count(*) FROM customers),
    (SELECT md5(string_agg(i::text, ',' ORDER BY id)) FROM items i), (SELECT last_value FROM seq),
    (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_largeobject_metadata),
    (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'))
"""
_EXAMPLES: Mapping[str, Any] = {
    "default": "deny",
    "tables": [
        {"match": "public.customers", "allow": ["read"], "hide": ["ssn"]},
        *(
            {"match": f"public.{name}", "allow": ["read"]}
            for name in ("orders", "items", "customers_full", "secrets_view", "secrets_mv")
        ),
    ],
}
