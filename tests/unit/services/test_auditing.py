"""The audit of calls: what stands on record, and what is not let through without."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.audit_record import AuditRecord, Ended, record_of
from pgmcp.domain.auditing import digest_of
from pgmcp.domain.calls import CallId, LeaseId
from pgmcp.domain.errors import DatabaseError, PgmcpError, SecurityError, ValidationError, codes
from pgmcp.domain.plans import Effect
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.requests import ReadRequest
from pgmcp.domain.settings import Access, Settings
from pgmcp.domain.stopping import cancelled
from pgmcp.domain.transactions import Outcome
from pgmcp.ports.auditing import AuditError
from pgmcp.services.watching import Watch
from tests.unit.house import WRITING, House, by

AUDITED = evolve(WRITING, audit_file="audit.jsonl")
WHO = {"time": "2024-03-13T12:30:00.000+00:00", "call": "a call", "principal": "ana"}
ENDED = WHO | {"phase": "call", "verdict": "allowed", "rule": "access", "duration_ms": 0.0}


class FullLog:
    """An audit on a disk that is full."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    async def intend(self, record: AuditRecord) -> None:
        """Fail."""
        raise AuditError("No space left on device")

    def conclude(self, ended: Ended) -> bool:
        """Keep it, as a test wants to see it."""
        self.records.append(record_of(ended))
        return True

    async def room(self) -> None:
        """There is."""

    async def close(self) -> None:
        """Nothing is open."""


async def lines(
    tool: str, arguments: dict[str, Any], settings: Settings = AUDITED, **more: Any
) -> list[dict[str, Any]]:
    """What stands on record after a call."""
    house = House(settings=settings, **more)
    with suppress(PgmcpError):
        await house.dispatch(tool, arguments, by("ana"))
    return [record.document() for record in house.records.records]


def a_watch(house: House, session: str | None = None) -> Watch:
    """What is noted of a call that has just begun."""
    return Watch(
        house.clock,
        CallId("a call"),
        "ana",
        session,
        "t",
        Effect.READ,
        timed=False,
    )


async def test_a_read() -> None:
    """One line, with every column that the read looks at, each once."""
    arguments = {"table": "orders", "columns": ["id"], "filters": {"or": [{"total": {"gt": 5}}, {"id": 10}]}}
    arguments |= {"order_by": ["-status"]}
    tables = {"public.orders": ["id", "total", "status"]}
    line = ENDED | {"tool": "read_table", "effect": "read", "rows": 3, "ending": "done"}
    (found,) = await lines("read_table", arguments)
    found["tables"] = {name: sorted(columns) for name, columns in found["tables"].items()}
    assert found == line | {"tables": {name: sorted(columns) for name, columns in tables.items()}}


@pytest.mark.parametrize(
    "tool, arguments, effect, columns",
    [
        pytest.param(
            "create_record",
            {"table": "lines", "data": {"at": 9, "text": "x"}, "returning": ["at"]},
            "create",
            ["at", "text"],
            id="create",
        ),
        pytest.param(
            "update_records",
            {"table": "lines", "data": {"text": "x"}, "filters": {"at": 1}},
            "update",
            ["text", "at"],
            id="update",
        ),
        pytest.param("delete_records", {"table": "lines", "filters": {"at": 1}}, "delete", ["at"], id="delete"),
    ],
)
async def test_a_write(tool: str, arguments: dict[str, Any], effect: str, columns: list[str]) -> None:
    """Its intent before it runs, its end after."""
    about = {"tool": tool, "effect": effect, "tables": {"public.lines": columns}}
    intent = WHO | about | {"phase": "intent", "verdict": "allowed", "rule": "access"}
    assert await lines(tool, arguments) == [intent, ENDED | about | {"rows": 1, "ending": "done"}]


async def test_a_statement() -> None:
    """Its form, never its values."""
    text = "SELECT * FROM orders WHERE status = 'hunter2'"
    (found,) = await lines("execute_query", {"query": text}, statements={text: []})
    assert found["statement"] == "select * from orders where status = ?"
    assert len(found["fingerprint"]) == 16
    assert "hunter2" not in str(found)


RULES: dict[str, Any] = {
    "default": "deny",
    "tables": [{"match": "public.customers", "allow": []}, {"match": "public.orders", "allow": ["read"]}],
}


@pytest.mark.parametrize(
    "tool, arguments, said",
    [
        pytest.param("read_table", {"table": "orders"}, ("allowed", "policy.tables[1]", None), id="a read"),
        pytest.param(
            "delete_records",
            {"table": "orders", "filters": {"id": 10}},
            ("refused", "policy.tables[1]", "action_refused"),
            id="what a rule doesn't allow",
        ),
        pytest.param(
            "read_table", {"table": "customers"}, ("refused", "policy.tables[0]", "unknown_table"), id="a hidden table"
        ),
        pytest.param(
            "describe_table", {"table": "lines"}, ("refused", "policy.default", "unknown_table"), id="by the default"
        ),
        pytest.param("read_table", {"table": "none"}, ("refused", "unknown_table", "unknown_table"), id="no table"),
        pytest.param("list_tables", {}, ("allowed", "access", None), id="no table of its own"),
    ],
)
async def test_the_rule_that_decided(tool: str, arguments: dict[str, Any], said: tuple[str | None, ...]) -> None:
    """Of what is let through and of what is not; where none speaks of it, the access mode or the refusal's code."""
    (*_, found) = await lines(tool, arguments, evolve(AUDITED, policy=parse_policy(RULES)))
    assert (found["verdict"], found["rule"], found.get("error")) == said


@pytest.mark.parametrize(
    "tool, arguments, line",
    [
        pytest.param(
            "read_table",
            {"table": "orders", "filters": {"nmae": 1}},
            {"tool": "read_table", "effect": "read", "rule": "unknown_column"},
            id="a mistake",
        ),
        pytest.param(
            "execute_query",
            {"query": "COMMIT"},
            {"tool": "execute_query", "effect": "run", "rule": "statement_not_allowed"},
            id="a forbidden statement",
        ),
        pytest.param(
            "delete_records",
            {"table": "orders", "filters": {"id": 10}},
            {"tool": "delete_records", "effect": "delete", "rule": "write_refused"},
            id="a write",
        ),
    ],
)
async def test_a_refusal(tool: str, arguments: dict[str, Any], line: dict[str, Any]) -> None:
    """One line too, with what decided."""
    found = await lines(tool, arguments, evolve(AUDITED, access=Access.READ))
    assert found == [ENDED | line | {"verdict": "refused", "rows": 0, "ending": "failed", "error": line["rule"]}]


async def test_a_failure() -> None:
    """What was let through and went wrong says how, and what became of it."""
    found = await lines("create_record", {"table": "orders", "data": {"id": 10, "customer_id": 1}})
    assert [(line["phase"], line["verdict"], line.get("error")) for line in found] == [
        ("intent", "allowed", None),
        ("call", "allowed", "unique_violation"),
    ]


@pytest.mark.parametrize(
    "error, ending, code",
    [
        pytest.param(asyncio.CancelledError(), "cancelled", "cancelled", id="cancelled"),
        pytest.param(RuntimeError("hunter2"), "failed", "internal", id="a defect"),
        pytest.param(DatabaseError(codes.LOCK_TIMEOUT, "no lock"), "failed", "lock_timeout", id="the database"),
    ],
)
async def test_how_a_call_ends(error: BaseException, ending: str, code: str) -> None:
    """However it ends, it is on record."""
    house = House(settings=AUDITED)
    watch = a_watch(house, session="s")
    watch.plan = await house.handlers["read_table"].plan(ReadRequest(table="lines"), house.call())
    house.audit.conclude(watch, 0.0015, error=error)
    (record,) = house.records.records
    found = record.document()
    assert (found["ending"], found["error"], found["duration_ms"], found["session"]) == (ending, code, 1.5, "s")
    assert "outcome" not in found


async def test_how_a_cancelled_write_ends() -> None:
    """What stands behind the cancellation says what became of it."""
    house = House(settings=AUDITED)
    error = asyncio.CancelledError()
    error.__cause__ = cancelled(Outcome.ROLLED_BACK)
    house.audit.conclude(a_watch(house), 0.0015, error=error)
    found = house.records.records[0].document()
    assert (found["ending"], found["error"], found["outcome"]) == ("cancelled", "cancelled", "rolled_back")


async def test_a_tool_that_is_not_there() -> None:
    """A name that no tool has may hold anything, so it stays out of the line."""
    house = House(settings=AUDITED)
    error = ValidationError(codes.UNKNOWN_TOOL, "there is no tool 'hunter2'")
    await house.dispatcher.turn_away(None, by("ana"), error)
    (record,) = house.records.records
    line = ENDED | {
        "verdict": "refused",
        "rule": "unknown_tool",
        "rows": 0,
        "ending": "failed",
        "error": "unknown_tool",
    }
    assert record.document() == line


async def test_a_transaction_is_known_by_a_digest() -> None:
    """The handle itself would open it."""
    house = House(settings=AUDITED)
    watch = a_watch(house)
    watch.plan = await house.handlers["read_table"].plan(ReadRequest(table="lines"), house.call())
    watch.transaction = LeaseId("handle")
    house.audit.conclude(watch, 0.0)
    (record,) = house.records.records
    assert record.document()["transaction"] == digest_of(LeaseId("handle"))
    assert "handle" not in str(record)


@pytest.mark.parametrize("required", [pytest.param(True, id="required"), pytest.param(False, id="not required")])
async def test_a_write_that_can_not_be_on_record(required: bool) -> None:
    """Where the audit is required it doesn't run; a read does."""
    house = House(settings=evolve(AUDITED, audit_required=required))
    log = FullLog()
    house.audit.__init__(log, house.clock, house.settings)  # type: ignore[misc]  # on another log, nothing else changed
    await house.dispatch("read_table", {"table": "lines"})
    delete = {"table": "lines", "filters": {"at": 1}}
    if required:
        with pytest.raises(SecurityError) as caught:
            await house.dispatch("delete_records", delete)
        assert caught.value.code is codes.AUDIT_FAILED
        assert caught.value.retry == "later"
    else:
        await house.dispatch("delete_records", delete)
    assert len(await house.stored("lines", "at")) == (5 if required else 4)


async def test_nothing_is_kept_where_none_asked() -> None:
    """Without the setting there is no audit."""
    assert await lines("read_table", {"table": "lines"}, WRITING) == []
