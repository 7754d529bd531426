"""What a raw statement's rows hang on."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.domain.caching.basis import Basis, basis_of
from pgmcp.domain.guard.resolution import Resolution, UsedFunction, UsedRelation, Volatility
from pgmcp.domain.relations import Name
from tests.fixtures.walked import cases


def relation(name: str = "orders", **facts: Any) -> UsedRelation:
    """A table that is read."""
    given: dict[str, Any] = {"oid": 1, "name": Name("public", name), "kind": "r", "reads": True}
    return UsedRelation(**(given | facts))


def function(name: str, volatility: Volatility, *, schema: str = "pg_catalog", builtin: bool = True) -> UsedFunction:
    """A function that is called."""
    return UsedFunction(oid=2, name=Name(schema, name), volatility=volatility, language="sql", builtin=builtin)


def test_the_tables_views_seen_through() -> None:
    """Each once; views are what their tables are."""
    found = basis_of(
        Resolution(relations=(relation("b"), relation("a", kind="m"), relation("v", kind="v"), relation("b"))), "SELECT"
    )
    assert found == Basis(tables=(Name("public", "a"), Name("public", "b")))


@cases(
    "used, obstacle",
    [
        pytest.param({"functions": (function("lower", Volatility.IMMUTABLE),)}, None, id="immutable"),
        pytest.param({"functions": (function("to_char", Volatility.STABLE),)}, None, id="known-stable"),
        pytest.param({"functions": (function("now", Volatility.STABLE),)}, "function", id="now"),
        pytest.param({"functions": (function("random", Volatility.VOLATILE),)}, "function", id="volatile"),
        pytest.param(
            {"functions": (function("to_char", Volatility.STABLE, schema="public", builtin=False),)},
            "function",
            id="users-stable-of-a-known-name",
        ),
        pytest.param(
            {"functions": (function("tax", Volatility.IMMUTABLE, schema="public", builtin=False),)},
            None,
            id="users-immutable",
        ),
        pytest.param({"unsteady": True}, "moment", id="current-date"),
        pytest.param({"names_ids": True}, "catalogue", id="names-of-ids"),
        pytest.param({"relations": (relation(reads=False, named=True),)}, "catalogue", id="only-named"),
        pytest.param({"relations": (relation(named=True),)}, None, id="named-and-read"),
        pytest.param({"relations": (relation(kind="S"),)}, "not a table", id="sequence"),
    ],
)
def test_what_stands_in_the_way(used: dict[str, Any], obstacle: str | None) -> None:
    """What hangs on the moment, the session, chance or the catalogue is not kept."""
    assert basis_of(Resolution(**used), "SELECT 1").obstacle == obstacle


@cases(
    "text, obstacle",
    [
        pytest.param("SELECT '2026-01-01'::date", None, id="date"),
        pytest.param("SELECT 'Today'::date", "moment", id="word"),
        pytest.param(r"SELECT E'\x6eow'::timestamptz", "moment", id="escape"),
        pytest.param(r"SELECT e'it\'s'", "moment", id="any-escape"),
        pytest.param(r"SELECT U&'\006eow'::timestamptz", "moment", id="unicode-escape"),
        pytest.param("SELECT U&'!006eow' UESCAPE '!'", "moment", id="other-escape"),
        pytest.param("SELECT 'no'\n'w'::timestamptz", "moment", id="continued"),
        pytest.param("SELECT 'no' -- x\n 'w'", "moment", id="continued-behind-a-comment"),
        pytest.param("SELECT $$now$$::timestamptz", "moment", id="dollars"),
        pytest.param(r"SELECT a ~ '^\d+$' FROM t", None, id="pattern"),
        pytest.param("SELECT known FROM nowhere", None, id="part-of-a-word"),
    ],
)
def test_a_constant_that_may_be_the_moment(text: str, obstacle: str | None) -> None:
    """PostgreSQL reads such words when it parses, so the tree shows a date like any other."""
    assert basis_of(Resolution(), text).obstacle == obstacle
