"""LogObserver: what an operator reads, and how loudly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pgmcp.adapters.metrics.breaking import BreakerGauge
from pgmcp.adapters.observers import LogObserver, QuietLog
from pgmcp.domain.calls import CallId
from pgmcp.domain.events import (
    AuditLost,
    BreakerMoved,
    CallEnded,
    CallStarted,
    DefectFound,
    Event,
    StatementRan,
)
from pgmcp.domain.samples import Place

CALL = CallId("c1")


def ended(error: str | None) -> CallEnded:
    """A call with an end."""
    stations, noted = (Place("station", "plan"), 0, None, 0), (Place("service", "s"), 0, 0)
    return CallEnded(CALL, "read_table", "ana", seconds=0.5, error=error, stations=stations, noted=noted)


def logged(capsys: pytest.CaptureFixture[str], event: Event, level: str = "info") -> dict[str, Any] | None:
    """The line that an event leaves."""
    kind = LogObserver if level == "debug" else QuietLog
    kind(level, "json").observe(event)
    out, err = capsys.readouterr()
    assert out == ""
    found: dict[str, Any] | None = json.loads(err) if err else None
    return found


@pytest.mark.parametrize(
    "event, level",
    [
        pytest.param(CallStarted(call=CALL, tool="t", principal="ana"), None, id="a call begins"),
        pytest.param(StatementRan(call=CALL, kind="select", seconds=0), None, id="a statement"),
        pytest.param(ended(None), None, id="a call goes well"),
        pytest.param(ended("unknown_table"), "info", id="a caller's mistake"),
        pytest.param(ended("lock_timeout"), "warning", id="something to come back from"),
        pytest.param(ended("internal"), "warning", id="our own fault"),
        pytest.param(DefectFound(call=CALL, defect="KeyError", frames=("a.py:1 f",)), "error", id="a defect"),
        pytest.param(AuditLost(records=1, reason="disk full"), "error", id="the audit is lost"),
        pytest.param(BreakerMoved(state="open", failures=5), "warning", id="the breaker opens"),
        pytest.param(BreakerMoved(state="closed", failures=0), "info", id="the breaker closes"),
    ],
)
def test_how_loudly(capsys: pytest.CaptureFixture[str], event: Event, level: str | None) -> None:
    """At `info`, what went well is not written."""
    found = logged(capsys, event)
    assert (found or {}).get("level") == level
    assert found is None or found["event"] == type(event).__name__


def test_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The call's id, which spans and audit have too; no part's times, nothing that says nothing."""
    found = logged(capsys, ended(None), "debug")
    assert found is not None
    del found["timestamp"]
    assert found == {
        "event": "CallEnded",
        "level": "debug",
        "call": "c1",
        "tool": "read_table",
        "principal": "ana",
        "seconds": 0.5,
        "rows": 0,
    }


def test_of_many_calls(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that tell of a failure, in their order."""
    log = QuietLog("info", "json")
    log.statements_ran([StatementRan(call=CALL, kind="select", seconds=0, sqlstate="55P03")])
    log.calls_ended([ended(None), ended("lock_timeout"), ended(None), ended("unknown_table")])
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["error"], line["level"]) for line in lines] == [
        ("CallEnded", "lock_timeout", "warning"),
        ("CallEnded", "unknown_table", "info"),
    ]


def test_the_breaker_s_gauge() -> None:
    """As its last move left it; other events are nothing to it."""
    gauge = BreakerGauge()
    assert gauge.read() == {"state": "closed", "failures": 0}
    gauge.observe(BreakerMoved(state="open", failures=5))
    gauge.observe(ended(None))
    assert gauge.read() == {"state": "open", "failures": 5}
