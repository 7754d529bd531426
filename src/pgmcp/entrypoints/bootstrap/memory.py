"""The ports over tables in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.leases import ProcessLeases
from pgmcp.adapters.memory import MemoryDatabase
from pgmcp.adapters.memory.keeping import MemoryKeeping
from pgmcp.adapters.metadata import KeptMetadata
from pgmcp.adapters.silence import Silence
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap.audit import audit_log
from pgmcp.entrypoints.bootstrap.guard import make_analyser
from pgmcp.entrypoints.bootstrap.keys import make_mask_key, make_sealer
from pgmcp.entrypoints.bootstrap.observing import Watching
from pgmcp.entrypoints.bootstrap.ports import Ports

if TYPE_CHECKING:
    from pgmcp.adapters.memory.declare import TableSpec


def memory_ports(
    tables: Mapping[str, TableSpec],
    statements: Mapping[str, Sequence[Mapping[str, Any]] | Callable[..., Sequence[Mapping[str, Any]]]],
    settings: Settings,
    resources: AsyncExitStack,
    watch: Watching,
) -> Ports:
    """The ports of a database of declared tables and registered statements.

    Args:
        tables: By their names.
        statements: What raw SQL gives, by its text.
        settings: What to make them from.
        resources: Closes what they hold.
        watch: Who hears what happens.
    """
    clock, observer = SystemClock(), watch.observer
    memory = MemoryDatabase(
        tables=tables, statements=statements, clock=clock, observer=observer, mask_key=make_mask_key(settings)()
    )
    return Ports(
        tables=memory.tables,
        queries=memory.queries,
        catalogue=memory.catalogue,
        work=memory.work,
        analyser=make_analyser(settings),
        clock=clock,
        observer=observer,
        sealer=make_sealer(settings),
        examiner=memory.examiner,
        audit=audit_log(settings, observer, resources),
        leases=ProcessLeases(clock, remembered=settings.leases_remembered),
        history=watch.history,
        lineage=memory.lineage,
        announcements=Silence(listening=True),
        receipts=memory.receipts,
        keeping=MemoryKeeping(),
        metadata=KeptMetadata(),
    )
