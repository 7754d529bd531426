"""The guard of one database."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from pgmcp.adapters.analyser.lexical import LexicalAnalyser, RefusingAnalyser
from pgmcp.adapters.analyser.pgparse_ import PgparseAnalyser
from pgmcp.adapters.analyser.remembering import Parser, RememberingAnalyser
from pgmcp.adapters.postgres.kept import Tally
from pgmcp.adapters.verdicts import KeptVerdicts
from pgmcp.domain.settings import Settings
from pgmcp.ports.analysing import SqlAnalyser
from pgmcp.ports.clock import Clock
from pgmcp.ports.resolving import Resolver
from pgmcp.ports.verdicts import Verdicts
from pgmcp.services.guarding import Guard
from pgmcp.services.schemas import SchemaService
from pgmcp.services.transactions import TransactionService

if TYPE_CHECKING:
    from pgmcp.adapters.postgres.runner import Runner


def has_parser() -> bool:
    """Whether PostgreSQL's grammar is installed as a library; it has no wheel for Windows."""
    return find_spec("pgparse") is not None


def make_analyser(settings: Settings) -> SqlAnalyser:
    """What tells what a raw statement is: the parser, else what the settings choose in its place."""
    return RememberingAnalyser(
        PgparseAnalyser(max_tokens=settings.max_query_tokens) if has_parser() else without_parser(settings)
    )


def without_parser(settings: Settings) -> Parser:
    """What stands in for the parser: tokens, as long as resolution tells the rest; else a refusal."""
    tokens = settings.without_parser == "tokens" and settings.guard == "resolved"
    return LexicalAnalyser() if tokens else RefusingAnalyser()


def make_resolver(settings: Settings, runner: Runner, clock: Clock, tally: Tally) -> Resolver:
    """What finds out what a statement uses, over PostgreSQL."""
    from pgmcp.adapters.postgres.resolving.facts import Facts
    from pgmcp.adapters.postgres.resolving.resolver import PostgresResolver

    return PostgresResolver(
        runner=runner, facts=Facts(runner=runner, clock=clock, ttl_s=settings.verdict_ttl_s, tally=tally)
    )


def make_verdicts(settings: Settings, clock: Clock, tally: Tally) -> Verdicts:
    """Where verdicts are kept."""
    return KeptVerdicts(clock, most=settings.verdicts_kept, ttl_s=settings.verdict_ttl_s, tally=tally)


def make_guard(
    settings: Settings,
    resolver: Resolver | None,
    verdicts: Verdicts,
    transactions: TransactionService,
    schemas: SchemaService,
) -> Guard:
    """A guard that judges by what statements resolve to, unless the settings say that names are enough."""
    return Guard(resolver if settings.guard == "resolved" else None, verdicts, transactions, schemas)
