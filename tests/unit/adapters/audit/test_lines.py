"""Lines of the audit: what is kept of one read and used for the next says exactly what a line made anew would say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pgmcp.adapters.audit.lines import Lines
from pgmcp.adapters.memory.declare import table
from pgmcp.domain.audit_record import AuditRecord, stamp
from pgmcp.domain.auditing import DONE, INTENDED, End, Ending
from pgmcp.domain.calls import CallId
from pgmcp.domain.plans import Effect, Plan
from pgmcp.domain.requests import ReadRequest
from tests.unit.house import House

MANY = 600  # more kinds of reads than are kept


def house() -> House:
    """A database whose names want quoting and mean something to a template."""
    return House(
        {
            "a%sb\n": table(columns={"id": "int4", 'n"%d': "text", "doc": "jsonb"}, primary_key="id"),
            "plain": table(columns={"id": "int4", "name": "text"}, primary_key="id"),
        }
    )


async def plans() -> list[Plan]:
    """Reads of several kinds, each of them twice with other values."""
    here = house()
    asked: list[dict[str, Any]] = [
        {"table": "plain"},
        {"table": "plain", "filters": {"id": 1}},
        {"table": "plain", "columns": ["name"], "filters": {"id": 1}},
        {"table": "plain", "columns": ["name"], "order_by": "-name"},
        {"table": "plain", "columns": ["name"], "filters": {"or": [{"id": 1}, {"not": {"name": "x"}}]}},
        {"table": "a%sb\n", "filters": {'n"%d': "hunter2"}},
        {"table": "a%sb\n", "columns": ["id"], "filters": {"doc->a": {"eq": 1}}},
    ]
    made = [await here.handlers["read_table"].plan(ReadRequest(**each), here.call()) for each in asked * 2]
    relations = {id(plan.relation): plan.relation for plan in made}
    assert len(relations) == 2, "a relation is the same object for every call, else nothing is ever kept"
    return made


@pytest.mark.parametrize("session", [pytest.param(None, id="no session"), pytest.param('s"%s', id="a session")])
async def test_each_line_is_its_document(session: str | None) -> None:
    """Whatever order reads come in, whoever makes them, however long they take."""
    lines = Lines()
    records = [
        AuditRecord(
            1767225600 + number * 0.7301,
            CallId(f'call "{number}" \udcff'),
            f"ana %s {number}",
            session,
            "read_table",
            Effect.READ,
            plan,
            seconds=number * 0.0123456,
            rows=number,
        )
        for number, plan in enumerate(await plans())
    ]
    found = lines.of(records).decode("ascii").splitlines()
    assert [json.loads(line) for line in found] == [json.loads(json.dumps(record.document())) for record in records]
    # The order of a line's fields does not hang on what was kept before.
    assert [list(json.loads(line)) for line in found] == [list(record.document()) for record in records]
    assert "hunter2" not in "".join(found) + repr(records)


async def test_each_moment_is_shown_as_anywhere_else() -> None:
    """To the same millisecond, in whatever order moments come."""
    (plan, *_) = await plans()
    moments = [1767225600 + number * 0.0003371 for number in range(5000)] + [
        1767225600.999999,
        0.0,
        0.9999,
        1767225599.9,
    ]
    lines = Lines()
    for at in moments:
        record = AuditRecord(at, CallId("c"), "ana", None, "read_table", Effect.READ, plan)
        assert json.loads(lines.of([record]))["time"] == stamp(at)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"end": INTENDED}, id="an intent"),
        pytest.param({"end": End(ending=Ending.FAILED, error="lock_timeout")}, id="a failure"),
        pytest.param({"transaction": "f00d"}, id="in a transaction"),
        pytest.param({"tool": "other"}, id="another tool"),
        pytest.param({"reach": None}, id="no plan"),
    ],
)
async def test_what_is_no_read_that_went_well(change: dict[str, Any]) -> None:
    """Its line is its own, though one like it but for that was kept."""
    (plan, *_) = await plans()
    usual = AuditRecord(1.0, CallId("c"), "ana", None, "read_table", Effect.READ, plan, end=DONE)
    other = usual._replace(**change)
    _, line = Lines().of([usual, other]).splitlines()
    assert json.loads(line) == json.loads(json.dumps(other.document()))


async def test_what_is_kept_is_bounded() -> None:
    """Reads of ever new kinds don't fill the memory, and are told right."""
    (plan, *_) = await plans()
    lines = Lines()
    for number in range(MANY):
        record = AuditRecord(1.0, CallId("c"), "ana", None, f"tool{number}", Effect.READ, plan)
        assert json.loads(lines.of([record])) == json.loads(json.dumps(record.document()))
    assert len(lines._templates) <= MANY - 100  # noqa: SLF001 -- nothing else shows what is kept
