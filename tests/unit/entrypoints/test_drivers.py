from __future__ import annotations

import sys

import pytest

import pgmcp
from pgmcp.domain.errors import ValidationError


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
