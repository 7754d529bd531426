"""The sample shop in memory, from Python."""

from __future__ import annotations

import pgmcp


def test_connecting_to_memory() -> None:
    """The sample shop, by its address."""
    with pgmcp.connect_sync("memory://") as db:
        answer = db.call(pgmcp.ReadRequest(table="orders", columns=["id"], limit=1))
    assert answer.rows == [{"id": 1}]
