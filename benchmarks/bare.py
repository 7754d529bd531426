"""What a program without pgmcp would do: a driver's session, and its rows as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import asyncpg
import orjson


async def connect(dsn: str) -> asyncpg.Connection:
    """A session of asyncpg's that reads documents, as psycopg and npm's pg do by themselves.

    asyncpg leaves jsonb a text, which orjson would write as a string: another answer than everyone else's.
    """
    connection = await asyncpg.connect(dsn)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)
    return connection


def as_json(records: Iterable[Iterable[Any]]) -> bytes:
    """Rows as a JSON array; `str` is for what orjson doesn't know, such as numerics."""
    return orjson.dumps([tuple(record) for record in records], default=str)
