"""One database in memory with every service over it, as bootstrap puts them together, on a clock that stands still."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from attrs import evolve

from pgmcp.adapters.analyser.pgparse_ import PgparseAnalyser
from pgmcp.adapters.analyser.remembering import RememberingAnalyser
from pgmcp.adapters.audit import MemoryAuditLog
from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.leases import ProcessLeases
from pgmcp.adapters.memory import MemoryDatabase
from pgmcp.adapters.memory.declare import TableSpec, check, column, enum, foreign_key, table, view
from pgmcp.adapters.metadata import KeptMetadata
from pgmcp.adapters.metrics.gauges import GaugedResources
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.adapters.metrics.recorder import MetricsRecorder
from pgmcp.adapters.sealing import AesGcmSealer
from pgmcp.adapters.shares import ProcessShares
from pgmcp.adapters.verdicts import KeptVerdicts
from pgmcp.domain import json
from pgmcp.domain.calls import CallContext, CallId, Principal, Progress
from pgmcp.domain.changes import Changes
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.events import Event
from pgmcp.domain.requests import ReadRequest, RequestBase
from pgmcp.domain.responses import ResponseBase
from pgmcp.domain.results import Form, WireRows
from pgmcp.domain.settings import Access, Settings
from pgmcp.entrypoints.rendering import render
from pgmcp.handlers.base import AnyHandler
from pgmcp.handlers.dispatch import Caller, Dispatcher
from pgmcp.handlers.registry import HANDLERS
from pgmcp.ports.repositories import QueryRepository, SchemaRepository, TableRepository
from pgmcp.ports.transactions import Outcome, UnitOfWork
from pgmcp.services.auditing import AuditService
from pgmcp.services.cache_operating import CacheOperating
from pgmcp.services.caching import NoCaching
from pgmcp.services.cursors import Cursors
from pgmcp.services.fair_use import FairUse
from pgmcp.services.guarding import Guard
from pgmcp.services.lease_ends import LeaseEnds
from pgmcp.services.leases import LeaseService
from pgmcp.services.metrics import MetricsService
from pgmcp.services.queries import QueryService
from pgmcp.services.receipts import ReceiptService
from pgmcp.services.retrying import Retrying
from pgmcp.services.schemas import SchemaService
from pgmcp.services.security import SecurityService
from pgmcp.services.tables import TableService
from pgmcp.services.transactions import TransactionService
from pgmcp.services.validation import ValidationService
from pgmcp.services.views import Views

NOON = datetime(2024, 3, 13, 12, 30, tzinfo=UTC)  # a Wednesday
WRITING = Settings(access=Access.WRITE)
STATUS = enum("order_status", "new", "paid", "shipped")


class Recorder:
    """Hears every event and keeps it."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def observe(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)


class Listener:
    """Hears of every write and keeps it."""

    def __init__(self) -> None:
        self.heard: list[tuple[Changes, Outcome]] = []

    async def changed(self, changes: Changes, outcome: Outcome) -> None:
        """Keep it."""
        self.heard.append((changes, outcome))


class House:
    """The services of one memory database, and ways to call its tools.

    Any of the repositories can be given instead of the memory database's own.
    """

    def __init__(
        self,
        tables: Mapping[str, TableSpec] | None = None,
        *,
        statements: Mapping[str, Any] | None = None,
        settings: Settings = WRITING,
        rows: TableRepository | None = None,
        catalogue: SchemaRepository | None = None,
        queries: QueryRepository | None = None,
        work: UnitOfWork | None = None,
    ) -> None:
        self.clock = FixedClock(NOON)
        self.recorder = Recorder()
        self.memory = MemoryDatabase(
            tables=shop() if tables is None else tables, statements=statements or {}, clock=self.clock
        )
        self.settings = settings
        self.security = SecurityService(settings.access, settings.policy)
        self.cursors = Cursors(AesGcmSealer(lambda: bytes(32)))
        self.retrying = Retrying(self.clock, self.recorder, settings)
        self.keeper = ProcessLeases(self.clock, remembered=settings.leases_remembered)
        self.listener = Listener()
        self.leases = LeaseService(
            work or self.memory.work,
            self.keeper,
            LeaseEnds(self.keeper, self.listener, self.clock, self.recorder),
            self.clock,
            self.recorder,
            self.retrying,
            settings,
        )
        self.transactions = TransactionService(work or self.memory.work, self.leases, self.listener, settings)
        self.views = Views(self.clock)
        self.schemas = SchemaService(catalogue or self.memory.catalogue, self.retrying, self.views, self.leases)
        self.validation = ValidationService(RememberingAnalyser(PgparseAnalyser()), settings)
        self.queries = QueryService(
            queries or self.memory.queries,
            self.schemas,
            self.validation,
            self.cursors,
            self.clock,
            settings,
            self.retrying,
            self.transactions,
            NoCaching(),
        )
        self.tables = TableService(rows or self.memory.tables, self.transactions, self.retrying, NoCaching())
        self.operating = CacheOperating(None, KeptMetadata())
        self.history = BoundedHistory(settings.metrics_history, self.clock)
        self.metrics = MetricsService(
            self.history, GaugedResources([]), MetricsRecorder(self.history, self.clock), self.clock, settings
        )
        self.receipts = ReceiptService(self.memory.receipts, self.transactions, self.retrying, self.clock, settings)
        self.records = MemoryAuditLog()
        self.audit = AuditService(self.records, self.clock, settings)
        self.guard = Guard(None, KeptVerdicts(self.clock), self.transactions, self.schemas)
        self.fair_use = FairUse(ProcessShares(), self.clock, settings)
        self.dispatcher = Dispatcher(
            self.security,
            self.schemas,
            self.recorder,
            self.clock,
            settings,
            self.audit,
            self.fair_use,
            self.guard,
            self.receipts,
        )
        self.handlers: dict[str, AnyHandler] = {tool.name: self._made(tool) for tool in HANDLERS}

    def _made(self, tool: Any) -> AnyHandler:
        parts = {type(part): part for part in vars(self).values()}
        handler: AnyHandler = tool(**{name: parts[kind] for name, kind in _wanted(tool).items()})
        return handler

    async def dispatch(
        self, tool: str, arguments: RequestBase[Any] | Mapping[str, Any] | bytes, caller: Caller | None = None
    ) -> ResponseBase:
        """A tool's response, or its error raised."""
        return await self.dispatcher.dispatch(self.handlers[tool], arguments, caller or Caller())

    async def answer(self, tool: str, arguments: Any, caller: Caller | None = None) -> str:
        """A tool's answer as the wire has it; arguments that are no bytes are written as JSON first."""
        given = arguments if isinstance(arguments, bytes) else json.dumps(arguments).encode()
        try:
            return render(await self.dispatch(tool, given, caller)).decode()
        except PgmcpError as error:
            return render(error.response).decode()

    async def document(self, tool: str, arguments: Any, caller: Caller | None = None) -> Any:
        """A tool's answer, read again; every number is the text of its digits."""
        return json.loads(await self.answer(tool, arguments, caller))

    async def refusal(self, tool: str, arguments: Any, caller: Caller | None = None) -> dict[str, Any]:
        """The error that a tool answers with."""
        found = await self.document(tool, arguments, caller)
        assert list(found) == ["error"], found
        error: dict[str, Any] = found["error"]
        return error

    async def stored(self, table: str, *columns: str) -> list[list[Any]]:
        """What stands in a table now, in the order of its key; every number is the text of its digits."""
        call = self.call()
        relation = await self.schemas.relation(table, None, call)
        plan = await self.queries.select_plan(ReadRequest(table=table, columns=columns, limit=1000), relation, call)
        found = await self.memory.tables.select(plan, call)
        assert isinstance(found.rows, WireRows)
        return [json.loads(row) for row in found.rows.rows]

    def call(self, tool: str = "read_table", **more: Any) -> CallContext:
        """A call's circumstances, for services that are asked directly."""
        made = CallContext(id=CallId("a call"), tool=tool, deadline=self.clock.monotonic() + 30, form=Form.WIRE)
        return evolve(made, **more)


@cache
def _wanted(tool: Any) -> Mapping[str, Any]:
    """What a handler is made of: the kind of each part by its name."""
    return {name: kind for name, kind in typing.get_type_hints(tool.__init__).items() if name != "return"}


def by(name: str, *, form: Form = Form.WIRE, progress: Progress | None = None) -> Caller:
    """A caller of a name."""
    return Caller(principal=Principal(name), form=form, progress=progress, id=CallId("a call"))


def shop() -> dict[str, TableSpec]:
    """A few tables that have a bit of everything."""
    return {
        "customers": table(
            columns={
                "id": column("int4", nullable=False, identity="by default"),
                "name": column("text", nullable=False),
                "email": "text",
                "vip": column("bool", nullable=False, default=False),
                "since": "timestamptz",
            },
            primary_key="id",
            unique=["email"],
            rows=[
                {
                    "id": 1,
                    "name": "Ana",
                    "email": "ana@x.pt",
                    "vip": True,
                    "since": datetime(2024, 3, 13, 9, tzinfo=UTC),
                },
                {"id": 2, "name": "Bo", "email": "bo@x.dk", "since": datetime(2024, 3, 12, 9, tzinfo=UTC)},
                {"id": 3, "name": "Cy", "email": None, "since": None},
            ],
            comment="People with an account",
        ),
        "orders": table(
            columns={
                "id": column("int4", nullable=False),
                "customer_id": column("int4", nullable=False),
                "status": column(STATUS, nullable=False, default="new"),
                "total": column("numeric(10,2)", nullable=False, default=0),
                "doc": "jsonb",
            },
            primary_key="id",
            foreign_keys=[foreign_key("customer_id", "customers")],
            checks=[check("total >= 0", lambda row: row["total"] >= 0, columns="total")],
            rows=[
                {"id": 10, "customer_id": 1, "status": "paid", "total": "1.50", "doc": {"n": 1}},
                {"id": 11, "customer_id": 1, "total": "20.00"},
                {"id": 12, "customer_id": 2, "status": "shipped", "total": "300.25"},
            ],
        ),
        "lines": table(
            columns={"at": "int4", "text": "text"}, rows=[{"at": at, "text": f"line {at}"} for at in range(5)]
        ),
        "paid_orders": view(
            columns={"id": "int4", "total": "numeric(10,2)"},
            query=lambda rows: [each for each in rows["orders"] if each["status"] == "paid"],
            comment="Orders that are paid",
        ),
    }
