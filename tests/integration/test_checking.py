"""`pgmcp check` where reads have a server of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from pgmcp.adapters.postgres.address import Address
from pgmcp.domain.settings import Access, Secret, Settings
from pgmcp.entrypoints.cli.check import check
from tests.fixtures.postgres import MakeDatabase

# Port 1 is nobody's, and nothing listens there.
NOWHERE = "postgresql://reader:planted@127.0.0.1:1/none"
SHOWN = "postgresql://reader:***@127.0.0.1:1/none"


@pytest.mark.parametrize(
    "places, status, begins",
    [
        pytest.param(
            lambda dsn: (dsn, NOWHERE), 1, ["ok    address", f"fail  reads    {SHOWN}: The database"], id="no reads"
        ),
        pytest.param(
            lambda dsn: (NOWHERE, dsn), 1, [f"ok    address     {SHOWN}", "fail  connection  The"], id="no writes"
        ),
        pytest.param(lambda dsn: (dsn, dsn), 0, ["ok    address", "ok    reads", "ok    connection  works"], id="both"),
    ],
)
async def test_both_servers_are_asked(
    make_database: MakeDatabase,
    driver: str,
    capsys: pytest.CaptureFixture[str],
    places: Callable[[str], tuple[str, str]],
    status: int,
    begins: list[str],
) -> None:
    """One that is not there is named, whichever it is, and there is no serving without it."""
    writes, reads = places(await make_database())
    settings = Settings(dsn=Secret(writes), read_dsn=Secret(reads), driver=driver, access=Access.WRITE)
    assert await asyncio.to_thread(check, settings) == status
    lines = capsys.readouterr().out.splitlines()
    assert [line[: len(begin)] for line, begin in zip(lines, begins, strict=False)] == begins


async def test_a_search_path_that_leads_nowhere(
    make_database: MakeDatabase, driver: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is told with the names, as PostgreSQL reads them; the server would serve all the same."""
    dsn = await make_database('CREATE SCHEMA "Od,d"')
    path = 'Nope, "Od,d", "No ""pe", "$user", public, pg_temp'
    for said, lines in ((path, 1), ('"Od,d",public', 0)):
        settings = Settings(dsn=Secret(dsn), driver=driver, search_path=said)
        assert await asyncio.to_thread(check, settings) == 0
        told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warn  search path")]
        assert len(told) == lines
        assert [line.partition(": ")[2] for line in told] == ['nope, No "pe'] * lines


@pytest.mark.parametrize(
    "option, said, named",
    [
        pytest.param("", {"time_zone": "Mars/Phobos"}, "the setting 'time_zone'", id="a time zone"),
        pytest.param("", {"statement_timeout_ms": 2**31}, "the setting 'statement_timeout_ms'", id="a limit"),
        pytest.param("?sslmod=require", {}, "'sslmod', an option of the address", id="a misspelt option"),
        pytest.param("?work_mem=TimeZone", {}, "'work_mem', an option of the address", id="a value of an option"),
        pytest.param("?options=-c%20nope%3D1", {}, "a setting that sessions start with", id="in a text of options"),
    ],
)
async def test_a_setting_that_sessions_can_not_start_with(
    make_database: MakeDatabase,
    driver: str,
    capsys: pytest.CaptureFixture[str],
    option: str,
    said: dict[str, Any],
    named: str,
) -> None:
    """Is told by the name that it was given under, and by a misspelt one's nearest; there is no serving with it."""
    dsn = await make_database()
    parameters = Address.read(dsn).parameters()
    pairs = "&".join(f"{key}={quote(value, safe='')}" for key, value in parameters.items())
    url = f"postgresql:///{option or '?'}&{pairs}"
    settings = Settings(dsn=Secret(url), driver=driver, **said)
    assert await asyncio.to_thread(check, settings) == 1
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith("fail  connection  PostgreSQL ")
    assert f"{named}" in told
    assert "[setting_refused]; " in told
    assert ("Did you mean 'sslmode'" in told) is ("sslmod=" in option)
