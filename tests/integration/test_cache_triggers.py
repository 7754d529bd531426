"""The triggers that tell of writes, as the command prints them: made twice, and taken out without a trace."""

from __future__ import annotations

import pytest

from pgmcp.entrypoints.cli.cache_triggers import main
from tests.fixtures.cached import SCHEMA, session
from tests.fixtures.postgres import MakeDatabase

TRIGGERS = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'pgmcp_tell_cache' ORDER BY 1"


async def test_made_and_taken_out(make_database: MakeDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    """Partitions get their own; doing it again changes nothing."""
    main(["counter", "public.parted"])
    make = capsys.readouterr().out
    main(["--remove"])
    remove = capsys.readouterr().out
    async with session(await make_database(SCHEMA)) as connection:
        await connection.execute(make)
        await connection.execute(make)
        assert [row[0] for row in await connection.fetch(TRIGGERS)] == ["counter", "parted", "parted_1"]
        await connection.execute(remove)
        assert await connection.fetch(TRIGGERS) == []
        assert await connection.fetchval("SELECT count(*) FROM pg_event_trigger WHERE evtname LIKE 'pgmcp%'") == 0
