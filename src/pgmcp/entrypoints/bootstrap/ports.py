"""Everything that the services need of the world outside, in one object."""

from __future__ import annotations

from attrs import frozen

from pgmcp.adapters.metadata import KeptMetadata
from pgmcp.ports.analysing import SqlAnalyser
from pgmcp.ports.announcing import Announcements
from pgmcp.ports.auditing import AuditLog
from pgmcp.ports.clock import Clock
from pgmcp.ports.examining import Examiner
from pgmcp.ports.history import History
from pgmcp.ports.keeping import Keeping
from pgmcp.ports.leases import LeaseKeeper
from pgmcp.ports.lineage import Lineage
from pgmcp.ports.observing import Observer
from pgmcp.ports.receipts import ReceiptBook
from pgmcp.ports.repositories import QueryRepository, SchemaRepository, TableRepository
from pgmcp.ports.resolving import Resolver
from pgmcp.ports.resources import Gauge
from pgmcp.ports.sealing import Sealer
from pgmcp.ports.transactions import UnitOfWork


@frozen(kw_only=True)
class Ports:
    """Everything that the services need of the world outside."""

    tables: TableRepository
    queries: QueryRepository
    catalogue: SchemaRepository
    work: UnitOfWork
    analyser: SqlAnalyser
    clock: Clock
    observer: Observer
    sealer: Sealer
    examiner: Examiner
    audit: AuditLog
    leases: LeaseKeeper
    history: History
    lineage: Lineage
    announcements: Announcements
    gauges: tuple[Gauge, ...] = ()
    receipts: ReceiptBook
    keeping: Keeping
    metadata: KeptMetadata
    resolver: Resolver | None = None
