"""OtelObserver: events as spans and histograms, through whatever SDK the process has set up.

Names by OpenTelemetry's conventions: https://opentelemetry.io/docs/specs/semconv/database/ for statements and
https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/ for calls.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pgmcp.domain.calls import CallId
from pgmcp.domain.events import CallEnded, CallStarted, Event, StatementRan
from pgmcp.domain.samples import Noted
from pgmcp.ports.clock import Clock

# A call whose end is never heard is a defect; it must not keep memory for ever.
_OPEN_AT_MOST = 10_000
_NS = 1_000_000_000
# As the conventions recommend for each.
_STATEMENT_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
_CALL_SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]
_ROWS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000]
# Their rows are those that were changed: none were returned, or it is not known how many.
_CHANGES = frozenset({"insert", "update", "delete"})

Attributes = dict[str, str | int]


class OtelObserver:
    """One span a call, with one below it for each statement and each part that was timed; implements `Observer`.

    A call's span is a child of the span that its caller is in, or else of the `traceparent` that came with it.

    Args:
        clock: The clock of the events.
        database: Attributes of the database, for statements: `db.namespace`, `server.address`, `server.port`.
    """

    def __init__(self, clock: Clock, database: Mapping[str, str | int]) -> None:
        self._clock = clock
        self._database: Attributes = {"db.system.name": "postgresql", **database}
        self._tracer = trace.get_tracer("pgmcp")
        meter = metrics.get_meter("pgmcp")
        self._calls = meter.create_histogram(
            "mcp.server.operation.duration",
            unit="s",
            description="How long calls of tools take.",
            explicit_bucket_boundaries_advisory=_CALL_SECONDS,
        )
        self._statements = meter.create_histogram(
            "db.client.operation.duration",
            unit="s",
            description="How long statements take.",
            explicit_bucket_boundaries_advisory=_STATEMENT_SECONDS,
        )
        self._returned = meter.create_histogram(
            "db.client.response.returned_rows",
            unit="{row}",
            description="How many rows statements give.",
            explicit_bucket_boundaries_advisory=_ROWS,
        )
        self._open: OrderedDict[CallId, Span] = OrderedDict()

    def observe(self, event: Event) -> None:
        if isinstance(event, CallStarted):
            self._started(event)
        elif isinstance(event, StatementRan):
            self._ran(event)
        elif isinstance(event, CallEnded):
            self._ended(event)
        elif (span := self._open.get(getattr(event, "call", CallId("")))) is not None:
            span.add_event(type(event).__name__)

    def _started(self, event: CallStarted) -> None:
        parent, kind = _parent(event.trace)
        attributes = _operation(event.tool) | {"pgmcp.call.id": event.call, "pgmcp.principal": event.principal}
        span = self._tracer.start_span(f"tools/call {event.tool}", context=parent, kind=kind, attributes=attributes)
        if len(self._open) >= _OPEN_AT_MOST:
            self._open.popitem(last=False)[1].end()
        self._open[event.call] = span

    def _ran(self, event: StatementRan) -> None:
        attributes = self._database | {"db.operation.name": event.kind}
        if event.relation is not None:
            attributes["db.collection.name"] = event.relation
        if event.sqlstate is not None:
            attributes |= {"db.response.status_code": event.sqlstate, "error.type": event.sqlstate}
        self._statements.record(event.seconds, attributes)
        more: Attributes = {}
        if event.sqlstate is None and event.kind not in _CHANGES:
            self._returned.record(event.rows, attributes)
            more["db.response.returned_rows"] = event.rows
        if event.fingerprint is not None:
            more["pgmcp.statement.fingerprint"] = event.fingerprint
        end = self._nanoseconds(self._clock.monotonic())
        self._below(event.call, event.kind, end - round(event.seconds * _NS), end, SpanKind.CLIENT, attributes | more)

    def _ended(self, event: CallEnded) -> None:
        attributes = _operation(event.tool)
        if event.error is not None:
            attributes["error.type"] = event.error
        self._calls.record(event.seconds, attributes)
        for noted in event.parts:
            self._part(event.call, noted)
        span = self._open.pop(event.call, None)
        if span is None:
            return
        span.set_attribute("pgmcp.rows", event.rows)
        if event.relation is not None:
            span.set_attribute("db.collection.name", event.relation)
        if event.error is not None:
            span.set_attribute("error.type", event.error)
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def _part(self, call: CallId, noted: Noted) -> None:
        place, started, ended = noted
        attributes: Attributes = {"pgmcp.layer": place.layer}
        if place.error is not None:
            attributes["error.type"] = place.error
        start = self._nanoseconds(started)
        self._below(call, place.operation, start, start + round((ended - started) * _NS), SpanKind.INTERNAL, attributes)

    def _below(self, call: CallId, name: str, start: int, end: int, kind: SpanKind, attributes: Attributes) -> None:
        """A span that has ended, below its call's."""
        above = self._open.get(call)
        context = None if above is None else trace.set_span_in_context(above, Context())
        span = self._tracer.start_span(name, context=context, kind=kind, attributes=attributes, start_time=start)
        if "error.type" in attributes:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end)

    def _nanoseconds(self, monotonic: float) -> int:
        """A moment of the clock's monotonic scale, in nanoseconds since 1970."""
        ago = self._clock.monotonic() - monotonic
        return round((self._clock.now().timestamp() - ago) * _NS)


def _parent(traceparent: str | None) -> tuple[Context | None, SpanKind]:
    """The context that a call belongs to, and what kind of span it is there."""
    if trace.get_current_span().get_span_context().is_valid:
        return None, SpanKind.INTERNAL
    if traceparent is None:
        return None, SpanKind.INTERNAL
    return TraceContextTextMapPropagator().extract({"traceparent": traceparent}, context=Context()), SpanKind.SERVER


def _operation(tool: str) -> Attributes:
    return {"mcp.method.name": "tools/call", "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool}
