"""The statements that make PostgreSQL tell of writes to chosen tables, whoever makes them."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.adapters.postgres.naming import constant
from pgmcp.adapters.postgres.texts import sql


def make(tables: Sequence[str]) -> str:
    """Install the triggers on tables, and on their partitions and children.

    Args:
        tables: Names as PostgreSQL reads them, with a schema or to be found along the search path.
    """
    watched = [f"SELECT pgmcp.watch({constant(name)}::regclass)" for name in tables]
    return ";\n".join((sql("cache_triggers_make"), *watched))


def remove() -> str:
    """Take all of them out."""
    return sql("cache_triggers_remove")
