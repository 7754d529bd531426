"""Whatever a column of any type holds is read and written back unchanged, by every driver and in both forms."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.copying import Copier, copier
from tests.fixtures.postgres import TestServer
from tests.property.value_strategies import SETUP, TYPES, arrays, composites

pytestmark = pytest.mark.asyncio(loop_scope="module")

COLUMNS = ("v", "a", "c")
ROWS = 8
steady = settings(
    deadline=None,
    max_examples=6,
    # One database serves all examples of a test; each begins with empty tables.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def copying(postgres: TestServer, driver: str) -> AsyncIterator[Copier]:
    """A database that has every type, over each driver."""
    dsn = await postgres.new_database(SETUP)
    async with copier(dsn, driver) as made:
        yield made
    await postgres.drop_database(dsn)


@pytest_asyncio.fixture(loop_scope="module")
async def prefix(copying: Copier, request: pytest.FixtureRequest) -> str:
    """What the names of a type's tables begin with: a value, an array and a composite of both in each."""
    declared: str = request.getfixturevalue("declared")
    name = re.sub(r"\W", "_", declared)
    # A composite's fields have no modifiers here: what a column's own says is the business of `v` and `a`.
    bare = re.sub(r"\(.*", "", declared)
    bare = {"char": "bpchar", "bit": 'pg_catalog."bit"'}.get(bare, bare)
    await copying.sql(
        f"CREATE TYPE {name}_c AS (x {bare}, xs {bare}[], note text)",
        *(
            f"CREATE TABLE {name}_{role} (id int PRIMARY KEY, v {declared}, a {declared}[], c {name}_c)"
            for role in ("source", "wire", "native")
        ),
    )
    return name


@pytest.mark.parametrize("declared", TYPES)
@steady
@given(data=st.data())
async def test_what_is_read_can_be_written_back(
    copying: Copier, prefix: str, declared: str, data: st.DataObject
) -> None:
    """A value, an array of them and a composite with both: no difference by text, nor by `=` where there is one."""
    values = TYPES[declared]
    lists = arrays(values, ";" if declared == "box" else ",")
    fields = composites(values | st.none(), lists | st.none(), TYPES["text"] | st.none())
    rows = data.draw(
        st.lists(st.tuples(values | st.none(), lists | st.none(), fields | st.none()), min_size=1, max_size=ROWS)
    )
    source, wire, native = (f"{prefix}_{role}" for role in ("source", "wire", "native"))
    await copying.sql(f"TRUNCATE {source}, {wire}, {native}")
    await copying.insert(source, rows)
    await copying.round_trip(source, wire, native, COLUMNS)
