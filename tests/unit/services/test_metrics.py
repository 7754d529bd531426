"""MetricsService and its tools: what an operator is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

import pgmcp
from pgmcp.adapters.metrics.gauges import GaugedResources, ProcessGauge, StateGauge
from pgmcp.adapters.metrics.recorder import MetricsRecorder
from pgmcp.domain.calls import CallId
from pgmcp.domain.samples import Layer, Sample
from pgmcp.domain.settings import Access, Settings
from pgmcp.handlers.get_metrics import GetMetricsHandler
from pgmcp.services.metrics import MetricsService
from tests.unit.house import House, shop

ADMIN = Settings(access=Access.ADMIN)


def house(**settings: Any) -> House:
    """One that has been up for ten minutes."""
    made = House(settings=evolve(ADMIN, **settings))
    made.clock.advance(600)
    return made


def ran(
    to: House,
    ago: float,
    ms: float,
    operation: str = "read_table",
    *,
    layer: Layer = "tool",
    error: str | None = None,
    call: str = "c",
    detail: str | None = None,
) -> None:
    """Something ran that long ago, and took so long."""
    at = to.clock.monotonic() - ago
    to.history.add(Sample(at, layer, operation, ms / 1000, error, CallId(call), detail))


async def told(by: House, what: str, **more: Any) -> dict[str, Any]:
    """What the tool answers, as anyone reads it."""
    found: dict[str, Any] = json.loads(await by.answer("get_metrics", {"metric_type": what, **more}))
    return found


async def test_execution_times() -> None:
    """Figures by operation, and the slowest calls with the statement that took them."""
    here = house()
    for number, ms in enumerate((1, 2, 3, 10)):
        ran(here, 5, ms, call=f"c{number}", detail="orders")
    ran(here, 4, 8, "select", layer="statement", call="c3", detail="f00d")
    ran(here, 4, 1, "types", layer="statement", call="c3", detail="other")
    ran(here, 3, 30, "execute_query", error="statement_timeout", call="q")
    ran(here, 999, 77, "read_table")
    assert await told(here, "execution_times", window_seconds=60) == {
        "metric_type": "execution_times",
        "window_seconds": 60.0,
        "covered_seconds": 60.0,
        "operations": [
            {
                "operation": "execute_query",
                "layer": "tool",
                "count": 1,
                **{f"{name}_ms": 30.0 for name in ("min", "mean", "median", "p90", "p95", "p99", "max")},
                "errors": 1,
            },
            {
                "operation": "read_table",
                "layer": "tool",
                "count": 4,
                "min_ms": 1.0,
                "mean_ms": 4.0,
                "median_ms": 2.5,
                "p90_ms": 7.9,
                "p95_ms": 8.95,
                "p99_ms": 9.79,
                "max_ms": 10.0,
            },
            {
                "operation": "select",
                "layer": "statement",
                "count": 1,
                **{f"{name}_ms": 8.0 for name in ("min", "mean", "median", "p90", "p95", "p99", "max")},
            },
            {
                "operation": "types",
                "layer": "statement",
                "count": 1,
                **{f"{name}_ms": 1.0 for name in ("min", "mean", "median", "p90", "p95", "p99", "max")},
            },
        ],
        "slowest": [
            {"operation": "execute_query", "ms": 30.0, "call": "q", "error": "statement_timeout", "ago_s": 3.0},
            {"operation": "read_table", "ms": 10.0, "call": "c3", "fingerprint": "f00d", "ago_s": 5.0},
            {"operation": "read_table", "ms": 3.0, "call": "c2", "ago_s": 5.0},
            {"operation": "read_table", "ms": 2.0, "call": "c1", "ago_s": 5.0},
            {"operation": "read_table", "ms": 1.0, "call": "c0", "ago_s": 5.0},
        ],
    }


async def test_one_operation() -> None:
    """Only what was asked for."""
    here = house()
    ran(here, 5, 1)
    ran(here, 5, 1, "list_tables")
    found = await told(here, "execution_times", operation="list_tables")
    assert [each["operation"] for each in found["operations"]] == ["list_tables"]


async def test_an_operation_that_never_ran() -> None:
    """The nearest that did is named."""
    here = house()
    ran(here, 5, 1)
    found = await here.refusal("get_metrics", {"operation": "read_tabel"})
    assert (found["code"], found["hint"]) == ("unknown_choice", "Did you mean 'read_table'?")
    assert found["details"]["path"] == "operation"


async def test_errors() -> None:
    """By code, with the tools and the last call; beside them the exact counts."""
    here = house()
    ran(here, 9, 1)
    ran(here, 8, 1, error="lock_timeout", call="c1")
    ran(here, 7, 1, "execute_query", error="lock_timeout", call="c2")
    ran(here, 6, 1, error="unknown_column", call="c3")
    assert await told(here, "errors", window_seconds=60) == {
        "metric_type": "errors",
        "window_seconds": 60.0,
        "covered_seconds": 60.0,
        "calls": 4,
        "errors": 3,
        "error_rate": 0.75,
        "by_code": [
            {
                "code": "lock_timeout",
                "count": 2,
                "operations": {"read_table": 1, "execute_query": 1},
                "last_call": "c2",
                "last_ago_s": 7.0,
            },
            {
                "code": "unknown_column",
                "count": 1,
                "operations": {"read_table": 1},
                "last_call": "c3",
                "last_ago_s": 6.0,
            },
        ],
        "since_reset": {"calls": 4, "errors": {"lock_timeout": 2, "unknown_column": 1}},
    }


async def test_throughput() -> None:
    """Over the window, at its busiest, by tool."""
    here = house()
    for _ in range(3):
        ran(here, 5, 1)
    ran(here, 40, 1, "list_tables")
    found = await told(here, "operations_per_second", window_seconds=50)
    assert (found["operations_per_second"], found["peak_in_one_second"]) == (0.08, 3)
    assert found["by_operation"] == [
        {"operation": "read_table", "count": 3, "operations_per_second": 0.06},
        {"operation": "list_tables", "count": 1, "operations_per_second": 0.02},
    ]


async def test_throughput_of_a_moment() -> None:
    """What is covered since a reset may be less than a second: the rate is over that time, the peak counts calls."""
    here = house()
    here.history.clear()
    here.clock.advance(0.25)
    ran(here, 0, 1)
    found = await told(here, "operations_per_second", window_seconds=50)
    assert (found["covered_seconds"], found["operations_per_second"], found["peak_in_one_second"]) == (0.25, 4.0, 1)


async def test_throughput_of_what_is_left() -> None:
    """Where most samples had to go, what is left of them may be of less than a second too."""
    here = house(metrics_history=4)
    for ago in range(20, 0, -1):
        ran(here, ago / 20, 1)
    found = await told(here, "operations_per_second", window_seconds=50)
    assert (found["covered_seconds"], found["operations_per_second"]) == (0.25, 16.0)


async def test_a_part_of_calls() -> None:
    """Whatever is asked of an operation is told of where it runs, be it no tool."""
    here = house()
    for ago in (90, 30, 20, 10):
        ran(here, ago, 2, "TableService.select", layer="service", error="lock_timeout" if ago == 20 else None)
        ran(here, ago, 3)
    asked = {"operation": "TableService.select", "window_seconds": 50}
    failed = await told(here, "errors", **asked)
    assert (failed["calls"], failed["errors"], failed["error_rate"]) == (3, 1, 0.3333)
    assert failed["since_reset"] == {"calls": 4, "errors": {"lock_timeout": 1}}
    rates = await told(here, "operations_per_second", **asked)
    assert rates["by_operation"] == [
        {"operation": "TableService.select", "count": 3, "operations_per_second": 0.06},
    ]
    (trend,) = (await told(here, "trends", **asked))["operations"]
    assert (trend["operation"], trend["before"]["operations_per_second"]) == ("TableService.select", 0.02)
    times = await told(here, "execution_times", **asked)
    assert [(line["layer"], line["count"]) for line in times["operations"]] == [("service", 3)]
    assert [line["operation"] for line in times["slowest"]] == ["TableService.select"] * 3


async def test_throughput_of_a_share() -> None:
    """A drawn call stands for those that were not, and the answer says so."""
    here = house(metrics_sample=0.5)
    ran(here, 5, 1)
    found = await told(here, "operations_per_second", window_seconds=50)
    assert (found["sampled"], found["operations_per_second"]) == (0.5, 0.04)


async def test_trends() -> None:
    """Against the window before, and the slope within this one."""
    here = house()
    for number in range(3):
        ran(here, 130 - number, 2, error="lock_timeout" if number == 0 else None)
        ran(here, 90 - number * 30, 2 + number, error=None)
    found = await told(here, "trends", window_seconds=100)
    assert found["before_seconds"] == 100.0
    assert found["operations"] == [
        {
            "operation": "read_table",
            "mean_ms": 3.0,
            "operations_per_second": 0.03,
            "error_rate": 0.0,
            "slope_ms_per_minute": 2.0,
            "before": {"mean_ms": 2.0, "operations_per_second": 0.03, "error_rate": 0.3333},
            "change": {"mean_ms": 0.5, "operations_per_second": 0.0, "error_rate": -1.0},
        }
    ]


async def test_a_trend_without_a_past() -> None:
    """Nothing is said of a time that nothing is known of."""
    here = house()
    here.history.clear()
    here.clock.advance(30)
    ran(here, 5, 1)
    found = await told(here, "trends", window_seconds=60)
    assert (found["covered_seconds"], found["before_seconds"]) == (30.0, 0.0)
    assert "before" not in found["operations"][0]


async def test_a_window_that_was_cut() -> None:
    """Once samples had to go, figures are over the time that is whole."""
    here = house(metrics_history=5)
    for ago in range(20, 0, -1):
        ran(here, ago, 1)
    found = await told(here, "operations_per_second", window_seconds=300)
    assert (found["window_seconds"], found["covered_seconds"]) == (300.0, 6.0)
    assert found["by_operation"][0]["count"] == 5


async def test_a_part_of_which_less_is_kept() -> None:
    """What runs several times a call had to be cut sooner: its line tells over which time it counts."""
    here = house(metrics_history=8)
    for ago in range(8, 0, -1):
        ran(here, ago, 1)
        for _ in range(2):
            ran(here, ago, 1, "TableService.select", layer="service")
    found = await told(here, "execution_times", window_seconds=300)
    lines = {line["layer"]: (line["count"], line.get("covered_seconds")) for line in found["operations"]}
    assert (found["covered_seconds"], lines) == (300.0, {"tool": (8, None), "service": (8, 5.0)})


def with_gauges(here: House) -> House:
    """The same, with a process and a pool."""
    pool = StateGauge("pool", lambda: {"idle": 1, "waiting": 0})
    recorder = MetricsRecorder(here.history, here.clock)
    here.metrics = MetricsService(
        here.history, GaugedResources([ProcessGauge(), pool]), recorder, here.clock, here.settings
    )
    here.handlers["get_metrics"] = GetMetricsHandler(here.metrics)
    return here


async def test_resources() -> None:
    """The process and every part that has a gauge."""
    found = await told(with_gauges(house()), "resource_usage")
    assert found["pool"] == {"idle": 1, "waiting": 0}
    process = found["process"]
    assert process["rss_bytes"] > 1_000_000
    assert process["open_files"] > 0
    assert process["cpu_seconds"] > 0
    assert {"cpu_percent", "threads", "started_at"} <= set(process)


@pytest.mark.parametrize("what", ["execution_times", "errors", "operations_per_second", "trends"])
async def test_an_answer_is_at_most_four_kilobytes(what: str) -> None:
    """However much ran: the least important lines are left out, and counted."""
    here = house()
    for number in range(400):
        ran(here, 130, 2, f"operation_{number % 200}", error=f"error_{number}")
        ran(here, 30, 2, f"operation_{number % 200}", error=f"error_{number}", call=f"call_{number}" * 4)
    text = await here.answer("get_metrics", {"metric_type": what, "window_seconds": 100})
    assert 3000 < len(text.encode()) <= 4096
    assert json.loads(text)["left_out"] > 0


async def test_everything_that_is_used_fits_too() -> None:
    """With every part on: process, cache, leases; an operator reads it in one answer of at most four kilobytes."""
    async with pgmcp.memory(shop(), cache="memory", tools=["core", "metrics", "cache"]) as db:
        await db.call(pgmcp.ReadRequest(table="orders"))
        answer = await db.call(pgmcp.GetMetricsRequest(metric_type="resource_usage"))
    assert len(json.dumps(dict(answer.document), separators=(",", ":"))) <= 4096
    assert set(answer.document) == {"metric_type", "process", "leases", "cache"}
    assert {"hits_total", "misses_total", "entries", "bytes", "metadata_hits_total"} <= set(answer.document["cache"])


async def test_a_reset() -> None:
    """Nothing is left of what ran."""
    here = house()
    ran(here, 5, 1, error="lock_timeout")
    assert await here.answer("reset_metrics", {}) == '{"ok":true}'
    found = await told(here, "errors")
    assert (found["calls"], found["since_reset"], found["covered_seconds"]) == (0, {"calls": 0, "errors": {}}, 0.0)


async def test_who_may_reset() -> None:
    """Statistics are for everyone, forgetting them is an administrator's."""
    here = House(settings=Settings(access=Access.WRITE))
    assert "metric_type" in await here.document("get_metrics", {})
    assert (await here.refusal("reset_metrics", {}))["code"] == "admin_refused"


async def test_functions_of_no_call() -> None:
    """The service's own decorator feeds the same history, sync or async."""
    here = house()

    @here.metrics.track_execution_time("tidy")
    def tidy(count: int) -> int:
        here.clock.advance(2)
        return count

    @here.metrics.track_execution_time("fetch", layer="repository", sample=1.0)
    async def fetch() -> None:
        raise KeyError

    @here.metrics.track_execution_time("never", sample=0.0)
    def never() -> None: ...

    assert tidy(3) == 3
    never()
    with pytest.raises(KeyError):
        await fetch()
    found = await told(here, "execution_times")
    assert [(each["operation"], each["layer"], each["max_ms"], each.get("errors")) for each in found["operations"]] == [
        ("tidy", "service", 2000.0, None),
        ("fetch", "repository", 0.0, 1),
    ]


@pytest.mark.parametrize(
    "arguments, code",
    [
        pytest.param({"metric_type": "trend"}, "unknown_choice", id="no such metric"),
        pytest.param({"window_seconds": 0}, "out_of_range", id="no window"),
        pytest.param({"window_seconds": 86_401}, "out_of_range", id="more than a day"),
        pytest.param({"window": 5}, "unknown_argument", id="no such argument"),
    ],
)
async def test_mistakes(arguments: dict[str, Any], code: str) -> None:
    """Refused as everywhere."""
    assert (await house().refusal("get_metrics", arguments))["code"] == code
