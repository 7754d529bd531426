"""Lines of the audit about statements of the caller's own: what they really touch, and by which rule they went."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.settings import Access, Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.handlers.dispatch import Caller
from tests.fixtures.guard.trapped import MARKER, POLICY, SCHEMA
from tests.fixtures.postgres import MakeDatabase

WRITABLE = POLICY | {"tables": [{"match": "public.trace", "allow": ["read", "create"]}, *POLICY["tables"]]}
SAID = ("phase", "effect", "tables", "verdict", "rule", "ending", "error")
CLIENT, SALE = "policy.tables[1]", "policy.tables[4]"


async def lines(make: MakeDatabase, driver: str, file: Path, tool: str, policy: Any, **said: Any) -> list[Any]:
    """What stands on record after one call."""
    dsn = await make(SCHEMA)
    settings = Settings(
        dsn=Secret(dsn), driver=driver, access=Access.WRITE, audit_file=str(file), policy=parse_policy(policy)
    )
    database = build(settings)
    try:
        with suppress(PgmcpError):
            await database.dispatcher.dispatch(database.tool(tool), said, Caller(session="a session"))
    finally:
        await database.aclose()
    return said_in(file)


def said_in(file: Path) -> list[Any]:
    """What each line of a file says."""
    written = file.read_text(encoding="ascii")
    assert MARKER not in written
    found = [json.loads(line) for line in written.splitlines()]
    for line in found:
        assert {"time", "call", "principal", "session", "tool", "statement", "fingerprint"} <= line.keys()
        assert "hunter2" not in line["statement"]
    return [tuple(line.get(name) for name in SAID) for line in found]


@pytest.mark.parametrize(
    "query, line",
    [
        pytest.param(
            "SELECT c.name, count(*) FROM client c JOIN sale s ON s.client = c.id WHERE c.name <> 'hunter2' GROUP BY 1",
            ({"public.client": ["id", "name"], "public.sale": ["client"]}, "allowed", f"{CLIENT}, {SALE}"),
            id="a join",
        ),
        pytest.param("SELECT 1", (None, "allowed", "access"), id="no table"),
        pytest.param(
            "SELECT s FROM sale_view s",
            ({"public.sale": ["id", "state"], "public.sale_view": ["*"]}, "allowed", None),
            id="a view",
        ),
        pytest.param("EXPLAIN SELECT id FROM sale", ({"public.sale": ["id"]}, "allowed", SALE), id="an explain"),
        pytest.param("SELECT pin FROM client", ({"public.client": ["pin"]}, "refused", CLIENT), id="a hidden column"),
        pytest.param(
            "SELECT count(*) FROM vault", ({"public.vault": []}, "refused", "policy.default"), id="a hidden table"
        ),
        pytest.param("SELECT reads(1)", (None, "refused", "functions"), id="a function"),
        pytest.param("SHOW search_path", (None, "refused", "shape"), id="no query"),
    ],
)
async def test_reads(
    make_database: MakeDatabase, driver: str, tmp_path: Path, query: str, line: tuple[Any, ...]
) -> None:
    """One line each, whether it was let through or not."""
    (found,) = await lines(make_database, driver, tmp_path / "audit", "execute_query", WRITABLE, query=query)
    phase, _, tables, verdict, rule, ending, error = found
    touched, allowed, decided = line
    assert (phase, verdict, ending) == ("call", allowed, "done" if allowed == "allowed" else "failed")
    assert tables == touched
    assert decided is None or rule == decided
    assert (error is None) is (allowed == "allowed")


async def test_a_write(make_database: MakeDatabase, driver: str, tmp_path: Path) -> None:
    """Its intent names the tables before it runs."""
    query = "INSERT INTO trace (what) SELECT 'hunter2' FROM sale WHERE id = 1 RETURNING id"
    found = await lines(
        make_database, driver, tmp_path / "audit", "execute_query", WRITABLE, query=query, read_only=False
    )
    touched = {"public.sale": ["id"], "public.trace": ["id", "what"]}
    assert [line[0] for line in found] == ["intent", "call"]
    assert all({name: sorted(columns) for name, columns in line[2].items()} == touched for line in found)
    assert all((line[3], set(str(line[4]).split(", "))) == ("allowed", {"policy.tables[0]", SALE}) for line in found)
