"""The pipeline: what happens on the way of a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.memory.declare import table
from pgmcp.domain.calls import CallContext, CallId, Principal
from pgmcp.domain.errors import DatabaseError, InternalError, PgmcpError, QueryError, codes
from pgmcp.domain.events import CallEnded, CallStarted, CatalogueForgotten, DefectFound, Event
from pgmcp.domain.plans import Insert, Select
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.requests import CreateBatchRequest, ReadRequest
from pgmcp.domain.results import Form, Result
from pgmcp.domain.settings import Access, Settings
from pgmcp.handlers.dispatch import Caller, Dispatcher
from tests.unit.house import House, Recorder, by

READ = {"table": "orders", "columns": ["id"]}


class Rows:
    """A table repository that says what it was told to, then hands on to the memory database's."""

    def __init__(self, *errors: BaseException, seconds: float = 0) -> None:
        self.house = House()
        self.calls: list[CallContext] = []
        self._errors = list(errors)
        self._seconds = seconds

    async def _then(self, call: CallContext) -> None:
        self.calls.append(call)
        self.house.clock.advance(self._seconds)
        if self._errors:
            raise self._errors.pop(0)

    async def select(self, plan: Select, call: CallContext, within: Any = None) -> Result:
        """Read, after that."""
        await self._then(call)
        return await self.house.memory.tables.select(plan, call)

    async def insert(self, plan: Insert, batch: Any, call: CallContext, within: Any = None) -> Result:
        """Add, after that."""
        await self._then(call)
        return await self.house.memory.tables.insert(plan, batch, call, within)

    update: Any = None
    delete: Any = None


class Catalogue:
    """A catalogue that counts how often it is forgotten."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.forgotten = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def forget(self) -> None:
        """Once more."""
        self.forgotten += 1


def over(rows: Rows) -> tuple[House, Catalogue]:
    """A house over such repositories, sharing their clock."""
    catalogue = Catalogue(rows.house.memory.catalogue)
    house = House(rows=rows, catalogue=catalogue, work=rows.house.memory.work)
    house.clock = rows.house.clock
    # Put together anew, on that clock.
    house.dispatcher = type(house.dispatcher)(
        house.security,
        house.schemas,
        house.recorder,
        house.clock,
        house.settings,
        house.audit,
        house.fair_use,
        house.guard,
        house.receipts,
    )
    return house, catalogue


def stale(sqlstate: str = "42P01") -> QueryError:
    """What the server says when a kept fact no longer holds."""
    return QueryError(codes.UNDEFINED_OBJECT, "it is gone", sqlstate=sqlstate)


def names(events: list[Event]) -> list[str]:
    """The events' kinds."""
    return [type(event).__name__ for event in events]


def without_parts(event: Event) -> Event:
    """An event, but for the times of a call's parts."""
    return event._replace(stations=None, noted=None) if isinstance(event, CallEnded) else event


def stations_of(house: House) -> list[str]:
    """The stations of the last call, with what each ended with."""
    ended = house.recorder.events[-1]
    assert isinstance(ended, CallEnded)
    return [f"{place.operation} {place.error}" for place, _, _ in ended.parts if place.layer == "station"]


async def test_the_events_of_a_call() -> None:
    """Who called what, how long it took, how many rows."""
    rows = Rows(seconds=1.5)
    house, _ = over(rows)
    await house.dispatch("read_table", READ, by("ana"))
    started = CallStarted(call=CallId("a call"), tool="read_table", principal="ana")
    ended = CallEnded(CallId("a call"), "read_table", "ana", seconds=1.5, rows=3, relation="orders", at=1.5)
    assert [without_parts(event) for event in house.recorder.events] == [started, ended]


async def test_a_defect_is_told_of() -> None:
    """By its class and where it was raised, for whoever looks for it; not by its text, which may hold anything."""
    house, _ = over(Rows(RuntimeError("hunter2")))
    with pytest.raises(InternalError):
        await house.dispatch("read_table", READ, by("ana"))
    (_, found, ended) = house.recorder.events
    assert isinstance(found, DefectFound)
    assert (found.call, found.defect, found.frames[-1].partition(":")[0]) == (
        "a call",
        "RuntimeError",
        "test_dispatch.py",
    )
    assert isinstance(ended, CallEnded)
    assert "hunter2" not in repr(found)


async def test_the_parts_of_a_call() -> None:
    """Stations, services and repositories are timed on the way."""
    rows = Rows(seconds=1.5)
    house, _ = over(rows)
    await house.dispatch("read_table", READ, by("ana"))
    (_, ended) = house.recorder.events
    assert isinstance(ended, CallEnded)
    assert [(place.layer, place.operation, end - began) for place, began, end in ended.parts] == [
        ("station", "plan", 0),
        ("station", "authorise", 0),
        ("station", "execute", 1.5),
        ("repository", "TableRepository.select", 0),
        ("service", "TableService.select", 1.5),
    ]


@pytest.mark.parametrize(
    "column, ended",
    [
        pytest.param("nmae", ["plan unknown_column"], id="at plan"),
        pytest.param("id", ["plan None", "authorise action_refused"], id="at authorise"),
    ],
)
async def test_the_station_that_refuses(column: str, ended: list[str]) -> None:
    """It is timed too, with what it refused by; those behind it were never come to."""
    policy = parse_policy({"tables": [{"match": "public.orders", "allow": ["read"]}]})
    house = House(settings=Settings(access=Access.WRITE, policy=policy))
    with pytest.raises(PgmcpError):
        await house.dispatch("delete_records", {"table": "orders", "filters": {column: 10}})
    assert stations_of(house) == ended


@pytest.mark.parametrize(
    "error, said",
    [
        pytest.param(asyncio.CancelledError(), "CancelledError", id="a cancellation"),
        pytest.param(RuntimeError("hunter2"), "RuntimeError", id="a defect"),
    ],
)
async def test_a_station_that_fails(error: BaseException, said: str) -> None:
    """By whatever it does."""

    class Failing:
        """A catalogue that does so."""

        def __getattr__(self, name: str) -> Any:
            raise error

    house = House(catalogue=Failing())
    with pytest.raises((InternalError, asyncio.CancelledError)):
        await house.dispatch("read_table", READ)
    assert stations_of(house) == [f"plan {said}"]


async def test_the_stations_of_a_call_that_is_tried_again() -> None:
    """Each time that it came to them."""
    house, _ = over(Rows(stale()))
    await house.dispatch("read_table", READ)
    once = ["plan None", "authorise None"]
    assert stations_of(house) == [*once, "execute undefined_object", *once, "execute None"]


async def test_a_call_that_is_not_drawn() -> None:
    """It is told of without its parts."""
    house = House(settings=Settings(metrics_sample=0))
    await house.dispatch("read_table", READ, by("ana"))
    (_, ended) = house.recorder.events
    assert isinstance(ended, CallEnded)
    assert (ended.stations, ended.noted, ended.relation) == (None, None, "orders")


async def test_a_beginning_that_nobody_hears_of() -> None:
    """Is not told."""

    class Ends(Recorder):
        def hears(self, kind: type[Event]) -> bool:
            return kind is CallEnded

    house = House()
    ends = Ends()
    dispatcher = Dispatcher(
        house.security,
        house.schemas,
        ends,
        house.clock,
        house.settings,
        house.audit,
        house.fair_use,
        house.guard,
        house.receipts,
    )
    await dispatcher.dispatch(house.handlers["describe_table"], {"table": "orders"}, by("ana"))
    assert names(ends.events) == ["CallEnded"]


async def test_the_trace_of_a_caller() -> None:
    """Handed on to whoever traces."""
    house = House()
    await house.dispatch("read_table", READ, evolve(by("ana"), trace="00-1-2-01"))
    assert house.recorder.events[0] == CallStarted(
        call=CallId("a call"), tool="read_table", principal="ana", trace="00-1-2-01"
    )


@pytest.mark.parametrize(
    "tool, arguments, count",
    [
        pytest.param("read_table", READ, 3, id="rows read"),
        pytest.param("delete_records", {"table": "lines", "filters": {"at": {"gt": 2}}}, 2, id="rows changed"),
        pytest.param("describe_table", {"table": "orders"}, 0, id="no rows"),
    ],
)
async def test_the_rows_of_a_call(tool: str, arguments: dict[str, Any], count: int) -> None:
    """As its answer counts them."""
    house = House()
    await house.dispatch(tool, arguments)
    (_, ended) = house.recorder.events
    assert isinstance(ended, CallEnded)
    assert ended.rows == count


@pytest.mark.parametrize(
    "error, code",
    [
        pytest.param(DatabaseError(codes.LOCK_TIMEOUT, "no lock"), "lock_timeout", id="an error"),
        pytest.param(asyncio.CancelledError(), "cancelled", id="a cancellation"),
        pytest.param(RuntimeError("secret"), "internal", id="a defect"),
    ],
)
async def test_the_events_of_a_failure(error: BaseException, code: str) -> None:
    """It ends too, with its code and no rows."""
    house, _ = over(Rows(error, seconds=0.25))
    with pytest.raises((PgmcpError, asyncio.CancelledError)):
        await house.dispatch("read_table", READ, by("ana"))
    assert without_parts(house.recorder.events[-1]) == CallEnded(
        CallId("a call"), "read_table", "ana", seconds=0.25, error=code, relation="orders", at=0.25
    )


async def test_a_defect_of_our_own() -> None:
    """Told without what it said, as that may hold values; the cause is there for the log."""
    defect = RuntimeError("value 'hunter2' in column password")
    house, _ = over(Rows(defect))
    with pytest.raises(InternalError) as caught:
        await house.dispatch("read_table", READ, by("ana"))
    assert caught.value.document() == {
        "type": "internal_error",
        "code": "internal",
        "message": "pgmcp failed with a RuntimeError",
        "hint": "This is a defect of pgmcp; the server's log has more.",
        "retry": "never",
        "details": {"call": "a call"},
    }
    assert caught.value.__cause__ is defect


async def test_a_cancellation_goes_through() -> None:
    """It is the caller's own, and no error of ours."""
    house, _ = over(Rows(asyncio.CancelledError()))
    with pytest.raises(asyncio.CancelledError):
        await house.dispatch("read_table", READ)


@pytest.mark.parametrize(
    "sqlstate",
    [
        pytest.param("42P01", id="an unknown table"),
        pytest.param("42703", id="an unknown column"),
        pytest.param("0A000", id="a plan whose result changed"),
    ],
)
async def test_an_old_catalogue_is_read_anew_once(sqlstate: str) -> None:
    """And the call tried once more."""
    rows = Rows(stale(sqlstate))
    house, catalogue = over(rows)
    assert (await house.document("read_table", READ))["count"] == "3"
    assert (catalogue.forgotten, len(rows.calls)) == (1, 2)
    assert names(house.recorder.events) == ["CallStarted", "CatalogueForgotten", "CallEnded"]
    forgotten = house.recorder.events[1]
    assert isinstance(forgotten, CatalogueForgotten)
    assert (forgotten.call, forgotten.sqlstate) == (rows.calls[0].id, sqlstate)


async def test_not_twice() -> None:
    """What is still unknown is unknown."""
    rows = Rows(stale(), stale(), stale())
    house, catalogue = over(rows)
    assert (await house.refusal("read_table", READ))["sqlstate"] == "42P01"
    assert (catalogue.forgotten, len(rows.calls)) == (1, 2)


async def test_other_errors_are_not_tried_again() -> None:
    """Only what an old catalogue explains."""
    rows = Rows(QueryError(codes.BAD_VALUE, "no", sqlstate="22P02"))
    house, catalogue = over(rows)
    assert (await house.refusal("read_table", READ))["code"] == "bad_value"
    assert (catalogue.forgotten, len(rows.calls)) == (0, 1)


async def test_a_write_of_a_list_is_tried_again() -> None:
    """Its records are there still."""
    rows = Rows(stale())
    house, catalogue = over(rows)
    records = [{"at": 9}, {"at": 8}]
    assert await house.answer("create_records", {"table": "lines", "records": records}) == '{"ok":true,"count":2}'
    assert catalogue.forgotten == 1


async def test_a_write_of_a_stream_is_not() -> None:
    """Its records are gone."""
    rows = Rows(stale())
    house, catalogue = over(rows)
    with pytest.raises(QueryError):
        await house.dispatch("create_records", CreateBatchRequest(table="lines", records=iter([{"at": 9}])))
    assert catalogue.forgotten == 0


@pytest.mark.parametrize(
    "timeout_ms, deadline, statement",
    [
        pytest.param(None, 30.0, None, id="the server's"),
        pytest.param(1500, 1.5, 1500, id="the caller's own"),
        pytest.param(60_000, 60.0, 60_000, id="a longer one of the caller's"),
        pytest.param(1, 0.001, 1, id="the least"),
    ],
)
async def test_the_deadline(timeout_ms: int | None, deadline: float, statement: int | None) -> None:
    """The call's whole time, and what the server is told for each statement."""
    rows = Rows()
    house, _ = over(rows)
    await house.dispatch("read_table", READ | {"timeout_ms": timeout_ms})
    (call,) = rows.calls
    assert (call.deadline, call.statement_timeout_ms) == (deadline, statement)


async def test_the_deadline_counts_from_the_start() -> None:
    """On the clock's own scale, by the setting."""
    rows = Rows()
    rows.house.clock.advance(100)
    house, _ = over(rows)
    house.dispatcher = type(house.dispatcher)(
        house.security,
        house.schemas,
        house.recorder,
        house.clock,
        Settings(call_timeout_s=0.0005),
        house.audit,
        house.fair_use,
        house.guard,
        house.receipts,
    )
    await house.dispatch("read_table", READ)
    assert (rows.calls[0].deadline, rows.calls[0].statement_timeout_ms) == (100.0005, None)


async def test_what_a_call_carries() -> None:
    """One id, the principal, the form and whom to tell of progress."""

    async def progress(done: int, total: int | None) -> None:
        raise AssertionError

    rows = Rows()
    house, _ = over(rows)
    caller = Caller(principal=Principal("ana"), form=Form.NATIVE, progress=progress, id=CallId("x"))
    await house.dispatch("read_table", READ, caller)
    assert rows.calls == [
        CallContext(
            id=CallId("x"),
            tool="read_table",
            principal=Principal("ana"),
            deadline=30.0,
            form=Form.NATIVE,
            progress=progress,
        )
    ]


def test_each_caller_has_an_id_of_its_own() -> None:
    """Unless one is given."""
    assert Caller().id != Caller().id
    assert (Caller().principal, Caller().form, Caller().progress) == (Principal("local"), Form.WIRE, None)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(ReadRequest(table="orders", columns=["id"]), id="a request"),
        pytest.param(READ, id="a mapping"),
        pytest.param(b'{"table":"orders","columns":["id"]}', id="a text"),
    ],
)
async def test_the_same_however_it_comes_in(arguments: Any) -> None:
    """A request is the command."""
    found: Any = await House().dispatch("read_table", arguments, by("x", form=Form.NATIVE))
    assert found.rows == [{"id": 10}, {"id": 11}, {"id": 12}]


async def test_a_request_is_checked_too() -> None:
    """Whoever makes one in Python gets the same refusals."""
    with pytest.raises(PgmcpError) as caught:
        await House().dispatch("read_table", ReadRequest(table="orders", limit=-1))
    assert (caught.value.code, caught.value.path) == (codes.OUT_OF_RANGE, "limit")


async def test_time_runs_out_between_batches() -> None:
    """The whole write is undone, and its outcome is known."""
    house = House({"t": table(columns={"n": "int4"})})

    async def source() -> AsyncIterator[dict[str, int]]:
        for number in range(6):
            house.clock.advance(8)
            yield {"n": number}

    with pytest.raises(DatabaseError) as caught:
        await house.dispatch("create_records", CreateBatchRequest(table="t", records=source(), batch_size=1))
    error = caught.value
    assert (error.code, error.retry, error.details["outcome"]) == (codes.CALL_TIMEOUT, "later", "rolled_back")
    house.clock.advance(1000)
    assert await house.stored("t") == []


async def test_a_cancelled_write_leaves_nothing() -> None:
    """Cancelled between batches, the transaction rolls back and its lock is free."""
    house = House({"t": table(columns={"n": "int4"})})
    waiting = asyncio.Event()

    async def source() -> AsyncIterator[dict[str, int]]:
        for number in range(4):
            yield {"n": number}
        waiting.set()
        await asyncio.Event().wait()

    request = CreateBatchRequest(table="t", records=source(), batch_size=1)
    task = asyncio.create_task(house.dispatch("create_records", request))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await house.stored("t") == []
    assert await house.answer("create_record", {"table": "t", "data": {"n": 1}}) == '{"ok":true,"count":1}'


async def test_a_tool_is_admitted_before_anything_else_is_looked_at() -> None:
    """But behind decoding: what is no request is no request for anybody."""
    house = House(settings=evolve(Settings(), access=Access.READ))
    assert (await house.refusal("delete_records", {"table": "zzz", "filters": {}}))["code"] == "write_refused"
    assert (await house.refusal("delete_records", {"tabel": "zzz"}))["code"] == "unknown_argument"
