"""Every audit keeps what it is told, in order, and says when it can't."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from pgmcp.adapters.audit import AuditWriter, MemoryAuditLog, RotatingFile, Stream, Sync
from pgmcp.domain.audit_record import AuditRecord, DoneRead, record_of
from pgmcp.domain.auditing import INTENDED
from pgmcp.domain.calls import CallId
from pgmcp.domain.plans import Effect, Select
from pgmcp.domain.requests import ReadRequest
from pgmcp.ports.auditing import AuditLog
from tests.unit.house import House, Recorder

RECORD = AuditRecord(
    at=datetime(2026, 1, 2, tzinfo=UTC).timestamp(),
    call=CallId("0"),
    principal='ana "the\nbreaker" \udcff',
    session=None,
    tool="read_table",
    effect=Effect.READ,
)


@frozen
class Kept:
    """An audit, and the lines that it has kept once it is closed."""

    log: AuditLog
    lines: Callable[[], list[dict[str, Any]]]


async def a_plan() -> Select:
    """A read of one table, by a value that no line may show."""
    house = House()
    asked = ReadRequest(table="lines", filters={"at": 5550199})
    return await house.handlers["read_table"].plan(asked, house.call())  # type: ignore[no-any-return] # of any handler


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


@pytest.fixture(params=["memory", "file", "stream"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """Each kind of audit in turn."""
    path = tmp_path / "audit.jsonl"
    if request.param == "memory":
        memory = MemoryAuditLog()
        yield Kept(memory, lambda: [json.loads(json.dumps(record.document())) for record in memory.records])
    elif request.param == "file":
        sink = RotatingFile(path, max_bytes=10_000_000, keep=1, sync=Sync.WRITES)
        yield Kept(AuditWriter(sink, Recorder(), most=10), lambda: _read(path))
    else:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
        yield Kept(AuditWriter(Stream(descriptor), Recorder(), most=10), lambda: _read(path))
        os.close(descriptor)


async def test_records_are_kept_in_order(kept: Kept) -> None:
    """Each on one line, whatever a name holds, and more of them than may wait."""
    records = [RECORD._replace(call=CallId(str(number))) for number in range(100)]
    for record in records:
        if not kept.log.conclude(record):
            await kept.log.room()
    await kept.log.close()
    assert kept.lines() == [json.loads(json.dumps(record.document())) for record in records]


async def test_a_read_that_went_well_is_kept_as_its_record(kept: Kept) -> None:
    """Though nothing is made of it until its line is; among others, in order."""
    plan = await a_plan()
    read: DoneRead = (RECORD.at, CallId("1"), RECORD.principal, "s", "read_table", plan, 0.0015, 3)
    ended = (RECORD, read, RECORD._replace(call=CallId("2")), read)
    for each in ended:
        assert kept.log.conclude(each)
    await kept.log.close()
    assert kept.lines() == [json.loads(json.dumps(record_of(each).document())) for each in ended]
    assert kept.lines()[1] == {
        "time": "2026-01-02T00:00:00.000+00:00",
        "phase": "call",
        "call": "1",
        "principal": RECORD.principal,
        "session": "s",
        "tool": "read_table",
        "effect": "read",
        "tables": {"public.lines": ["at", "text"]},
        "verdict": "allowed",
        "rule": "access",
        "duration_ms": 1.5,
        "rows": 3,
        "ending": "done",
    }


async def test_an_intent_is_kept_once_it_is_taken(kept: Kept) -> None:
    """So that a write may run."""
    intent = RECORD._replace(end=INTENDED)
    await kept.log.intend(intent)
    assert kept.lines() == [json.loads(json.dumps(intent.document()))]
    await kept.log.close()


async def test_closing_twice_does_nothing_more(kept: Kept) -> None:
    """Also without any record."""
    await kept.log.close()
    await kept.log.close()
