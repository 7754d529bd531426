"""Gauges as OpenTelemetry's observable instruments: the pool by the conventions for databases, the rest by our names.

Names: https://opentelemetry.io/docs/specs/semconv/database/database-metrics/
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from pgmcp.ports.resources import Reading, Resources

_POOL = "db.client.connection.pool.name"
_STATE = "db.client.connection.state"

Figures = Callable[[Mapping[str, Reading]], Iterable[Observation]]


class GaugeExport:
    """Tells whoever collects metrics what every part uses at that moment, until it is closed.

    The figures of the process are left to OpenTelemetry's own instrumentation of it.

    Args:
        resources: The gauges.
        pool: The pool's name.
    """

    def __init__(self, resources: Resources, pool: str) -> None:
        self._resources: Resources | None = resources
        self._named = {_POOL: pool}
        # A scope of its own: in one that is there already a second database would not be heard.
        meter = metrics.get_meter("pgmcp", attributes={"pgmcp.instance": secrets.token_hex(4)})
        meter.create_observable_up_down_counter(
            "db.client.connection.count",
            [self._of(self._connections)],
            unit="{connection}",
            description="Connections that are there, by what they do.",
        )
        for name, unit, key, description in (
            ("db.client.connection.max", "{connection}", "max", "Connections at the most."),
            (
                "db.client.connection.idle.max",
                "{connection}",
                "max",
                "Connections that may idle: any may, for a while.",
            ),
            ("db.client.connection.idle.min", "{connection}", "min", "Connections that stay, however long they idle."),
            ("db.client.connection.pending_requests", "{request}", "waiting", "Calls that wait for a connection."),
        ):
            meter.create_observable_up_down_counter(
                name, [self._of(self._pool(key))], unit=unit, description=description
            )
        meter.create_observable_counter(
            "db.client.connection.timeouts",
            [self._of(self._pool("timeouts_total"))],
            unit="{timeout}",
            description="Calls that ran out of time while they waited for a connection.",
        )
        meter.create_observable_counter(
            "pgmcp.pool.waits", [self._of(self._pool("waits_total"))], description="Calls that had to wait for one."
        )
        meter.create_observable_counter(
            "pgmcp.pool.waited",
            [self._of(self._pool("waited_seconds_total"))],
            unit="s",
            description="How long all of them waited together.",
        )
        meter.create_observable_gauge(
            "pgmcp.resource", [self._of(_rest)], description="What a part uses, by its own name for it."
        )
        meter.create_observable_counter(
            "pgmcp.count", [self._of(_counts)], description="What a part has counted since the start."
        )

    def close(self) -> None:
        """Tell nothing more: OpenTelemetry takes no instrument back."""
        self._resources = None

    def _of(self, figures: Figures) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def collect(_: CallbackOptions) -> Iterable[Observation]:
            return [] if self._resources is None else list(figures(self._resources.read()))

        return collect

    def _connections(self, read: Mapping[str, Reading]) -> Iterator[Observation]:
        pool = read.get("pool", {})
        for key, state in (("idle", "idle"), ("leased", "used")):
            count = pool.get(key)
            if count is not None and not isinstance(count, str):
                yield Observation(count, self._named | {_STATE: state})

    def _pool(self, key: str) -> Figures:
        def figures(read: Mapping[str, Reading]) -> Iterator[Observation]:
            value = read.get("pool", {}).get(key)
            if value is not None and not isinstance(value, str):
                yield Observation(value, self._named)

        return figures


def _rest(read: Mapping[str, Reading]) -> Iterator[Observation]:
    for part, key, value in _figures(read):
        if isinstance(value, str):
            yield Observation(1, {"pgmcp.part": part, "pgmcp.figure": key, "pgmcp.state": value})
        elif not key.endswith("_total"):
            yield Observation(value, {"pgmcp.part": part, "pgmcp.figure": key})


def _counts(read: Mapping[str, Reading]) -> Iterator[Observation]:
    for part, key, value in _figures(read):
        if not isinstance(value, str) and key.endswith("_total"):
            yield Observation(value, {"pgmcp.part": part, "pgmcp.figure": key.removesuffix("_total")})


def _figures(read: Mapping[str, Reading]) -> Iterator[tuple[str, str, float | str]]:
    """What no convention has a name for."""
    for part, reading in read.items():
        if part not in {"process", "pool"}:
            for key, value in reading.items():
                yield part, key, value
