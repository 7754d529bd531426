from __future__ import annotations

import sys
from pathlib import Path

import pytest

import pgmcp
from pgmcp.domain.errors import ValidationError
from pgmcp.domain.settings import Secret, Settings
from pgmcp.entrypoints.bootstrap.drivers import demanded


def test_without_its_extra_psycopg_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an error of the setting, and only when it is asked for."""
    for name in [name for name in sys.modules if name.startswith("pgmcp.adapters.psycopg_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    pgmcp.connect("postgresql://nobody@127.0.0.1:1/nothing", driver="asyncpg")
    with pytest.raises(ValidationError) as missing:
        pgmcp.connect("postgresql://nobody@127.0.0.1:1/nothing", driver="psycopg")
    assert missing.value.document() == {
        "type": "validation_error",
        "code": "setting_invalid",
        "message": "The driver psycopg is not installed.",
        "hint": "Run: pip install 'pgmcp[psycopg]'",
        "retry": "never",
        "details": {"path": "driver"},
    }


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_what_a_service_file_says_of_tls_counts(tmp_path: Path, driver: str) -> None:
    """How the server is checked and where it is; a service that only libpq may know of is none of ours to refuse."""
    file = tmp_path / "services"
    file.write_text("[shop]\nhost=db.example\nport=5433\nsslmode=verify-full\n", encoding="utf-8")
    environment = {"PGSERVICEFILE": str(file), "PGSSLMODE": "require"}
    found = demanded(Settings(dsn=Secret("service=shop"), driver=driver), environment)
    assert (found.verified, found.places) == ("verify-full", (("db.example", 5433),))
    assert demanded(Settings(driver=driver), environment | {"PGSERVICE": "shop"}).verified == "verify-full"
    assert demanded(Settings(dsn=Secret("service=other"), driver=driver), environment).verified is None
