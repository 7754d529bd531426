"""OtelObserver: the spans of a call form one tree, named by the conventions."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import pgmcp
from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.telemetry.observer import OtelObserver
from pgmcp.domain.calls import CallId, Principal
from pgmcp.domain.events import CallEnded, CallStarted, CatalogueForgotten, StatementRan
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap import build_memory
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.mcp.toolbox import CallControls
from tests.unit.house import shop

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def exported() -> InMemorySpanExporter:
    """Where spans go; a process has one provider."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture(scope="module")
def read() -> InMemoryMetricReader:
    """Where metrics are read."""
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
    return reader


@pytest.fixture(autouse=True)
def fresh(exported: InMemorySpanExporter, read: InMemoryMetricReader) -> None:
    """Nothing of the test before."""
    exported.clear()


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
            assert inside(span, call)
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
    assert (attributes(statement)["db.system.name"], attributes(statement)["db.operation.name"]) == (
        "postgresql",
        "select",
    )


def inside(span: ReadableSpan, call: ReadableSpan) -> bool:
    """Whether a span lies within another, but for the grain of two clocks."""
    grain = 2_000_000
    begun, ended = call.start_time or 0, call.end_time or 0
    return begun - grain <= (span.start_time or 0) <= (span.end_time or 0) <= ended + grain


def attributes(span: ReadableSpan) -> dict[str, Any]:
    """A span's attributes."""
    return dict(span.attributes or {})


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
        "db.response.returned_rows": 0,
        "pgmcp.statement.fingerprint": "f00d",
    }
    assert ended.parent is None
    assert [event.name for event in ended.events] == ["CatalogueForgotten"]


def test_what_is_measured(read: InMemoryMetricReader) -> None:
    """Durations of calls and statements, in seconds."""
    observer = OtelObserver(SystemClock(), {})
    observer.observe(StatementRan(call=CallId("c"), kind="select", seconds=0.01))
    observer.observe(CallEnded(call=CallId("c"), tool="t", principal="ana", seconds=0.02, error="lock_timeout"))
    data = read.get_metrics_data()
    assert data is not None
    found = {
        each.name: each.unit
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for each in scope.metrics
    }
    assert found == {"mcp.server.operation.duration": "s", "db.client.operation.duration": "s"}


def test_calls_that_never_end_are_bounded(exported: InMemorySpanExporter) -> None:
    """A defect elsewhere keeps no memory here."""
    observer = OtelObserver(SystemClock(), {})
    for number in range(10_005):
        observer.observe(CallStarted(call=CallId(str(number)), tool="t", principal="ana"))
    assert len(exported.get_finished_spans()) == 5
