"""The guard of one database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmcp.adapters.verdicts import KeptVerdicts
from pgmcp.domain.settings import Settings
from pgmcp.ports.analysing import SqlAnalyser
from pgmcp.ports.clock import Clock
from pgmcp.ports.resolving import Resolver
from pgmcp.services.guarding import Guard
from pgmcp.services.transactions import TransactionService

if TYPE_CHECKING:
    from pgmcp.adapters.postgres.runner import Runner


def make_analyser() -> SqlAnalyser:
    """What parses raw SQL."""
    from pgmcp.adapters.analyser.pgparse_ import PgparseAnalyser

    return PgparseAnalyser()


def make_resolver(settings: Settings, runner: Runner, clock: Clock) -> Resolver:
    """What finds out what a statement uses, over PostgreSQL."""
    from pgmcp.adapters.postgres.resolving.facts import Facts
    from pgmcp.adapters.postgres.resolving.resolver import PostgresResolver

    return PostgresResolver(runner=runner, facts=Facts(runner=runner, clock=clock, ttl_s=settings.verdict_ttl_s))


def make_guard(settings: Settings, resolver: Resolver | None, clock: Clock, transactions: TransactionService) -> Guard:
    """A guard that judges by what statements resolve to, unless the settings say that names are enough."""
    verdicts = KeptVerdicts(clock, most=settings.verdicts_kept, ttl_s=settings.verdict_ttl_s)
    return Guard(resolver if settings.guard == "resolved" else None, verdicts, transactions)
