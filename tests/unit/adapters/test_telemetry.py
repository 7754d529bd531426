"""OtelObserver: the spans of a call form one tree, named by the conventions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import pgmcp
from pgmcp.adapters.clock import FixedClock, SystemClock
from pgmcp.adapters.metrics.gauges import GaugedResources, ProcessGauge, StateGauge
from pgmcp.adapters.postgres.pool import PoolLimits
from pgmcp.adapters.postgres.timing import TimedConnectionManager
from pgmcp.adapters.telemetry.gauges import GaugeExport
from pgmcp.adapters.telemetry.observer import OtelObserver
from pgmcp.adapters.telemetry.pool import OtelPoolTimes
from pgmcp.domain.calls import CallId, Principal
from pgmcp.domain.events import CallEnded, CallStarted, CatalogueForgotten, StatementRan
from pgmcp.domain.samples import Place
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap import build_memory
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.mcp.toolbox import CallControls
from pgmcp.ports.driver import Need
from tests.fixtures.telemetry import attributes, measured
from tests.unit.adapters.test_sessions import FakeDriver, until_waiting
from tests.unit.house import NOON, shop

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


async def test_a_call_is_one_tree(exported: InMemorySpanExporter) -> None:
    """Under the caller's span: the call, and below it stations, services, repositories and statements."""
    router = MCPRouter(build_memory(shop(), {}, Settings(driver="memory", opentelemetry=True)))
    controls = CallControls(id="c1", principal=Principal("ana"), trace=PARENT)
    answer = await router.call("read_table", b'{"table":"orders","columns":["id"],"limit":1}', controls)
    assert not answer.is_error
    spans = {span.name: span for span in exported.get_finished_spans()}
    call = spans["tools/call read_table"]
    assert (call.context.trace_id, call.parent and call.parent.span_id) == (int(TRACE, 16), 0xB7AD6B7169203331)
    assert {name for name in spans if name != call.name} >= {
        "plan",
        "authorise",
        "execute",
        "TableService.select",
        "TableRepository.select",
        "select",
    }
    for span in spans.values():
        if span is not call:
            assert span.parent is not None
            assert (span.parent.span_id, span.context.trace_id) == (call.context.span_id, call.context.trace_id)
    assert attributes(call) == {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "read_table",
        "pgmcp.call.id": "c1",
        "pgmcp.principal": "ana",
        "pgmcp.rows": 1,
        "db.collection.name": "orders",
    }
    statement = spans["select"]
    assert statement.kind is SpanKind.CLIENT
    assert attributes(statement) == {
        "db.system.name": "postgresql",
        "db.operation.name": "select",
        "db.collection.name": "orders",
        "db.response.returned_rows": 1,
    }


def test_a_part_stands_where_it_was_in_time(exported: InMemorySpanExporter) -> None:
    """By the wall clock, for as long as it took by the other one."""
    clock = FixedClock(NOON)
    observer = OtelObserver(clock, {})
    call = CallId("c")
    observer.observe(CallStarted(call=call, tool="read_table", principal="ana"))
    clock.advance(3)
    observer.observe(StatementRan(call=call, kind="select", seconds=0.25, at=3))
    clock.advance(1)
    stations = (Place("station", "plan"), 1.0, None, 1.5)
    noted = (Place("service", "run"), 1.0, 1.5)
    observer.observe(CallEnded(call, "read_table", "ana", seconds=4, stations=stations, noted=noted, at=4))
    noon = round(NOON.timestamp()) * 1_000_000_000
    found = {
        span.name: ((span.start_time or 0) - noon, (span.end_time or 0) - noon)
        for span in exported.get_finished_spans()
        if span.parent is not None
    }
    assert found == {
        "select": (2_750_000_000, 3_000_000_000),
        "plan": (1_000_000_000, 1_500_000_000),
        "run": (1_000_000_000, 1_500_000_000),
    }


async def test_a_program_that_traces(exported: InMemorySpanExporter) -> None:
    """A call from Python belongs to the span that it is made in, whatever else was sent."""
    with trace.get_tracer("mine").start_as_current_span("mine") as mine:
        async with pgmcp.memory(shop(), opentelemetry=True) as db:
            await db.call(pgmcp.ReadRequest(table="orders"))
    call = next(span for span in exported.get_finished_spans() if span.name == "tools/call read_table")
    assert call.parent is not None
    assert (call.parent.span_id, call.kind) == (mine.get_span_context().span_id, SpanKind.INTERNAL)


async def test_a_call_that_fails(exported: InMemorySpanExporter) -> None:
    """Its code is the error's type; what was said of it is not there."""
    async with pgmcp.memory(shop(), opentelemetry=True) as db:
        with pytest.raises(pgmcp.NotFoundError):
            await db.call(pgmcp.ReadRequest(table="hunter2"))
    call = next(span for span in exported.get_finished_spans() if span.name == "tools/call read_table")
    assert (call.status.status_code, attributes(call)["error.type"]) == (StatusCode.ERROR, "unknown_table")
    assert "hunter2" not in "".join(span.to_json() for span in exported.get_finished_spans())


def test_a_statement_that_fails(exported: InMemorySpanExporter) -> None:
    """With its SQLSTATE; other events are marks on the call's span."""
    observer = OtelObserver(SystemClock(), {"db.namespace": "shop"})
    call = CallId("c")
    observer.observe(CallStarted(call=call, tool="execute_query", principal="ana", trace="nonsense"))
    observer.observe(StatementRan(call=call, kind="query", seconds=0.01, sqlstate="57014", fingerprint="f00d"))
    observer.observe(CatalogueForgotten(call=call, sqlstate="42P01"))
    observer.observe(CallEnded(call=call, tool="execute_query", principal="ana", seconds=0.02))
    statement, ended = exported.get_finished_spans()
    assert attributes(statement) == {
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "db.operation.name": "query",
        "db.response.status_code": "57014",
        "error.type": "57014",
        "pgmcp.statement.fingerprint": "f00d",
    }
    assert ended.parent is None
    assert [event.name for event in ended.events] == ["CatalogueForgotten"]


def test_what_is_measured(read: InMemoryMetricReader) -> None:
    """Durations of calls and statements, and rows that were given: not those that were changed, not of what failed."""
    observer = OtelObserver(SystemClock(), {"db.namespace": "measured"})
    observer.observe(StatementRan(call=CallId("c"), kind="select", seconds=0.01, rows=7, relation="orders"))
    observer.observe(StatementRan(call=CallId("c"), kind="update", seconds=0.01, rows=9))
    observer.observe(StatementRan(call=CallId("c"), kind="select", seconds=0.01, sqlstate="57014"))
    observer.observe(CallEnded(call=CallId("c"), tool="measured", principal="ana", seconds=0.02, error="lock_timeout"))
    found = measured(read)
    units = {name: unit for name, (unit, _) in found.items()}
    assert units["mcp.server.operation.duration"] == units["db.client.operation.duration"] == "s"
    assert units["db.client.response.returned_rows"] == "{row}"
    (rows,) = (point for point in found["db.client.response.returned_rows"][1] if of(point, "measured"))
    assert (rows.sum, rows.count) == (7, 1)
    assert dict(rows.attributes) == {
        "db.system.name": "postgresql",
        "db.namespace": "measured",
        "db.operation.name": "select",
        "db.collection.name": "orders",
    }
    assert len([point for point in found["db.client.operation.duration"][1] if of(point, "measured")]) == 3
    (call,) = (
        point
        for point in found["mcp.server.operation.duration"][1]
        if point.attributes.get("gen_ai.tool.name") == "measured"
    )
    assert (call.count, call.attributes["error.type"], call.attributes["mcp.method.name"]) == (
        1,
        "lock_timeout",
        "tools/call",
    )


def of(point: Any, database: str) -> bool:
    """Whether a point is about a database: a process has one meter, and what other tests left stays."""
    return bool(point.attributes.get("db.namespace") == database)


def test_what_is_used(read: InMemoryMetricReader) -> None:
    """The pool by the names that the conventions give it, the rest by ours; nothing once it is closed."""
    gauges = GaugedResources(
        [
            ProcessGauge(),
            StateGauge(
                "pool",
                lambda: {
                    "min": 1,
                    "max": 10,
                    "idle": 2,
                    "leased": 3,
                    "waiting": 4,
                    "waits_total": 5,
                    "waited_seconds_total": 0.5,
                    "timeouts_total": 7,
                },
            ),
            StateGauge("breaker", lambda: {"state": "open"}),
            StateGauge("leases", lambda: {"open": 1}),
            StateGauge("cache", lambda: {"hits_total": 6}),
        ]
    )
    export = GaugeExport(gauges, "used")
    found = {
        (name, *sorted(point.attributes.items())): point.value
        for name, (_, points) in measured(read).items()
        for point in points
        if hasattr(point, "value")
    }
    pool = ("db.client.connection.pool.name", "used")
    expected = {
        ("db.client.connection.count", pool, ("db.client.connection.state", "idle")): 2,
        ("db.client.connection.count", pool, ("db.client.connection.state", "used")): 3,
        ("db.client.connection.max", pool): 10,
        ("db.client.connection.idle.max", pool): 10,
        ("db.client.connection.idle.min", pool): 1,
        ("db.client.connection.pending_requests", pool): 4,
        ("db.client.connection.timeouts", pool): 7,
        ("pgmcp.pool.waits", pool): 5,
        ("pgmcp.pool.waited", pool): 0.5,
        ("pgmcp.resource", ("pgmcp.figure", "state"), ("pgmcp.part", "breaker"), ("pgmcp.state", "open")): 1,
        ("pgmcp.resource", ("pgmcp.figure", "open"), ("pgmcp.part", "leases")): 1,
        ("pgmcp.count", ("pgmcp.figure", "hits"), ("pgmcp.part", "cache")): 6,
    }
    assert {key: found.get(key) for key in expected} == expected
    export.close()
    left = [point for _, points in measured(read).values() for point in points]
    assert not [point for point in left if point.attributes.get(pool[0]) == "used"]


async def test_how_long_sessions_take(read: InMemoryMetricReader) -> None:
    """To be opened, to be had and to be given back: each in seconds, by the pool's name and nothing else."""
    driver, clock = FakeDriver(), FixedClock(NOON)
    driver.gate.set()
    pool = TimedConnectionManager(driver, PoolLimits(pool_max=1), clock, None, OtelPoolTimes("timed"))
    held = await pool.acquire(Need.READ)
    waiter = asyncio.create_task(pool.acquire(Need.READ))
    await until_waiting(pool, 1)
    clock.advance(2.0)
    pool.release(held)
    pool.release(await waiter)
    await pool.close()
    points = {
        (name, unit): (point.count, point.sum, point.explicit_bounds[0])
        for name, (unit, found) in measured(read).items()
        for point in found
        if dict(point.attributes) == {"db.client.connection.pool.name": "timed"}
    }
    assert points == {
        ("db.client.connection.create_time", "s"): (1, 0.0, 0.001),
        ("db.client.connection.wait_time", "s"): (2, 2.0, 0.001),
        ("db.client.connection.use_time", "s"): (2, 2.0, 0.001),
    }


def test_calls_that_never_end_are_bounded(exported: InMemorySpanExporter) -> None:
    """A defect elsewhere keeps no memory here."""
    observer = OtelObserver(SystemClock(), {})
    for number in range(10_005):
        observer.observe(CallStarted(call=CallId(str(number)), tool="t", principal="ana"))
    assert len(exported.get_finished_spans()) == 5
