"""The ports over PostgreSQL, whichever driver reaches it."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.leases import ProcessLeases
from pgmcp.adapters.metadata import KeptMetadata
from pgmcp.adapters.postgres.announcing import PostgresAnnouncements
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.adapters.postgres.commenting import Commenter
from pgmcp.adapters.postgres.examining import PostgresExaminer
from pgmcp.adapters.postgres.keeping import PostgresKeeping
from pgmcp.adapters.postgres.lineage import PostgresLineage
from pgmcp.adapters.postgres.queries import PostgresQueryRepository
from pgmcp.adapters.postgres.receipts import PostgresReceiptBook
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.schemas import PostgresSchemaRepository
from pgmcp.adapters.postgres.tables import PostgresTableRepository
from pgmcp.adapters.postgres.types import TypeCatalogue
from pgmcp.adapters.postgres.units import PostgresUnitOfWork
from pgmcp.adapters.silence import Silence
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap.audit import audit_log
from pgmcp.entrypoints.bootstrap.drivers import demanded
from pgmcp.entrypoints.bootstrap.guard import make_analyser, make_resolver
from pgmcp.entrypoints.bootstrap.keys import make_mask_key, make_sealer
from pgmcp.entrypoints.bootstrap.observing import Watching
from pgmcp.entrypoints.bootstrap.pooling import make_pool, pool_gauge
from pgmcp.entrypoints.bootstrap.ports import Ports
from pgmcp.ports.driver import Need

if TYPE_CHECKING:
    from pgmcp.adapters.postgres.pool import Gate
    from pgmcp.ports.driver import Driver


def postgres_ports(
    settings: Settings, driver: Driver, gate: Gate | None, resources: AsyncExitStack, watch: Watching
) -> Ports:
    """The ports of a database that a driver reaches; nothing connects.

    Args:
        settings: What to make them from.
        driver: Makes connections.
        gate: What connections wait for before they are made, where there is such a thing.
        resources: Closes what they hold.
        watch: Who hears what happens.
    """
    clock, observer = SystemClock(), watch.observer
    sessions = make_pool(settings, driver, gate, clock, watch.pool)
    resources.push_async_callback(sessions.close)
    comment = Commenter() if settings.statement_comments else None
    runner = Runner(sessions=sessions, clock=clock, observer=observer, comment=comment)
    analyser = make_analyser(settings)
    ttl_s = settings.catalogue_ttl_s
    metadata = KeptMetadata()
    types = TypeCatalogue(runner=runner, clock=clock, ttl_s=ttl_s, tally=metadata.tally("types"))
    reading = Need.READ if settings.read_dsn is None else Need.WRITE
    work = PostgresUnitOfWork(
        sessions=sessions,
        clock=clock,
        observer=observer,
        settle_s=settings.settle_s,
        reading=reading,
        remark=runner.remark,
    )
    keeping = PostgresKeeping(work)
    return Ports(
        tables=PostgresTableRepository(
            runner=runner, builder=QueryBuilder(clock, make_mask_key(settings), lambda: runner.dialect)
        ),
        queries=PostgresQueryRepository(
            runner=runner,
            types=types,
            analyser=analyser,
            units=work,
            clock=clock,
            ttl_s=ttl_s,
            tally=metadata.tally("statements"),
        ),
        catalogue=PostgresSchemaRepository(
            runner=runner, types=types, clock=clock, ttl_s=ttl_s, tally=metadata.tally("relations")
        ),
        work=work,
        analyser=analyser,
        clock=clock,
        observer=observer,
        sealer=make_sealer(settings),
        examiner=PostgresExaminer(runner, demanded(settings, os.environ)),
        audit=audit_log(settings, observer, resources),
        leases=ProcessLeases(clock, remembered=settings.leases_remembered),
        history=watch.history,
        gauges=(pool_gauge(settings, sessions), *watch.gauges),
        lineage=PostgresLineage(runner=runner, clock=clock, ttl_s=ttl_s, tally=metadata.tally("lineage")),
        announcements=Silence(listening=False)
        if settings.pooler == "transaction"
        else PostgresAnnouncements(driver=driver, sessions=sessions, clock=clock, observer=observer),
        resolver=make_resolver(settings, runner, clock, metadata.tally("functions")),
        metadata=metadata,
        receipts=PostgresReceiptBook(runner=runner, keeping=keeping, clock=clock, keep_s=settings.receipt_keep_s),
        keeping=keeping,
    )
