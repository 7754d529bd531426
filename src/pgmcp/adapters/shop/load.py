"""Puts the sample shop into a PostgreSQL."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pgmcp.adapters.shop.rows import shop_rows

if TYPE_CHECKING:
    import asyncpg

DATABASE = "shop"
# Any number, as long as it is the same for all who load the shop at once.
_LOADING = 7_316_019


async def load(dsn: str) -> None:
    """Create the database `shop` with all that is in it, unless it is there already; several may call this at once.

    Args:
        dsn: The address of any database of the server, for a role that may create databases.

    Raises:
        asyncpg.PostgresError: The role may not, or the server lacks room. What was begun is rolled back; only an empty
            database may stay, which the next call fills.
        OSError: The server can't be reached.
    """
    import asyncpg  # the driver is wanted only by those who load

    server = await asyncpg.connect(dsn)
    try:
        await server.execute("SELECT pg_advisory_lock($1)", _LOADING)  # ends with the connection
        if not await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await server.execute(f"CREATE DATABASE {DATABASE}")
        shop = await asyncpg.connect(dsn, database=DATABASE)
        try:
            await _fill(shop)
        finally:
            await shop.close()
    finally:
        await server.close()


async def _fill(shop: asyncpg.Connection[Any]) -> None:
    """Make the tables and their rows in one transaction, unless they are there."""
    if await shop.fetchval("SELECT to_regclass('public.product_sales') IS NOT NULL"):
        return
    async with shop.transaction():
        await shop.execute(_text("shop.sql"))
        for table, rows in shop_rows().items():
            columns = ", ".join(rows[0])  # names of our own, none of which needs quotes
            await shop.execute(
                f"INSERT INTO {table} ({columns})"  # noqa: S608 -- the same names
                f" SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::text::json)",
                json.dumps(rows, default=str),
            )
        await shop.execute(_text("loaded.sql"))


def _text(name: str) -> str:
    """The text of a file of SQL beside this one."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
