"""The metrics for Prometheus: what a scrape gets, and a collector for its client library (extra `prometheus`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pgmcp.adapters.metrics.families import Family, families
from pgmcp.adapters.metrics.text import open_metrics, plain
from pgmcp.ports.history import History
from pgmcp.ports.resources import Resources

_OPEN = "application/openmetrics-text"


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

    def render(self, accept: str) -> tuple[bytes, str]:
        """The exposition, and its media type.

        Args:
            accept: The scraper's Accept header; empty for Prometheus' text format.
        """
        _, media_type = choose_encoder(accept)
        write = open_metrics if media_type.startswith(_OPEN) else plain
        return write(self._families()), media_type

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is shows at a scrape, and registering costs none."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family of metrics, as it is now."""
        for family in self._families():
            made = Metric(family.name, family.says, family.kind)
            for suffix, labels, value in family.figures:
                made.add_sample(family.name + suffix, dict(labels), value)
            yield made

    def _families(self) -> Iterator[Family]:
        return families(self._labels, self._history.totals(), self._resources.read())
