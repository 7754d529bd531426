"""What an address leaves out is what libpq's rules say, with either driver."""

from __future__ import annotations

from pathlib import Path

import pytest

import pgmcp
from pgmcp.adapters.postgres.address import Address
from tests.fixtures.postgres import MakeDatabase


async def where(dsn: str | None, driver: str) -> tuple[str, str]:
    """The database that an address leads to, and a setting there."""
    query = "SELECT current_database(), current_setting('geqo')"
    async with pgmcp.connect(dsn, driver=driver) as db:
        answer = await db.call(pgmcp.ExecuteQueryRequest(query=query))
    assert isinstance(answer, pgmcp.DataResponse)
    database, setting = answer.rows[0].values()
    return str(database), str(setting)


async def test_an_address_is_filled_in_by_libpqs_rules(
    make_database: MakeDatabase, driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database of PGDATABASE or of a service, with the options of PGOPTIONS: never another one without a word."""
    said = Address.read(await make_database()).parameters()
    name = said.pop("dbname")
    file = tmp_path / "services"
    lines = [f"{key}={value}" for key, value in {**said, "dbname": name}.items()]
    file.write_text("\n".join(["[here]", *lines]))
    for key, value in {"PGSERVICEFILE": str(file), "PGOPTIONS": "-c geqo=off"}.items():
        monkeypatch.setenv(key, value)
    assert await where("service=here", driver) == (name, "off")
    assert await where("postgresql:///?service=here", driver) == (name, "off")
    monkeypatch.setenv("PGDATABASE", name)
    pairs = " ".join(f"{key}='{value}'" for key, value in said.items())
    assert await where(pairs, driver) == (name, "off")
    monkeypatch.delenv("PGDATABASE")
    monkeypatch.setenv("PGSERVICE", "here")
    assert await where(None, driver) == (name, "off")
    monkeypatch.setenv("PGSERVICE", "nosuch")
    with pytest.raises(pgmcp.PgmcpError):
        await where(None, driver)
