"""Texts that are values of a type, or none: what is kept of them, or what is said."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.adapters.memory.declare import table
from pgmcp.domain.errors import PgmcpError
from tests.fixtures.adapters import MakeAdapter, wire
from tests.fixtures.writes import insert

GOOD = {
    "bool[]": {"[5:5]={1}": "[5:5]={t}", "[2:3]={t,NULL}": "[2:3]={t,NULL}"},
    "int4[]": {"[2:3]={1,2}": "[2:3]={1,2}", "[1:2][0:0]={{1},{2}}": "[1:2][0:0]={{1},{2}}"},
    "int4range": {"[1,4]": "[1,5)", "(2147483646,)": "[2147483647,)"},
    "tsrange": {"[2024-01-01,infinity]": '[\\"2024-01-01 00:00:00\\",infinity]'},
    "timestamp": {"294276-12-31 23:59:59": "294276-12-31 23:59:59"},
    "date": {"5874897-12-31": "5874897-12-31", "4713-01-01 BC": "4713-01-01 BC"},
}
BAD = {
    "bool[]": ["[2:3]={1,2}", "[1:2]={t}", "{t,{f}}"],
    "int4[]": ["{1,{2}}", "{{1},{2,3}}", "[0:1]={1,2,3}", "[0:1]={{1,2}}"],
    "date[]": ["[2:3]={1,2}"],
    "int4range": ["[a,b]", "[2024-01-01,2024-02-01)", "[1,2147483647]", "(2147483647,)", "[99999999999,)"],
    "int8range": ["[1.5,2)", "[,9223372036854775807]"],
    "numrange": ["[a,)", "[1,x]"],
    "daterange": ["[1,4]", "[2024-13-01,)", "[5,8)"],
    "tsrange": ["[1,4]", "[x,)"],
    "tstzrange": ["(0,5)", "[2024-01-01T00:00:00+25,)"],
    "timestamp": ["5874897-12-31", "294277-01-01 00:00:00"],
    "timestamptz": ["5874897-12-31"],
    "date": ["5874898-01-01", "4715-01-01 BC"],
    "interval": ["99999999999999999999", "P999999999999Y"],
}
WORDS = {
    "date": ["today", "yesterday", "Jan 5 2024"],
    "timestamp": ["now", "Jan 5 2024 10:00"],
    "timestamptz": ["tomorrow"],
    "time": ["04:05 PM", "allballs"],
    "cidr": ["10.1", "0x10"],
}


async def told(make_adapter: MakeAdapter, type_: str, texts: list[str]) -> list[Any]:
    """What is stored of each, or the code with which a filter and a write refuse it."""
    found: list[Any] = []
    async with make_adapter({"t": table(columns={"c": type_})}) as database:
        for text in texts:
            codes = set()
            try:
                await database.rows("t", {"c": text})
            except PgmcpError as error:
                codes.add((error.code.name, error.path))
            try:
                found.append((await insert(database, "t", {"c": text}, returning=("c",))).count)
            except PgmcpError as error:
                found.append({*codes, (error.code.name, error.details.get("column"))})
    return found


@pytest.mark.parametrize("type_", sorted(BAD))
async def test_a_text_that_is_no_value(make_adapter: MakeAdapter, type_: str) -> None:
    """Is told with its place, in a filter as in a write."""
    wanted = {("bad_value", "filters.c"), ("bad_value", "c")}
    found = await told(make_adapter, type_, BAD[type_])
    assert dict(zip(BAD[type_], found, strict=True)) == dict.fromkeys(BAD[type_], wanted)


@pytest.mark.parametrize("type_", sorted(GOOD))
async def test_a_text_that_is_one(make_adapter: MakeAdapter, type_: str) -> None:
    """Is kept as what PostgreSQL makes of it."""
    async with make_adapter({"t": table(columns={"c": type_})}) as database:
        found = {text: wire(await insert(database, "t", {"c": text}, returning=("c",))) for text in GOOD[type_]}
    assert found == {text: [f'["{kept}"]'] for text, kept in GOOD[type_].items()}


@pytest.mark.parametrize("type_", sorted(WORDS))
async def test_spellings_of_postgresql_alone(make_adapter: MakeAdapter, type_: str) -> None:
    """Are read by it, and refused by name in memory: a test that passes there is not to fail here."""
    refused = {("feature_not_supported", "filters.c"), ("feature_not_supported", "c")}
    assert all(each in (1, refused) for each in await told(make_adapter, type_, WORDS[type_]))
