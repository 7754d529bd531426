"""The part of the demo's round that shows the cache at work."""

from __future__ import annotations

from typing import Any

from pgmcp.entrypoints.cli.demo_step import Step

_VIPS: dict[str, Any] = {
    "table": "customers",
    "columns": ["name", "vip"],
    "filters": {"vip": True},
    "order_by": "id",
    "limit": 2,
}
_COUNT: dict[str, Any] = {"query": "SELECT count(*) AS vips FROM customers WHERE vip"}
CACHE_STEPS = (
    Step(says="A question for the first time: the database answers", tool="read_table", arguments=_VIPS),
    Step(says="The same again: the cache does, and says of when", tool="read_table", arguments=_VIPS, cached=True),
    Step(says="Raw SQL that hangs on the same table", tool="execute_query", arguments=_COUNT),
    Step(says="It is kept too", tool="execute_query", arguments=_COUNT, cached=True),
    Step(
        says="A write to that table ends both before it is answered",
        tool="update_records",
        arguments={"table": "customers", "filters": {"email": "grace.demo@example.org"}, "data": {"vip": False}},
    ),
    Step(says="So the database answers again, with one customer less", tool="execute_query", arguments=_COUNT),
    Step(says="What has the cache done?", tool="get_cache_stats"),
)
