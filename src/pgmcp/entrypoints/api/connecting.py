"""`pgmcp.connect` and its kin."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pgmcp.domain.settings import Access, Settings
from pgmcp.entrypoints.api.client import Client
from pgmcp.entrypoints.api.sync import SyncClient
from pgmcp.entrypoints.bootstrap import build, build_memory
from pgmcp.entrypoints.configuration import load

if TYPE_CHECKING:
    from pgmcp.adapters.memory.declare import TableSpec

Statements = Mapping[str, Sequence[Mapping[str, Any]] | Callable[..., Sequence[Mapping[str, Any]]]]

MEMORY = "memory://"
EMBEDDED = "embedded://"


def connect(dsn: str | None = None, **settings: Any) -> Client:
    """A client of a database; nothing connects before its first call.

    Args:
        dsn: A libpq URL, `embedded://` for the embedded PostgreSQL, `memory://` for the sample shop in memory; None for
            what the environment says.
        **settings: Any setting by its name. A program calls what its author wrote, so `access` is `write` unless it is
            said otherwise; give `access="read"` where an agent decides what is called.

    Raises:
        ValidationError: An unknown setting or a bad value.
    """
    return Client(build(_settings(dsn, settings)))


def connect_sync(dsn: str | None = None, **settings: Any) -> SyncClient:
    """As `connect`, for a program without an event loop."""
    return SyncClient(connect(dsn, **settings))


def memory(
    tables: Mapping[str, TableSpec] | None = None,
    statements: Statements | None = None,
    **settings: Any,
) -> Client:
    """A client of a database in memory, for fast unit tests: no server, no file.

    Args:
        tables: Declarations by table's name, made by `pgmcp.table`.
        statements: What `execute_query` answers, by statement: rows, or a function of the parameters that gives rows.
        **settings: As in `connect`.

    What it can't do exactly as PostgreSQL it refuses by name.
    """
    return Client(build_memory(tables or {}, statements or {}, _settings(None, settings)))


def _settings(dsn: str | None, settings: Mapping[str, Any]) -> Settings:
    flags: dict[str, Any] = {"access": Access.WRITE, **settings}
    if dsn is not None and dsn.startswith(MEMORY):
        flags["driver"] = "memory"
    elif dsn is not None:
        flags["dsn"] = dsn
    return load(flags, os.environ)
