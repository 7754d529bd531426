"""A database in memory, with a repository for each port."""

from __future__ import annotations

from collections.abc import Mapping

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.memory.declare import TableSpec
from pgmcp.adapters.memory.engine import Engine
from pgmcp.adapters.memory.examining import MemoryExaminer
from pgmcp.adapters.memory.lineage import MemoryLineage
from pgmcp.adapters.memory.queries import MemoryQueryRepository, Registered
from pgmcp.adapters.memory.receipts import MemoryReceiptBook
from pgmcp.adapters.memory.schemas import MemorySchemaRepository
from pgmcp.adapters.memory.tables import MemoryTableRepository
from pgmcp.adapters.memory.transactions import MemoryUnitOfWork
from pgmcp.ports.clock import Clock
from pgmcp.ports.observing import Observer


class MemoryDatabase:
    """A double of a PostgreSQL for fast tests: one schema, collation "C", time zone UTC, one writer at a time.

    Args:
        tables: Declarations by name.
        statements: What raw statements give: rows, an `Answer`, or a function of the parameters.
        clock: Tells `now()` and deadlines; the machine's own by default.
        observer: Hears of every statement.
        lock_timeout_s: Seconds that a write waits for another transaction to end.
        mask_key: The secret behind masks that hash.

    Attributes:
        tables, catalogue, queries, work, examiner, lineage, receipts: The ports' implementations over it.

    Raises:
        PgmcpError: A declaration names what is not there or only PostgreSQL has, or a row breaks a constraint.
    """

    def __init__(
        self,
        tables: Mapping[str, TableSpec],
        statements: Mapping[str, Registered] | None = None,
        *,
        clock: Clock | None = None,
        observer: Observer | None = None,
        lock_timeout_s: float = 5.0,
        mask_key: bytes = b"",
    ) -> None:
        engine = Engine(
            tables, clock=clock or SystemClock(), observer=observer, lock_timeout_s=lock_timeout_s, mask_key=mask_key
        )
        self.tables = MemoryTableRepository(engine)
        self.catalogue = MemorySchemaRepository(engine)
        self.queries = MemoryQueryRepository(engine, statements or {})
        self.work = MemoryUnitOfWork(engine)
        self.examiner = MemoryExaminer(engine)
        self.lineage = MemoryLineage(engine)
        self.receipts = MemoryReceiptBook(engine)
