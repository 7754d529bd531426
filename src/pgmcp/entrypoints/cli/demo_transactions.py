"""The part of the demo's round that holds a transaction between calls."""

from __future__ import annotations

from typing import Any

from pgmcp.entrypoints.cli.demo_step import HELD, Step

_WITHIN: dict[str, Any] = {"transaction_id": HELD}
_LOOK: dict[str, Any] = {"table": "customers", "columns": ["name", "vip"], "filters": {"id": 1}}


def _change(name: str) -> dict[str, Any]:
    return {"table": "customers", "filters": {"id": 1}, "data": {"name": name}}


TRANSACTION_STEPS = (
    Step(says="A transaction that is held between calls", tool="begin_transaction", arguments={"timeout_s": 60}),
    Step(says="A write inside", tool="update_records", arguments=_WITHIN | _change("A name nobody keeps")),
    Step(says="Inside it is seen", tool="read_table", arguments=_LOOK | _WITHIN),
    Step(says="Outside it is not", tool="read_table", arguments=_LOOK),
    Step(says="A place to come back to", tool="create_savepoint", arguments=_WITHIN | {"name": "before_mistake"}),
    Step(
        says="A mistake: after it only rolling back is left",
        tool="create_record",
        arguments=_WITHIN | {"table": "customers", "data": {"id": 1, "name": "Twice", "email": "twice@example.org"}},
        fails=True,
    ),
    Step(says="What is it doing?", tool="get_transaction", arguments=_WITHIN),
    Step(
        says="Back to the savepoint, and all is well again",
        tool="rollback_transaction",
        arguments=_WITHIN | {"savepoint": "before_mistake"},
    ),
    Step(says="Then undo it all", tool="rollback_transaction", arguments=_WITHIN),
    Step(says="One that nobody comes back to", tool="begin_transaction", arguments={"idle_timeout_s": 2}),
    Step(says="It locks a row", tool="update_records", arguments=_WITHIN | _change("Nor this one")),
    Step(says="It has run out, and says so", tool="read_table", arguments=_LOOK | _WITHIN, fails=True, pause_s=2.5),
    Step(
        says="The row is free again",
        tool="update_records",
        arguments=_change("x") | {"dry_run": True},
    ),
)
