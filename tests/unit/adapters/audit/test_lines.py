"""Lines of the audit: what is kept of one read and used for the next says exactly what a line made anew would say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pgmcp.adapters.audit.lines import Lines
from pgmcp.adapters.memory.declare import table
from pgmcp.domain.audit_record import DoneRead, Ended, record_of, stamp
from pgmcp.domain.auditing import INTENDED, End, Ending
from pgmcp.domain.calls import CallId
from pgmcp.domain.plans import Effect, Select
from pgmcp.domain.requests import ReadRequest
from tests.unit.house import House

MANY = 1200  # more kinds of reads than are kept


def house() -> House:
    """A database whose names want quoting and mean something to a template."""
    return House(
        {
            "a%sb\n": table(columns={"id": "int4", 'n"%d': "text", "doc": "jsonb"}, primary_key="id"),
            "plain": table(columns={"id": "int4", "name": "text"}, primary_key="id"),
        }
    )


async def plans() -> list[Select]:
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


def read(plan: Select, **more: Any) -> DoneRead:
    """A read that went well."""
    usual: dict[str, Any] = {"at": 1.0, "call": "c", "principal": "ana", "session": None, "tool": "read_table"}
    given = usual | {"seconds": 0.0, "rows": 0} | more
    at, call, principal, session, tool, seconds, rows = (given[name] for name in (*usual, "seconds", "rows"))
    return (at, CallId(call), principal, session, tool, plan, seconds, rows)


def told(ended: Ended) -> Any:
    """What its line is to say."""
    return json.loads(json.dumps(record_of(ended).document()))


async def test_each_line_is_its_document() -> None:
    """Whatever order reads come in, whoever makes them by whatever session, however long they take."""
    reads = [
        read(
            plan,
            at=1767225600 + number * 0.7301,
            call=f'call "{number}" \udcff',
            principal=f"ana %s {number % 3}",
            session=(None, 's"%s', "other")[number % 5 % 3],
            seconds=number * 0.0123456 * 17**turn,
            rows=number * 131**turn,
        )
        for turn in range(3)
        for number, plan in enumerate(await plans())
    ]
    records = [record_of(each) for each in reads]
    found = Lines().of(reads).decode("ascii").splitlines()
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
        assert json.loads(lines.of([read(plan, at=at)]))["time"] == stamp(at)
    together = Lines().of([read(plan, at=at) for at in moments]).splitlines()
    assert [json.loads(line)["time"] for line in together] == [stamp(at) for at in moments]


async def test_each_duration_is_shown_as_anywhere_else() -> None:
    """To the same microsecond, more of them than are kept."""
    (plan, *_) = await plans()
    reads = [read(plan, seconds=number * 0.0017 + 0.0000003) for number in range(3000)] * 2
    found = [json.loads(line)["duration_ms"] for line in Lines().of(reads).splitlines()]
    assert found == [record_of(each).document()["duration_ms"] for each in reads]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"end": INTENDED}, id="an intent"),
        pytest.param({"end": End(ending=Ending.FAILED, error="lock_timeout")}, id="a failure"),
        pytest.param({"transaction": "f00d"}, id="in a transaction"),
        pytest.param({"tool": "other"}, id="another tool"),
        pytest.param({"effect": Effect.RUN}, id="another effect"),
        pytest.param({"reach": None}, id="no plan"),
    ],
)
async def test_what_is_no_read_that_went_well(change: dict[str, Any]) -> None:
    """Its line is its own, though one like it but for that was kept."""
    (plan, *_) = await plans()
    usual = read(plan)
    other = record_of(usual)._replace(**change)
    assert [json.loads(line) for line in Lines().of([usual, other, usual]).splitlines()] == [
        told(usual),
        told(other),
        told(usual),
    ]


async def test_what_is_kept_is_bounded() -> None:
    """Reads of ever new kinds don't fill the memory, and are told right."""
    (plan, *_) = await plans()
    lines = Lines()
    for number in range(MANY):
        for each in (read(plan, tool=f"tool{number}"), read(plan, principal=f"caller{number}", seconds=number / 1000)):
            assert json.loads(lines.of([each])) == told(each)
    for kept in (lines._templates, lines._callers):  # noqa: SLF001 -- nothing else shows what is kept
        assert 0 < len(kept) <= MANY - 100
