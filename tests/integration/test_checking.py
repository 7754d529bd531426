"""`pgmcp check` where reads have a server of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

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
