"""OtelPoolTimes: what becomes of a pool's sessions, as histograms by OpenTelemetry's conventions.

Names: https://opentelemetry.io/docs/specs/semconv/database/database-metrics/#connection-pools
"""

from __future__ import annotations

from opentelemetry import metrics

# The conventions name none for these; these are the ones that they recommend for what is done with a session.
_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]


class OtelPoolTimes:
    """Hears of the sessions of one pool; implements `PoolTimes`.

    Args:
        pool: The pool's name.
    """

    def __init__(self, pool: str) -> None:
        self._named = {"db.client.connection.pool.name": pool}
        meter = metrics.get_meter("pgmcp")
        self._create, self._wait, self._use = (
            meter.create_histogram(
                f"db.client.connection.{what}_time",
                unit="s",
                description=description,
                explicit_bucket_boundaries_advisory=_SECONDS,
            )
            for what, description in (
                ("create", "How long it takes to open a connection."),
                ("wait", "How long callers wait for a connection, those that find one idle among them."),
                ("use", "How long callers keep a connection."),
            )
        )

    def created(self, seconds: float) -> None:
        """A session was opened, in that time."""
        self._create.record(seconds, self._named)

    def waited(self, seconds: float) -> None:
        """A caller has a session, after that time."""
        self._wait.record(seconds, self._named)

    def used(self, seconds: float) -> None:
        """A caller gave its session back, which it had for that time."""
        self._use.record(seconds, self._named)
