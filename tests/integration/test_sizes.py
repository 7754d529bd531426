"""No cast ever cuts a value: what is too long for a column is refused, and looked for it is not found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

import pgmcp
from pgmcp.domain import json
from tests.fixtures.copying import Copier, copier
from tests.fixtures.postgres import TestServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETUP = """
CREATE DOMAIN short AS varchar(3);
CREATE DOMAIN shorts AS varchar(3)[];
CREATE DOMAIN letters AS char(3);
CREATE DOMAIN bits AS bit(3);
CREATE DOMAIN shorter AS short CHECK (VALUE <> 'x');
CREATE TYPE sized AS (a varchar(3), b bit(3));
CREATE DOMAIN held AS sized;
"""
SIZED: dict[str, tuple[str, Any, Any]] = {
    "varchar(n)": ("varchar(3)", "abc", "abcd"),
    "char(n)": ("char(3)", "abc", "abcd"),
    "bit(n)": ("bit(3)", "101", "1010"),
    "bit(n) too short": ("bit(3)", "101", "10"),
    "varbit(n)": ("varbit(3)", "101", "1010"),
    "numeric(p,s)": ("numeric(4,2)", "99.99", "100.00"),
    "name": ("name", "n" * 63, "n" * 64),
    "name of characters of two bytes": ("name", "é" * 31, "é" * 32),
    "a single byte": ('"char"', "a", "ab"),
    "varchar(n)[]": ("varchar(3)[]", ["abc", "ab"], ["ab", "abcd"]),
    "char(n)[]": ("char(3)[]", ["abc"], ["abcd"]),
    "bit(n)[]": ("bit(3)[]", ["101"], ["1010"]),
    "varbit(n)[]": ("varbit(3)[]", ["101", "1"], ["1010"]),
    "an array of arrays": ("varchar(3)[][]", [["abc"], ["ab"]], [["ab"], ["abcd"]]),
    "an array's text": ("varchar(3)[]", "[2:2]={abc}", "[2:2]={abcd}"),
    "a domain": ("short", "abc", "abcd"),
    "a domain over char(n)": ("letters", "abc", "abcd"),
    "a domain over bit(n)": ("bits", "101", "1010"),
    "a domain over a domain": ("shorter", "abc", "abcd"),
    "a domain over a composite": ("held", {"a": "abc", "b": "101"}, {"a": "abcd", "b": "101"}),
    "a domain over an array": ("shorts", ["abc"], ["abcd"]),
    "a domain in an array": ("short[]", ["abc"], ["abcd"]),
    "a composite": ("sized", {"a": "abc", "b": "101"}, {"a": "abcd", "b": "101"}),
    "composites in an array": ("sized[]", [{"a": "abc", "b": "101"}], [{"a": "abc", "b": "1010"}]),
}
CASES = [pytest.param(number, *case, id=name) for number, (name, case) in enumerate(SIZED.items())]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def copying(postgres: TestServer, driver: str) -> AsyncIterator[Copier]:
    """A database with sized types of its own, over each driver."""
    dsn = await postgres.new_database(SETUP)
    async with copier(dsn, driver) as made:
        yield made
    await postgres.drop_database(dsn)


@pytest.mark.parametrize("number, declared, fits, long", CASES)
async def test_what_is_too_long_is_refused(copying: Copier, number: int, declared: str, fits: Any, long: Any) -> None:
    """Alone, in a batch, as a change, in place of another and imported; what fits is there as it was given."""
    table = f"sized_{number}"
    await copying.sql(f"CREATE TABLE {table} (id int PRIMARY KEY, v {declared})")
    assert await copying.create(table, {"id": 1, "v": fits}) is None
    assert await copying.create(table, {"id": 2, "v": long}) is not None
    records = [{"id": 3, "v": fits}, {"id": 4, "v": long}]
    assert "error" in await copying.call("create_records", json.dumps({"table": table, "records": records}))
    changed = {"table": table, "filters": {"id": 1}, "data": {"v": long}}
    assert "error" in await copying.call("update_records", json.dumps(changed))
    replaced = {"table": table, "records": [{"id": 1, "v": long}], "on_conflict": "update"}
    assert "error" in await copying.call("create_records", json.dumps(replaced))
    with pytest.raises(pgmcp.PgmcpError):
        await copying.client.call(pgmcp.CreateBatchRequest(table=table, records=iter(records), batch_size=1))
    await copying.sql(f"DELETE FROM {table} WHERE id = 3")
    assert await copying.read(table) == [{"id": json.Number("1"), "v": _as_read(declared, fits)}]


def _as_read(declared: str, value: Any) -> Any:
    """A value as the wire has it: a number's digits are a number."""
    return json.Number(value) if declared.startswith("numeric") else value


SOUGHT = {name: SIZED[name] for name in ("varchar(n)", "char(n)", "bit(n)", "varbit(n)", "a domain")}


@pytest.mark.parametrize("declared, there, long", SOUGHT.values(), ids=SOUGHT)
async def test_what_is_too_long_is_not_found(copying: Copier, declared: str, there: str, long: str) -> None:
    """A filter doesn't find a row by the beginning of the value that it names."""
    table = "sought_" + "".join(filter(str.isalnum, declared))
    await copying.sql(f"CREATE TABLE {table} (id int PRIMARY KEY, v {declared})")
    assert await copying.create(table, {"id": 1, "v": there}) is None
    found = {}
    for name, wanted in {"eq": long, "in": [long], "between": [long, long], "distinct_from": long}.items():
        answer = await copying.call("read_table", json.dumps({"table": table, "filters": {"v": {name: wanted}}}))
        found[name] = answer["count"]
    nothing, one = json.Number("0"), json.Number("1")
    assert found == {"eq": nothing, "in": nothing, "between": nothing, "distinct_from": one}
