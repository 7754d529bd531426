"""The metrics in Prometheus' exposition format, by its own client library (extra `prometheus`).

Names and types by https://prometheus.io/docs/practices/naming/: base units, `_total` for what only grows; every set of
labels is bounded where it is counted (`BoundedHistory`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from pgmcp.domain.samples import BUCKETS_S, Layer, Total
from pgmcp.ports.history import History
from pgmcp.ports.resources import Reading, Resources

_BOUNDS = [*map(str, BUCKETS_S), "+Inf"]
_PROCESS = {
    "cpu_seconds": ("process_cpu_seconds", "Processor time of this process, user and system."),
    "rss_bytes": ("process_resident_memory_bytes", "Memory of this process that is resident."),
    "open_files": ("process_open_fds", "Open file descriptors of this process."),
    "threads": ("process_threads", "Threads of this process."),
    "started_at": ("process_start_time_seconds", "When this process started, in seconds since 1970."),
}
"""What every exporter calls the figures of a process, by our gauge's names.

https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
"""


class MetricsExposition(Collector):
    """What a scrape gets; a collector too, for a program that has a registry of its own.

    Args:
        history: The counts.
        resources: The gauges.
        labels: What is said of this server: its version, its driver.
    """

    def __init__(self, history: History, resources: Resources, labels: Mapping[str, str]) -> None:
        self._history = history
        self._resources = resources
        self._labels = dict(labels)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The exposition, and its media type.

        Args:
            accept: The scraper's Accept header; empty for Prometheus' text format.
        """
        encoder, media_type = choose_encoder(accept)
        return encoder(self._registry), media_type

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is shows at a scrape, and registering costs none."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family of metrics, as it is now."""
        yield InfoMetricFamily("pgmcp_build", "This server.", value=self._labels)
        totals = self._history.totals()
        by_layer: dict[Layer, list[Total]] = {}
        for each in totals.operations:
            by_layer.setdefault(each.layer, []).append(each)
        calls, statements = by_layer.pop("tool", []), by_layer.pop("statement", [])
        yield _histogram("pgmcp_call_duration_seconds", "Calls of tools, from request to answer.", "tool", calls)
        yield _errors("pgmcp_call_errors", "Calls that ended with an error, by its code.", ("tool", "code"), calls)
        yield _histogram("pgmcp_statement_duration_seconds", "Statements, as the client waits.", "kind", statements)
        yield _errors(
            "pgmcp_statement_errors", "Statements that failed, by SQLSTATE.", ("kind", "sqlstate"), statements
        )
        yield _parts([each for parts in by_layer.values() for each in parts])
        relations = CounterMetricFamily(
            "pgmcp_relation_calls", "Calls by tool and relation.", labels=("tool", "relation")
        )
        for key, count in totals.relations.items():
            relations.add_metric(key, count)
        yield relations
        events = CounterMetricFamily("pgmcp_events", "Other events, by their name.", labels=("event",))
        for event, count in totals.events.items():
            events.add_metric((event,), count)
        yield events
        for part, reading in self._resources.read().items():
            yield from _process(reading) if part == "process" else _gauges(part, reading)


def _histogram(name: str, doc: str, label: str, totals: Iterable[Total]) -> Metric:
    family = HistogramMetricFamily(name, doc, labels=(label,))
    for each in totals:
        counts = accumulate(each.buckets)
        family.add_metric((each.operation,), list(zip(_BOUNDS, counts, strict=True)), sum_value=each.seconds)
    return family


def _errors(name: str, doc: str, labels: tuple[str, str], totals: Iterable[Total]) -> Metric:
    family = CounterMetricFamily(name, doc, labels=labels)
    for each in totals:
        for error, count in each.errors.items():
            family.add_metric((each.operation, error), count)
    return family


def _parts(totals: Iterable[Total]) -> Metric:
    family = SummaryMetricFamily(
        "pgmcp_part_duration_seconds",
        "Stations, services and repositories, of the calls that metrics_sample draws.",
        labels=("layer", "operation"),
    )
    for each in totals:
        family.add_metric((each.layer, each.operation), count_value=each.count, sum_value=each.seconds)
    return family


def _process(reading: Reading) -> Iterator[Metric]:
    for key, (name, doc) in _PROCESS.items():
        value = reading.get(key)
        if isinstance(value, int | float):
            yield (CounterMetricFamily if key == "cpu_seconds" else GaugeMetricFamily)(name, doc, value=value)


def _gauges(part: str, reading: Reading) -> Iterator[Metric]:
    for key, value in reading.items():
        name = f"pgmcp_{part}_{key}"
        if isinstance(value, str):
            family = GaugeMetricFamily(name, f"The state of {part}: 1 for the one that it is in.", labels=("state",))
            family.add_metric((value,), 1)
            yield family
        elif key.endswith("_total"):
            yield CounterMetricFamily(name, f"{part}: {key.replace('_', ' ')}.", value=value)
        else:
            yield GaugeMetricFamily(name, f"{part}: {key.replace('_', ' ')}.", value=value)
