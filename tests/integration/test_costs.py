"""The cost gate on a real server: a round trip more where it is asked for, none where it isn't."""

from __future__ import annotations

import pytest

import pgmcp
from pgmcp.domain.errors import QueryError, codes
from pgmcp.domain.responses import DataResponse
from tests.fixtures.postgres import MakeDatabase

_SCHEMA = "CREATE TABLE big AS SELECT g AS id FROM generate_series(1, 20000) g; ANALYZE big"


async def test_a_costly_statement_is_refused(make_database: MakeDatabase, driver: str) -> None:
    """With the node that costs most; a cheap one with its parameters runs."""
    dsn = await make_database(_SCHEMA)
    async with pgmcp.connect(dsn, driver=driver, access="read", max_cost=1000.0, max_cost_rows=30_000) as db:
        answer = await db.call(pgmcp.ExecuteQueryRequest(query="SELECT count(*) FROM big WHERE id > $1", params=[5]))
        assert isinstance(answer, DataResponse)
        assert answer.rows[0]["count"] == 19_995
        with pytest.raises(QueryError) as caught:
            await db.call(pgmcp.ExecuteQueryRequest(query="SELECT * FROM big a, big b"))
        assert caught.value.code is codes.TOO_COSTLY
        assert caught.value.details["rows"] == 400_000_000
        assert caught.value.details["worst"].startswith("Nested Loop")
