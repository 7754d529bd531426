"""The exposition: what a scrape gets, read by the client library's own parser."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import inf
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.metrics.gauges import GaugedResources, ProcessGauge, StateGauge
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.adapters.metrics.prometheus import MetricsExposition
from pgmcp.domain.calls import CallId
from pgmcp.domain.samples import Layer, Sample
from pgmcp.ports.resources import Gauge
from tests.unit.house import NOON

Sampled = tuple[str, dict[str, str], float]
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def exposition(history: BoundedHistory) -> MetricsExposition:
    """Over a process, a pool and a breaker."""
    gauges: list[Gauge] = [
        ProcessGauge(),
        StateGauge("pool", lambda: {"idle": 1, "waits_total": 3}),
        StateGauge("breaker", lambda: {"state": "closed"}),
    ]
    return MetricsExposition(history, GaugedResources(gauges), {"version": "1", "driver": "asyncpg"})


def some() -> BoundedHistory:
    """What a few calls leave."""
    history = BoundedHistory(10, FixedClock(NOON))

    def ran(layer: Layer, operation: str, seconds: float, error: str | None = None, detail: str | None = None) -> None:
        history.add(Sample(1, layer, operation, seconds, error, CallId("c"), detail))

    ran("tool", "read_table", 0.001, None, "orders")
    ran("tool", "read_table", 40, "statement_timeout", 'odd"name\\\n')
    ran("statement", "select", 0.002, "57014")
    ran("station", "plan", 0.25)
    history.heard("CatalogueForgotten")
    return history


def samples(families: Iterable[Metric]) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by its name and its labels' values."""
    return {(each.name, tuple(each.labels.values())): each.value for family in families for each in family.samples}


def test_what_a_scrape_gets() -> None:
    """Histograms sum up, errors stand by code, names are as Prometheus wants them."""
    body, media_type = exposition(some()).render("")
    found = samples(plain_text(body.decode()))
    assert media_type.startswith("text/plain")
    expected = {
        ("pgmcp_build_info", ("asyncpg", "1")): 1,
        ("pgmcp_call_duration_seconds_bucket", ("0.0005", "read_table")): 0,
        ("pgmcp_call_duration_seconds_bucket", ("0.001", "read_table")): 1,
        ("pgmcp_call_duration_seconds_bucket", ("30.0", "read_table")): 1,
        ("pgmcp_call_duration_seconds_bucket", ("+Inf", "read_table")): 2,
        ("pgmcp_call_duration_seconds_count", ("read_table",)): 2,
        ("pgmcp_call_duration_seconds_sum", ("read_table",)): 40.001,
        ("pgmcp_call_errors_total", ("read_table", "statement_timeout")): 1,
        ("pgmcp_statement_errors_total", ("select", "57014")): 1,
        ("pgmcp_part_duration_seconds_sum", ("station", "plan")): 0.25,
        ("pgmcp_relation_calls_total", ("read_table", "orders")): 1,
        ("pgmcp_relation_calls_total", ("read_table", 'odd"name\\\n')): 1,
        ("pgmcp_events_total", ("CatalogueForgotten",)): 1,
        ("pgmcp_pool_idle", ()): 1,
        ("pgmcp_pool_waits_total", ()): 3,
        ("pgmcp_breaker_state", ("closed",)): 1,
    }
    ordered = {(name, tuple(sorted(labels))): value for (name, labels), value in found.items()}
    wanted = {(name, tuple(sorted(labels))): value for (name, labels), value in expected.items()}
    assert {key: ordered.get(key) for key in wanted} == wanted
    assert {name for name, _ in found if name.startswith("process_")} == {
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_threads",
        "process_start_time_seconds",
    }


def test_the_stricter_format() -> None:
    """OpenMetrics' parser refuses what breaks its rules; ours takes it where a scraper asks for it."""
    body, media_type = exposition(some()).render(OPEN_METRICS)
    assert media_type.startswith("application/openmetrics-text")
    families = open_metrics(body.decode())  # type: ignore[no-untyped-call] # the library's parser has no types
    assert samples(families)[("pgmcp_call_duration_seconds_count", ("read_table",))] == 2


def test_every_metric_says_what_it_is() -> None:
    """HELP and TYPE stand before its samples, once, and it has a type."""
    lines = exposition(some()).render("")[0].decode().splitlines()
    told: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("#"):
            _, word, name, _ = line.split(" ", 3)
            told.setdefault(name, []).append(word)
        else:
            bare = re.split(r"[{ ]", line)[0]
            assert any(bare in {name, f"{name}_bucket", f"{name}_count", f"{name}_sum"} for name in told), line
    assert set(map(tuple, told.values())) == {("HELP", "TYPE")}
    assert not [line for line in lines if line.startswith("# TYPE") and line.endswith("untyped")]


def test_names_keep_to_the_conventions() -> None:
    """Counters end in their suffix, all of ours begin alike, and each says what it is."""
    for family in plain_text(exposition(some()).render("")[0].decode()):
        assert family.name.startswith(("pgmcp_", "process_")), family.name
        assert family.documentation.endswith(".")
        if family.type == "counter":
            assert all(each.name.endswith("_total") for each in family.samples)


@pytest.mark.parametrize("accept", [pytest.param("", id="text"), pytest.param(OPEN_METRICS, id="open metrics")])
def test_it_is_what_the_library_would_write(accept: str) -> None:
    """Figure by figure, name by name: only faster."""
    history = some()
    history.add(Sample(1, "tool", "read_table", inf, None, CallId("c"), "infinite"))
    made = exposition(history)
    registry = CollectorRegistry()
    registry.register(made)
    encoder, media_type = choose_encoder(accept)
    ours, said = made.render(accept)
    assert said == media_type
    assert comparable(accept, ours) == comparable(accept, encoder(registry))


def comparable(accept: str, body: bytes) -> dict[str, tuple[str, str, list[Sampled]]]:
    """What a parser reads of an exposition, but for the process, which moves."""
    parse: Any = open_metrics if accept else plain_text
    return {
        family.name: (
            family.type,
            family.documentation,
            [(each.name, dict(each.labels), each.value) for each in family.samples],
        )
        for family in parse(body.decode())
        if not family.name.startswith("process_")
    }


def test_a_registry_of_one_s_own() -> None:
    """A program that has one takes it as a collector."""
    registry = CollectorRegistry()
    registry.register(exposition(some()))
    assert b"pgmcp_call_duration_seconds_count" in generate_latest(registry)


def test_counts_go_on_over_a_reset() -> None:
    """What Prometheus reads never goes back."""
    history = some()
    history.clear()
    found = samples(plain_text(exposition(history).render("")[0].decode()))
    assert found[("pgmcp_call_duration_seconds_count", ("read_table",))] == 2
