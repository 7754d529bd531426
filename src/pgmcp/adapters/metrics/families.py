"""What a scrape is told, before it is written in any format: families of figures, each with what it says.

Names and types by https://prometheus.io/docs/practices/naming/: base units, `_total` for what only grows; every set of
labels is bounded where it is counted (`BoundedHistory`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

from attrs import frozen

from pgmcp.domain.samples import BUCKETS_S, Layer, Total, Totals
from pgmcp.ports.resources import Reading

_BOUNDS = tuple(("le", bound) for bound in (*map(str, BUCKETS_S), "+Inf"))
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

Kind = Literal["counter", "gauge", "histogram", "summary", "info"]
Labels = tuple[tuple[str, str], ...]


class Figure(NamedTuple):
    """One figure of a family; a tuple, as a scrape has thousands.

    Args:
        suffix: What its name has more than its family's.
        labels: By name.
    """

    suffix: str
    labels: Labels
    value: float


@frozen
class Family:
    """Figures of one name.

    Args:
        name: Without the suffix that its kind gives to its figures.
        kind: Prometheus' type.
        says: What it is, in a sentence.
    """

    name: str
    kind: Kind
    says: str
    figures: Sequence[Figure]


def families(build: Mapping[str, str], totals: Totals, resources: Mapping[str, Reading]) -> Iterator[Family]:
    """Everything that a scrape is told.

    Args:
        build: What is said of this server.
        totals: The counts.
        resources: What each part uses.
    """
    yield Family("pgmcp_build", "info", "This server.", [Figure("_info", tuple(build.items()), 1)])
    by_layer: dict[Layer, list[Total]] = {}
    for each in totals.operations:
        by_layer.setdefault(each.layer, []).append(each)
    calls, statements = by_layer.pop("tool", []), by_layer.pop("statement", [])
    yield _histogram("pgmcp_call_duration_seconds", "Calls of tools, from request to answer.", "tool", calls)
    yield _errors("pgmcp_call_errors", "Calls that ended with an error, by its code.", ("tool", "code"), calls)
    yield _histogram("pgmcp_statement_duration_seconds", "Statements, as the client waits.", "kind", statements)
    yield _errors("pgmcp_statement_errors", "Statements that failed, by SQLSTATE.", ("kind", "sqlstate"), statements)
    yield _parts([each for parts in by_layer.values() for each in parts])
    yield Family(
        "pgmcp_relation_calls",
        "counter",
        "Calls by tool and relation.",
        [
            Figure("_total", (("tool", tool), ("relation", relation)), count)
            for (tool, relation), count in totals.relations.items()
        ],
    )
    yield Family(
        "pgmcp_events",
        "counter",
        "Other events, by their name.",
        [Figure("_total", (("event", event),), count) for event, count in totals.events.items()],
    )
    for part, reading in resources.items():
        yield from _process(reading) if part == "process" else _gauges(part, reading)


def _histogram(name: str, says: str, label: str, totals: Iterable[Total]) -> Family:
    figures: list[Figure] = []
    for each in totals:
        labels = (label, each.operation)
        count = 0
        for bound, count in zip(_BOUNDS, accumulate(each.buckets), strict=True):
            figures.append(Figure("_bucket", (labels, bound), count))
        figures += (Figure("_count", (labels,), count), Figure("_sum", (labels,), each.seconds))
    return Family(name, "histogram", says, figures)


def _errors(name: str, says: str, labels: tuple[str, str], totals: Iterable[Total]) -> Family:
    of, by = labels
    figures = [
        Figure("_total", ((of, each.operation), (by, error)), count)
        for each in totals
        for error, count in each.errors.items()
    ]
    return Family(name, "counter", says, figures)


def _parts(totals: Iterable[Total]) -> Family:
    figures: list[Figure] = []
    for each in totals:
        labels = (("layer", each.layer), ("operation", each.operation))
        figures += (Figure("_count", labels, each.count), Figure("_sum", labels, each.seconds))
    says = "Stations, services and repositories, of the calls that metrics_sample draws."
    return Family("pgmcp_part_duration_seconds", "summary", says, figures)


def _process(reading: Reading) -> Iterator[Family]:
    for key, (name, says) in _PROCESS.items():
        value = reading.get(key)
        if value is not None and not isinstance(value, str):
            grows = key == "cpu_seconds"
            yield Family(name, "counter" if grows else "gauge", says, [Figure("_total" if grows else "", (), value)])


def _gauges(part: str, reading: Reading) -> Iterator[Family]:
    for key, value in reading.items():
        name = f"pgmcp_{part}_{key}"
        says = f"{part}: {key.replace('_', ' ')}."
        if isinstance(value, str):
            says = f"The state of {part}: 1 for the one that it is in."
            yield Family(name, "gauge", says, [Figure("", (("state", value),), 1)])
        elif key.endswith("_total"):
            yield Family(name.removesuffix("_total"), "counter", says, [Figure("_total", (), value)])
        else:
            yield Family(name, "gauge", says, [Figure("", (), value)])
