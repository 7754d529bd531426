"""The composition root: the only place that knows punq and every adapter.

Whatever belongs to one database (pool, catalogue, policy) hangs on the one object that is made here; nothing is global.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from pgmcp.domain.settings import Access, Settings
from pgmcp.entrypoints.bootstrap.caches import make_caching
from pgmcp.entrypoints.bootstrap.drivers import make_driver, shown_address, uses_embedded
from pgmcp.entrypoints.bootstrap.guard import make_guard, make_verdicts
from pgmcp.entrypoints.bootstrap.keys import key_from
from pgmcp.entrypoints.bootstrap.observing import all_gauges, watching
from pgmcp.entrypoints.bootstrap.ports import Ports
from pgmcp.entrypoints.bootstrap.sharing import make_fair_use
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.readiness import Question, Readiness
from pgmcp.handlers.base import AnyHandler, in_groups
from pgmcp.handlers.dispatch import Dispatcher
from pgmcp.handlers.registry import HANDLERS
from pgmcp.ports.analysing import SqlAnalyser
from pgmcp.ports.auditing import AuditLog
from pgmcp.ports.changing import ChangeListener
from pgmcp.ports.clock import Clock
from pgmcp.ports.examining import Examiner
from pgmcp.ports.history import History
from pgmcp.ports.leases import LeaseKeeper
from pgmcp.ports.observing import Observer
from pgmcp.ports.receipts import ReceiptBook
from pgmcp.ports.repositories import QueryRepository, SchemaRepository, TableRepository
from pgmcp.ports.resources import Resources
from pgmcp.ports.sealing import Sealer
from pgmcp.ports.transactions import UnitOfWork
from pgmcp.services.auditing import AuditService
from pgmcp.services.cache_operating import CacheOperating
from pgmcp.services.caching import Caching
from pgmcp.services.cursors import Cursors
from pgmcp.services.fair_use import FairUse
from pgmcp.services.guarding import Guard
from pgmcp.services.lease_ends import LeaseEnds
from pgmcp.services.leases import LeaseService
from pgmcp.services.metrics import MetricsService
from pgmcp.services.policing import PolicyService
from pgmcp.services.queries import QueryService
from pgmcp.services.receipts import ReceiptService
from pgmcp.services.retrying import Retrying
from pgmcp.services.schemas import SchemaService
from pgmcp.services.security import SecurityService
from pgmcp.services.tables import TableService
from pgmcp.services.transactions import TransactionService
from pgmcp.services.validation import ValidationService
from pgmcp.services.views import Views

if TYPE_CHECKING:
    from pgmcp.adapters.memory.declare import TableSpec

_SERVICES = (
    Cursors,
    Retrying,
    Views,
    SchemaService,
    PolicyService,
    ValidationService,
    LeaseEnds,
    LeaseService,
    TransactionService,
    ReceiptService,
    QueryService,
    TableService,
    AuditService,
    MetricsService,
    Dispatcher,
)


def build(settings: Settings, *, observer: Observer | None = None) -> Database:
    """A database over the adapters that the settings name; nothing connects.

    Args:
        settings: What to make it from.
        observer: Who hears its events; None for silence.
    """
    if settings.driver == "memory":
        from pgmcp.adapters.shop.memory import shop_tables

        return build_memory(shop_tables(), {}, settings, observer=observer)
    from pgmcp.entrypoints.bootstrap.postgres import postgres_ports

    resources = AsyncExitStack()
    embedded = uses_embedded(settings, os.environ)
    watch = watching(settings, observer)
    driver, gate = make_driver(settings, resources, watch.observer, embedded=embedded)
    ports = postgres_ports(settings, driver, gate, resources, watch)
    return _assemble(settings, ports, resources, embedded=embedded)


def build_memory(
    tables: Mapping[str, TableSpec],
    statements: Mapping[str, Sequence[Mapping[str, Any]] | Callable[..., Sequence[Mapping[str, Any]]]],
    settings: Settings,
    *,
    observer: Observer | None = None,
) -> Database:
    """A database in memory, of declared tables and registered statements."""
    from pgmcp.entrypoints.bootstrap.memory import memory_ports

    resources = AsyncExitStack()
    ports = memory_ports(tables, statements, settings, resources, watching(settings, observer))
    return _assemble(settings, ports, resources, embedded=False)


def _assemble(settings: Settings, ports: Ports, resources: AsyncExitStack, *, embedded: bool) -> Database:
    import punq

    container = punq.Container()
    security = SecurityService(settings.access, settings.policy)
    verdicts = make_verdicts(settings, ports.clock, ports.metadata.tally("verdicts"))
    caching, listener, operating = make_caching(
        settings,
        resources,
        metadata=ports.metadata,
        lineage=ports.lineage,
        announcements=ports.announcements,
        clock=ports.clock,
        observer=ports.observer,
        key=key_from(settings),
    )
    gauges = all_gauges(settings, ports.gauges, ports.leases, operating, resources)
    for kind, made in (
        (TableRepository, ports.tables),
        (QueryRepository, ports.queries),
        (SchemaRepository, ports.catalogue),
        (UnitOfWork, ports.work),
        (LeaseKeeper, ports.leases),
        (ChangeListener, listener),
        (ReceiptBook, ports.receipts),
        (SqlAnalyser, ports.analyser),
        (Clock, ports.clock),
        (Observer, ports.observer),
        (Sealer, ports.sealer),
        (AuditLog, ports.audit),
        (Examiner, ports.examiner),
        (FairUse, make_fair_use(settings, ports.clock)),
        (History, ports.history),
        (Resources, gauges),
        (Settings, settings),
        (SecurityService, security),
        (Caching, caching),
        (CacheOperating, operating),
    ):
        container.register(kind, instance=made)
    for service in _SERVICES:
        container.register(service, scope=punq.Scope.singleton)
    transactions, schemas = container.resolve(TransactionService), container.resolve(SchemaService)
    guard = make_guard(settings, ports.resolver, verdicts, transactions, schemas)
    container.register(Guard, instance=guard)
    ports.metadata.forgetting(guard.forget, schemas.forget, ports.queries.forget)
    served: dict[str, AnyHandler] = {}
    for handler in HANDLERS:
        if security.serves(handler.effect, handler.group) and in_groups(handler.group, settings.tools):
            container.register(handler, scope=punq.Scope.singleton)
            served[handler.name] = container.resolve(handler)
    leases = container.resolve(LeaseService)
    # Pushed last, so run first: leases roll back while there are still connections.
    resources.push_async_callback(leases.shut_down)
    return Database(
        settings=settings,
        handlers=served,
        dispatcher=container.resolve(Dispatcher),
        security=security,
        examiner=ports.examiner,
        leases=leases,
        readiness=Readiness(_questions(settings, ports.examiner), ports.clock),
        history=ports.history,
        gauges=gauges,
        operating=operating,
        policing=container.resolve(PolicyService),
        keeping=ports.keeping,
        address=shown_address(settings, embedded=embedded),
        embedded=embedded,
        resources=resources,
    )


def _questions(settings: Settings, examiner: Examiner) -> Sequence[Question]:
    """What has to be answered before calls can be: by the server that is read, and by another that is written."""
    writes = settings.read_dsn is not None and settings.access is not Access.READ
    return (examiner.facts, examiner.reach_writing) if writes else (examiner.facts,)
