"""Round trips to PostgreSQL for each tool, counted by a proxy and compared with the table in the documentation."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

import pgmcp
from pgmcp.handlers.base import Group
from pgmcp.handlers.registry import HANDLERS
from tests.fixtures.cached import session, until
from tests.fixtures.drivers import ASYNCPG, CLIENTS
from tests.fixtures.postgres import TestServer
from tests.fixtures.proxy import counting_proxy
from tests.fixtures.shop import shop_database

TABLE = Path(__file__).parents[2] / "docs" / "reference" / "round-trips.md"
_LINE = re.compile(r"^\| `(\w+)`([^|]*)\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
_NAMES = count()
_NEW = {"name": "A shelf"}
# What each line of the table calls; the first run meets a catalogue and sessions that know nothing.
CALLS: Mapping[str, Mapping[str, Any]] = {
    "list_schemas": {},
    "list_tables": {},
    "describe_table": {"table": "orders"},
    "read_table": {"table": "orders", "filters": {"status": "paid"}, "order_by": "-id", "limit": 3},
    "read_table, relative times": {"table": "orders", "filters": {"created_at": {"lt": {"relative": "today"}}}},
    "read_table, with timeout_ms": {"table": "orders", "limit": 3, "timeout_ms": 5000},
    "create_record": {"table": "categories", "data": _NEW, "returning": ["id"]},
    "create_record, refused by a constraint": {"table": "categories", "data": {"name": None}},
    "create_record, refused by a key": {"table": "categories", "data": {"id": 1, "name": "A rack"}},
    "create_records, one batch": {"table": "categories", "records": [_NEW, _NEW]},
    "create_records, three batches": {"table": "categories", "records": [_NEW] * 6, "batch_size": 2},
    "update_records": {"table": "orders", "filters": {"id": 1}, "data": {"note": "x"}},
    "update_records, dry run": {"table": "orders", "filters": {"id": 1}, "data": {"note": "x"}, "dry_run": True},
    "delete_records": {"table": "reviews", "filters": {"stars": 1}},
    "delete_records, dry run": {"table": "reviews", "filters": {"stars": 2}, "dry_run": True},
    "execute_query": {"query": "SELECT id, total FROM orders WHERE id = $1", "params": [1]},
    "execute_query, a write": {
        "query": "UPDATE orders SET note = $1 WHERE id = 2 RETURNING id",
        "params": ["y"],
        "read_only": False,
    },
    "execute_query, SHOW": {"query": "SHOW search_path"},
    "explain_query": {"query": "SELECT * FROM orders WHERE id = $1", "params": [1]},
    "explain_query, analyze": {"query": "SELECT * FROM orders WHERE id = $1", "params": [1], "analyze": True},
}
_HELD = re.compile(r"^\| `(\w+)`([^|]*)\| (\d+) \|$", re.MULTILINE)
# What is called in one transaction, in this order; each twice, the second time is counted.
_NOTE = {"table": "orders", "filters": {"id": 1}, "data": {"note": "x"}}
_SAVEPOINT = {"name": "here"}
HELD: Mapping[str, Mapping[str, Any]] = {
    "read_table": CALLS["read_table"],
    "update_records": _NOTE,
    "update_records, with a key": _NOTE | {"idempotency_key": "A shelf"},
    "update_records, dry run": _NOTE | {"dry_run": True},
    "create_records, three batches": CALLS["create_records, three batches"],
    "create_records, with a key": {**CALLS["create_records, one batch"], "idempotency_key": "A shelf"},
    "execute_query": CALLS["execute_query"],
    "execute_query, a write": CALLS["execute_query, a write"],
    "create_savepoint": _SAVEPOINT,
    "rollback_transaction, savepoint": {"savepoint": "here"},
    "release_savepoint": _SAVEPOINT,
    "get_transaction": {},
}
# Single statements of one's own: warm, each is one.
ONE = ("read_table", "create_record", "create_records, one batch", "update_records", "delete_records", "execute_query")


class Trips(NamedTuple):
    """Round trips of a first call and of every later one."""

    cold: int
    warm: int


def documented(driver: str) -> dict[str, Trips]:
    """The table of the documentation: two columns for each driver."""
    first = 2 * list(CLIENTS).index(driver)
    return {
        f"{tool}{variant}".strip(): Trips(*map(int, numbers[first : first + 2]))
        for tool, variant, *numbers in _LINE.findall(TABLE.read_text(encoding="utf-8"))
    }


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def counted(postgres: TestServer, driver: str) -> AsyncIterator[Callable[[str], Awaitable[Trips]]]:
    """Counts the round trips of a line's call, by a client that has called nothing before."""
    async with shop_database(postgres) as dsn, counting_proxy(dsn) as proxy:

        async def of(line: str) -> Trips:
            # With a path that is set, opening a session is the same on every version of PostgreSQL.
            async with pgmcp.connect(proxy.dsn, driver=driver, search_path='"$user", public') as db:
                (tool,) = [each for each in db.tools() if each.name == line.partition(",")[0]]
                trips = []
                for _ in range(4):
                    proxy.reset()
                    json.loads(await tool.call(_named(CALLS[line])))
                    trips.append(proxy.round_trips)
            cold, warm, *later = trips
            assert later == [warm, warm]
            return Trips(cold, warm)

        yield of


def _named(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with names of their own for new rows, as they are unique."""
    made: dict[str, Any] = json.loads(re.sub("A shelf", lambda _: f"Shelf {next(_NAMES)}", json.dumps(arguments)))
    return made


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("line", CALLS)
async def test_the_documentation_tells_the_round_trips(
    counted: Callable[[str], Awaitable[Trips]], driver: str, line: str
) -> None:
    """Cold and warm, each line of the table is what the proxy counts."""
    assert await counted(line) == documented(driver)[line]


def test_every_tool_has_its_line() -> None:
    """The table has a line for each tool that asks the database, and none for what isn't counted."""
    assert list(documented(ASYNCPG)) == list(CALLS)
    asking = {handler.name for handler in HANDLERS if handler.group not in {Group.METRICS, Group.CACHE}}
    assert {line.partition(",")[0] for line in [*CALLS, *held()]} == asking


def held(behind: str = "## Inside a transaction") -> dict[str, int]:
    """The documentation's table of what is called in a transaction, or another of its tables."""
    text = TABLE.read_text(encoding="utf-8").partition(behind)[2].partition("\n## ")[0]
    return {f"{tool}{variant}".strip(): int(number) for tool, variant, number in _HELD.findall(text)}


async def test_the_round_trips_in_a_transaction(postgres: TestServer, driver: str) -> None:
    """Each line of the table is what the proxy counts, from the beginning to both ends."""
    async with (
        shop_database(postgres) as dsn,
        counting_proxy(dsn) as proxy,
        pgmcp.connect(proxy.dsn, driver=driver) as db,
    ):
        tools = {each.name: each for each in db.tools()}

        async def trips(line: str, **arguments: Any) -> tuple[int, Any]:
            proxy.reset()
            answer = json.loads(await tools[line.partition(",")[0]].call(_named(arguments)))
            assert "error" not in answer, (line, answer)
            return proxy.round_trips, answer

        counted: dict[str, int] = {}
        for last in ("rollback_transaction", "commit_transaction", "commit_transaction"):
            _, begun = await trips("begin_transaction")
            within = {"transaction_id": begun["transaction_id"]}
            for _ in range(2):
                for line, arguments in HELD.items():
                    counted[line], _ = await trips(line, **within, **arguments)
            counted[last], _ = await trips(last, **within)
        counted["begin_transaction"], _ = await trips("begin_transaction")
        assert counted == held()


@pytest.mark.parametrize("name", CLIENTS)
def test_a_single_statement_is_one_round_trip(name: str) -> None:
    """Once warm, a structured read, a raw SELECT and a write of one statement cost one each."""
    assert {line: documented(name)[line].warm for line in ONE} == dict.fromkeys(ONE, 1)


async def test_the_round_trips_with_a_key(postgres: TestServer, driver: str) -> None:
    """Each line of the table is what the proxy counts; a session's first ones prepare its statements."""
    async with (
        shop_database(postgres) as dsn,
        counting_proxy(dsn) as proxy,
        pgmcp.connect(proxy.dsn, driver=driver) as db,
    ):

        async def trips(request: pgmcp.RequestBase[Any]) -> int:
            proxy.reset()
            await db.call(request)
            return proxy.round_trips

        counted: dict[str, int] = {}
        for number in range(3):
            data = {"name": f"Rack {number}"}
            new = pgmcp.CreateRequest(table="categories", data=data, idempotency_key=f"c{number}")
            counted["create_record, done"] = await trips(new)
            counted["create_record, repeated"] = await trips(new)
            counted["delete_records, done"] = await trips(
                pgmcp.DeleteRequest(
                    table="categories", filters={"name": f"Rack {number}"}, idempotency_key=f"d{number}"
                )
            )
            many = pgmcp.CreateBatchRequest(
                table="categories", records=[{"name": f"Shelf {number}"}] * 1, idempotency_key=f"b{number}"
            )
            counted["create_records, done"] = await trips(many)
            counted["create_records, repeated"] = await trips(many)
            counted["update_records, done"] = await trips(
                pgmcp.UpdateRequest(table="orders", filters={"id": 1}, data={"note": "x"}, idempotency_key=f"u{number}")
            )
        assert counted == held("## With an idempotency key")


LEAVES = "INSERT INTO categories (name) VALUES ('A hook')"
CACHED = {"cache": "memory", "cache_without_triggers": True}
# What may define something, whatever it does this time.
DEFINES = {
    "definition": "CREATE TABLE made (id int)",
    "call": "CALL proceed()",
    "function": "SELECT act()",
    "function in a write": "INSERT INTO categories (name) SELECT 'A hook ' || act()",
}
CODE = """
CREATE PROCEDURE proceed() LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE FUNCTION act() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
"""


async def test_what_a_raw_write_has_read_again_with_a_cache(postgres: TestServer, driver: str) -> None:
    """Rows alone leave what is known of definitions, so the next read is one round trip; what may define doesn't."""
    settings = {"access": "admin", "tools": ["core", "cache"], "catalogue_ttl_s": 3600, **CACHED}
    async with (
        shop_database(postgres) as dsn,
        session(dsn) as other,
        counting_proxy(dsn) as proxy,
        pgmcp.connect(proxy.dsn, driver=driver, **settings) as db,
    ):
        read = pgmcp.ReadRequest(table="categories", columns=["id"], limit=2)

        async def behind(query: str) -> Trips:
            """What a read asks behind a statement: of the catalogue, and in all, but for a look at definitions."""
            found = []
            for _ in range(3):
                statement = re.sub("made|A hook", lambda match: f"{match[0]}{next(_NAMES)}", query)
                await db.call(pgmcp.ExecuteQueryRequest(query=statement, read_only=False))
                before = await _asked(db)
                proxy.reset()
                await db.call(read)
                found.append(Trips(await _asked(db) - before, proxy.round_trips))
            return min(found)

        await db.call(read)
        await until(partial(_listening, db))
        await db.call(read)
        assert await behind(LEAVES) == Trips(0, 1)
        await other.execute(CODE)
        assert {what: (await behind(query)).cold > 0 for what, query in DEFINES.items()} == dict.fromkeys(DEFINES, True)


async def _asked(db: pgmcp.Client) -> int:
    """How often the catalogue was asked for a relation."""
    document = (await db.call(pgmcp.GetCacheStatsRequest())).document
    return int(document["by_kind"]["metadata"]["of"]["relations"]["misses"])


async def _listening(db: pgmcp.Client) -> bool:
    return bool((await db.call(pgmcp.GetCacheStatsRequest())).document["listening"])
