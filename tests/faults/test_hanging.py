"""A server that is there and says nothing."""

from __future__ import annotations

import asyncio

import pytest

import pgmcp
from pgmcp.domain.errors import PgmcpError
from tests.fixtures.disturbing import disturbing_proxy
from tests.fixtures.postgres import MakeDatabase

ITEMS = "CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)"


@pytest.mark.slow
async def test_a_server_that_hangs_is_left_alone(make_database: MakeDatabase, driver: str) -> None:
    """Neither the session that it no longer answers on nor one that it does not open may cost each caller its time."""
    read = pgmcp.ReadRequest(table="item")
    hurried = pgmcp.ReadRequest(table="item", timeout_ms=2500)
    async with (
        disturbing_proxy(await make_database(ITEMS)) as proxy,
        pgmcp.connect(
            proxy.dsn, driver=driver, pool_max=1, retry_attempts=1, breaker_failures=2, breaker_cooldown_s=5
        ) as db,
    ):
        assert (await db.call(read)).count == 1
        proxy.frozen = True
        said = []
        for _ in range(3):
            with pytest.raises(PgmcpError) as refused:
                await db.call(hurried)
            said.append((refused.value.code.name, refused.value.retry, "retry_after_ms" in refused.value.details))
        assert said == [("call_timeout", "later", True)] * 2 + [("breaker_open", "later", True)]
        proxy.frozen = False
        proxy.cut()
        async with asyncio.timeout(20):
            while True:
                try:
                    assert (await db.call(read)).count == 1
                except PgmcpError as error:
                    assert error.code.name == "breaker_open"  # noqa: PT017 -- until its time is over
                    await asyncio.sleep(0.05)
                else:
                    break
