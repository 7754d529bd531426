"""What a transaction that a caller holds costs: one row changed in it, beside the same statement on a bare driver.

Three levels, the outer ones with all that the inner ones have: the driver alone; services and repository, which write
the statement, keep the lease's turn and limits, observe what ran and know the outcome; the whole call from Python,
which decodes, plans and judges the request first. A lease that has written takes one more round trip before COMMIT, for
the transaction's id: the bare transaction that the others are held against asks for it too.

Between the bare driver and ours stands the least that any lease has to do: take turns, keep a deadline, know the handle
and its owner, note when it was used, and read how many rows were changed.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import cast

import asyncpg
import psycopg
from attrs import define, evolve, field, frozen

import pgmcp
from benchmarks.database import BenchDatabase
from benchmarks.measuring import Contender, Work, take_turns
from benchmarks.places import reached
from benchmarks.printing import table
from benchmarks.tables import MIXED
from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.adapters.postgres.commenting import Commenter
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.calls import CallContext, CallId
from pgmcp.domain.plans import Update
from pgmcp.domain.transactions import TransactionOptions
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.database import Database
from pgmcp.handlers.update_records import UpdateRecordsHandler
from pgmcp.ports.driver import Row, Statement

_UPDATES = 100
_TRANSACTIONS = 25
# Another row each time: one that is changed again and again becomes slower with each change.
_ROWS = 1000


async def run(rounds: int) -> str:
    """Time one update in a transaction that is open, and a whole transaction with one, by each way to a server."""
    tables = []
    async with reached() as ways:
        for place, dsn in ways.dsns.items():
            for driver in _BARE:
                tables += await _compared(ways.database, dsn, driver, place, rounds)
    return "\n".join(tables)


async def _compared(database: BenchDatabase, dsn: str, driver: str, place: str, rounds: int) -> list[str]:
    async with AsyncExitStack() as resources:
        return [
            table(
                f"{driver}, {place}: {job.title}",
                await take_turns(job.contenders, rounds, database.pids),
                with_database=True,
            )
            for job in await contenders(dsn, driver, resources)
        ]


@frozen
class Job:
    """A job, and the ways to do it, the first of which the others are held against."""

    title: str
    contenders: Sequence[Contender]


async def contenders(dsn: str, driver: str, resources: AsyncExitStack) -> tuple[Job, Job]:
    """An update in a transaction that is open, and a whole transaction with one, by each way."""
    ours = await _ours(dsn, driver, resources)
    bare = await resources.enter_async_context(_BARE[driver](dsn))
    client = await resources.enter_async_context(pgmcp.connect(dsn, driver=driver))
    one = (
        Contender(name="bare driver", work=_bare_updates(bare, ours), calls=_UPDATES),
        Contender(name="bare driver and the least", work=_least_updates(bare, ours), calls=_UPDATES),
        Contender(name="lease, services and repository", work=_updates(ours), calls=_UPDATES),
        Contender(name="lease, calls from Python", work=_called_updates(client), calls=_UPDATES),
    )
    whole = (
        Contender(name="bare driver, asks for the id", work=_bare_whole(bare, ours), calls=_TRANSACTIONS),
        Contender(name="lease, services and repository", work=_whole(ours), calls=_TRANSACTIONS),
        Contender(name="lease, calls from Python", work=_called_whole(client), calls=_TRANSACTIONS),
    )
    return Job("an update in a transaction", one), Job("BEGIN, an update, COMMIT", whole)


@frozen(kw_only=True)
class _Bare:
    """A driver's session: a statement with its parameters and all that it gives, and statements that control."""

    fetch: Callable[[Statement], Awaitable[Sequence[Row]]]
    control: Callable[[str], Awaitable[object]]


@asynccontextmanager
async def _bare_asyncpg(dsn: str) -> AsyncIterator[_Bare]:
    connection = await asyncpg.connect(dsn)

    def fetch(statement: Statement) -> Awaitable[Sequence[Row]]:
        # A Record is a sequence of its values in all but registration.
        return cast("Awaitable[Sequence[Row]]", connection.fetch(statement.text, *statement.parameters))

    try:
        yield _Bare(fetch=fetch, control=connection.execute)
    finally:
        await connection.close()


@asynccontextmanager
async def _bare_psycopg(dsn: str) -> AsyncIterator[_Bare]:
    made = psycopg.AsyncConnection.connect(dsn, autocommit=True, cursor_factory=psycopg.AsyncRawCursor)
    async with await made as connection:

        async def fetch(statement: Statement) -> Sequence[Row]:
            cursor = await connection.execute(statement.text.encode(), statement.parameters, prepare=True)
            return await cursor.fetchall()

        yield _Bare(fetch=fetch, control=lambda text: connection.execute(text.encode()))


_BARE = {"asyncpg": _bare_asyncpg, "psycopg": _bare_psycopg}
DRIVERS = tuple(_BARE)


@frozen(kw_only=True)
class _Ours:
    """A database of pgmcp's, and updates: their plans, and the statements that these become."""

    database: Database
    handler: UpdateRecordsHandler
    plans: Iterator[Update] = field(repr=False)
    statements: Iterator[Statement] = field(repr=False)


async def _ours(dsn: str, driver: str, resources: AsyncExitStack) -> _Ours:
    made = build(load({"dsn": dsn, "driver": driver, "access": "write"}, {}))
    resources.push_async_callback(made.aclose)
    handler = made.handlers["update_records"]
    assert isinstance(handler, UpdateRecordsHandler)
    plans = [await handler.plan(_request(row), _call()) for row in range(1, _ROWS + 1)]
    builder, comment = QueryBuilder(SystemClock()), Commenter()
    statements = [comment(builder.update(plan).statement, _call()) for plan in plans]
    return _Ours(database=made, handler=handler, plans=itertools.cycle(plans), statements=itertools.cycle(statements))


def _call() -> CallContext:
    deadline = asyncio.get_running_loop().time() + 60
    return CallContext(id=CallId("bench"), tool="update_records", deadline=deadline)


def _request(row: int) -> pgmcp.UpdateRequest:
    return pgmcp.UpdateRequest(table=MIXED.name, filters={"id": row}, data={"big": row})


def _bare_updates(bare: _Bare, ours: _Ours) -> Work:
    async def work() -> None:
        await bare.control("BEGIN")
        for _ in range(_UPDATES):
            assert await bare.fetch(next(ours.statements))
        await bare.control("ROLLBACK")

    return work


def _least_updates(bare: _Bare, ours: _Ours) -> Work:
    @define
    class Lease:
        owner: str
        used_at: float = 0.0
        statements: int = 0
        turn: asyncio.Lock = field(factory=asyncio.Lock)

    leases = {"handle": Lease(owner="me")}

    async def changed(handle: str, owner: str, statement: Statement, deadline: float) -> int:
        lease = leases.get(handle)
        if lease is None or lease.owner != owner:
            raise KeyError(handle)
        async with asyncio.timeout_at(deadline), lease.turn:
            rows = await bare.fetch(statement)
        lease.used_at, lease.statements = time.monotonic(), lease.statements + 1
        return int(rows[0][0] or 0)

    async def work() -> None:
        await bare.control("BEGIN")
        deadline = asyncio.get_running_loop().time() + 60
        for _ in range(_UPDATES):
            assert await changed("handle", "me", next(ours.statements), deadline) == 1
        await bare.control("ROLLBACK")

    return work


def _bare_whole(bare: _Bare, ours: _Ours) -> Work:
    proof = Statement(sql("proof"))

    async def work() -> None:
        for _ in range(_TRANSACTIONS):
            await bare.control("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            assert await bare.fetch(next(ours.statements))
            assert await bare.fetch(proof)
            await bare.control("COMMIT")

    return work


def _updates(ours: _Ours) -> Work:
    leases, tables = ours.database.leases, ours.handler.tables

    async def work() -> None:
        call = _call()
        call = evolve(call, transaction=(await leases.begin(TransactionOptions(), None, None, call)).id)
        for _ in range(_UPDATES):
            assert (await tables.update(next(ours.plans), call)).count == 1
        await leases.rollback(call)

    return work


def _whole(ours: _Ours) -> Work:
    leases, tables = ours.database.leases, ours.handler.tables

    async def work() -> None:
        for _ in range(_TRANSACTIONS):
            call = _call()
            call = evolve(call, transaction=(await leases.begin(TransactionOptions(), None, None, call)).id)
            assert (await tables.update(next(ours.plans), call)).count == 1
            await leases.commit(call)

    return work


def _called_updates(client: pgmcp.Client) -> Work:
    requests = itertools.cycle([_request(row) for row in range(1, _ROWS + 1)])

    async def work() -> None:
        async with client.transaction() as tx:
            for _ in range(_UPDATES):
                assert (await tx.call(next(requests))).count == 1

    return work


def _called_whole(client: pgmcp.Client) -> Work:
    requests = itertools.cycle([_request(row) for row in range(1, _ROWS + 1)])

    async def work() -> None:
        for _ in range(_TRANSACTIONS):
            async with client.transaction() as tx:
                assert (await tx.call(next(requests))).count == 1

    return work
