"""The server that this run is on: which part of the suite runs on which servers is said in `scripts/_servers.sh`."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

import pgmcp
from pgmcp.adapters import postgres as adapter
from pgmcp.adapters.embedded.binaries import find_binaries
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.health import OLDEST
from tests.fixtures.copying import copier
from tests.fixtures.postgres import TestServer

STATEMENTS = sorted(path.stem for path in (Path(adapter.__file__).parent / "sql").glob("*.sql"))
FRAGMENTS = {"type_facts", "size", "usable"}
"""What other statements include."""
MADE = tuple(name for name in STATEMENTS if name.startswith(("cache_triggers", "receipt")))
"""What makes, uses and removes tables and functions of our own; their own tests run them."""


async def test_it_is_the_server_that_was_chosen(postgres: TestServer) -> None:
    """`PGMCP_PG_BIN` decides which programs run, so a run that means to be on another version is; all are served."""
    program = find_binaries(os.environ) / "postgres"
    process = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
    said = (await process.communicate())[0].decode()
    found = re.search(r"(\d+)\.", said)
    assert found is not None
    async with pgmcp.connect(postgres.admin_dsn) as db:
        query = "SELECT current_setting('server_version_num')::int AS number"
        answer = await db.call(pgmcp.ExecuteQueryRequest(query=query))
    assert isinstance(answer, pgmcp.DataResponse)
    number = answer.rows[0]["number"]
    assert number // 10_000 == int(found[1])
    assert number >= OLDEST


async def test_nothing_is_compiled(postgres: TestServer, driver: str) -> None:
    """Sessions have JIT off: on servers that are built with it, the JSON of nested types would take many seconds."""
    async with pgmcp.connect(postgres.admin_dsn, driver=driver) as db:
        answer = await db.call(pgmcp.ExecuteQueryRequest(query="SHOW jit"))
    assert isinstance(answer, pgmcp.DataResponse)
    assert answer.rows == [{"jit": "off"}]


@pytest.mark.parametrize("name", [name for name in STATEMENTS if name not in {*FRAGMENTS, *MADE}])
async def test_a_catalogue_query_is_understood(postgres: TestServer, name: str) -> None:
    """Every column and function that a catalogue query names is there, whatever the server's version."""
    async with copier(postgres.admin_dsn, "asyncpg") as made:
        attributes = (await made.plain.prepare(sql(name))).get_attributes()
    assert {attribute.type.name for attribute in attributes} == {"text"}
