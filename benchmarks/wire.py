"""Ways to make rows as JSON, on the drivers themselves: nothing of the pipeline is in these numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from math import inf
from typing import Any

import asyncpg
import psycopg

from benchmarks import bare
from benchmarks.database import BenchDatabase
from benchmarks.measuring import Contender, Work, take_turns
from benchmarks.printing import table
from benchmarks.tables import DOCUMENTS, KILOBYTE, MIXED, NARROW, TEXTS, WIDE, BenchTable
from pgmcp.adapters import asyncpg_, psycopg_
from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.fanning import FanOut
from pgmcp.adapters.postgres.address import Address
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.adapters.postgres.cutting import settle, settle_row
from pgmcp.adapters.postgres.pool import PoolLimits
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.schemas import PostgresSchemaRepository
from pgmcp.adapters.postgres.session_settings import SessionSettings
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.adapters.postgres.types import TypeCatalogue
from pgmcp.adapters.postgres.wire.dialect import NEWER
from pgmcp.adapters.postgres.wire.rows import row
from pgmcp.domain.calls import CallContext, CallId
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.filters.tree import EVERYTHING
from pgmcp.domain.order import parse_order
from pgmcp.domain.plans import Bounds, Page, Select
from pgmcp.domain.relations import Relation
from pgmcp.ports.driver import Connection, Driver, Need

_CALL = CallContext(id=CallId("benchmark"), tool="benchmark", deadline=inf)
_BOUNDS = Bounds(max_rows=100_000, max_bytes=10_000_000)
# What, of which table, how it is filtered, how often a turn does it, how many turns make a round: what takes as long
# as the machine leaves us alone needs many short turns.
_JOBS: tuple[tuple[str, BenchTable, Mapping[str, Any], int, int], ...] = (
    ("10,000 rows × 12 mixed columns", MIXED, {}, 1, 1),
    ("1 row of 1 KB by its key", KILOBYTE, {"id": 421}, 25, 10),
    ("20,000 narrow rows (2 columns)", NARROW, {}, 1, 1),
    ("1,000 wide rows (81 columns)", WIDE, {}, 1, 1),
    ("2,000 rows of text (4 × 0.5 KB)", TEXTS, {}, 1, 1),
    ("2,000 rows of JSON (0.9 KB)", DOCUMENTS, {}, 1, 1),
)


async def run(database: BenchDatabase, rounds: int) -> str:
    """Time each kind of rows, each way."""
    tables = []
    async with AsyncExitStack() as resources:
        ways = await _Ways.open(database.dsn, resources)
        for title, rows, filters, calls, turns in _JOBS:
            contenders = await ways.contenders(rows, filters, calls)
            tables.append(table(title, await take_turns(contenders, rounds * turns, database.pids), with_database=True))
    return "\n".join(tables)


class _Ways:
    """Sessions of both drivers, bare and ours: one for each contender, so that none is found warmer than others."""

    def __init__(
        self,
        plain: Sequence[asyncpg.Connection],
        other: psycopg.AsyncConnection[Any],
        ours: Mapping[str, Connection],
        catalogue: PostgresSchemaRepository,
    ) -> None:
        self._plain = plain
        self._other = other
        self._ours = ours
        self._catalogue = catalogue

    @classmethod
    async def open(cls, dsn: str, resources: AsyncExitStack) -> _Ways:
        """Open every session that is needed."""
        plain = [await bare.connect(dsn) for _ in range(4)]
        for session in plain:
            resources.push_async_callback(session.close)
        # Prepared at once, as asyncpg does; binary results are its faster way to Python values.
        other = await psycopg.AsyncConnection.connect(dsn, autocommit=True, prepare_threshold=0)
        resources.push_async_callback(other.close)
        address, settings = Address.read(dsn), SessionSettings()
        drivers: dict[str, Driver] = {
            "asyncpg": asyncpg_.PostgreSQLClient(address=address, settings=settings),
            "psycopg": psycopg_.PostgreSQLClient(address=address, settings=settings),
        }
        ours = {name: await driver.connect(Need.READ) for name, driver in drivers.items()}
        for connection in ours.values():
            resources.push_async_callback(connection.close)
        return cls(plain, other, ours, await resources.enter_async_context(_catalogue(drivers["asyncpg"])))

    async def contenders(self, rows: BenchTable, filters: Mapping[str, Any], calls: int) -> Sequence[Contender]:
        """Every way to the JSON of these rows, the driver's own decoding first."""
        relation = await self._catalogue.find(rows.name, None, _CALL)
        assert relation is not None
        sent, sql = _plan(relation, rows, filters), _Sql(relation, rows, filters)
        decoding, alone, array, agg = self._plain
        works = {
            "asyncpg decode + orjson": _decoded(decoding, sql.plain, sql.values, calls),
            "psycopg decode + orjson": self._decoded_by_psycopg(sql.plain, sql.values, calls),
            "`read_table`'s statement, asyncpg": _sent(self._ours["asyncpg"], sent, calls),
            "`read_table`'s statement, psycopg": _sent(self._ours["psycopg"], sent, calls),
            "its row expression alone, asyncpg": _as_text(alone, sql.expression, sql.values, calls),
            "`json_build_array` a row, asyncpg": _as_text(array, sql.json_build_array, sql.values, calls),
            "`json_agg` of those, asyncpg": _as_text(agg, sql.json_agg, sql.values, calls),
        }
        return [Contender(name=name, work=work, calls=calls) for name, work in works.items()]

    def _decoded_by_psycopg(self, sql: str, values: Sequence[Any], calls: int) -> Work:
        async def work() -> None:
            cursor = psycopg.AsyncRawCursor(self._other)
            for _ in range(calls):
                await cursor.execute(sql.encode(), values, binary=True)
                assert bare.as_json(await cursor.fetchall())

        return work


def _decoded(session: asyncpg.Connection, sql: str, values: Sequence[Any], calls: int) -> Work:
    async def work() -> None:
        for _ in range(calls):
            assert bare.as_json(await session.fetch(sql, *values))

    return work


def _as_text(session: asyncpg.Connection, sql: str, values: Sequence[Any], calls: int) -> Work:
    async def work() -> None:
        for _ in range(calls):
            assert ",".join([record[0] for record in await session.fetch(sql, *values)]).encode()

    return work


class _Sql:
    """The same rows asked for in several ways."""

    def __init__(self, relation: Relation, rows: BenchTable, filters: Mapping[str, Any]) -> None:
        # Bound, as any program does it that looks for more than one key.
        self.values = tuple(filters.values())
        where = "".join(f" WHERE {name} = $1" for name in filters)
        rest = f"FROM {rows.name}{where} ORDER BY id"
        array = f"json_build_array({', '.join(rows.names)})"
        numbered = ", ".join(f"{name} AS c{number}" for number, name in enumerate(rows.names, start=1))
        expression = row([relation.by_name[name].type for name in rows.names], NEWER)
        self.plain = f"SELECT {', '.join(rows.names)} {rest}"
        self.expression = f"SELECT {expression} FROM (SELECT {numbered} {rest}) AS q"
        self.json_build_array = f"SELECT {array}::text {rest}"
        self.json_agg = f"SELECT json_agg({array})::text FROM ({self.plain}) AS q"


def _sent(connection: Connection, plan: Select, calls: int) -> Work:
    written = QueryBuilder(SystemClock(), dialect=lambda: NEWER).select(plan)

    async def work() -> None:
        for _ in range(calls):
            records = (await connection.run(written.statement)).rows
            if written.single:
                assert (settle_row(records, written.shown.assemble, _BOUNDS) or "").encode()
            else:
                assert settle(records, plan.page.limit, _BOUNDS).rows.json

    return work


def _plan(relation: Relation, rows: BenchTable, filters: Mapping[str, Any]) -> Select:
    """What `read_table` makes of it."""
    order, keyed = parse_order(None, ascending=True, relation=relation)
    return Select(
        relation=relation,
        columns=rows.names,
        filter=parse(filters, relation, Moment(datetime.now(UTC))) if filters else EVERYTHING,
        order=order,
        keyed=keyed,
        page=Page(limit=rows.rows),
        bounds=_BOUNDS,
    )


@asynccontextmanager
async def _catalogue(driver: Driver) -> AsyncIterator[PostgresSchemaRepository]:
    clock = SystemClock()
    sessions = ConnectionManager(driver, PoolLimits(), clock)
    runner = Runner(sessions=sessions, clock=clock, observer=FanOut(()))
    try:
        yield PostgresSchemaRepository(runner=runner, types=TypeCatalogue(runner=runner, clock=clock), clock=clock)
    finally:
        await sessions.close()
