"""What one Prometheus scrape costs, each tool on each table with errors: `python -m benchmarks.scrape`."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.domain.calls import CallId
from pgmcp.domain.samples import Sample
from tests.unit.adapters.metrics.test_prometheus import exposition

# A hundred pairs of a tool and a table, a hundred of each, and as many as are ever told apart.
_SIZES = ((10, 10), (100, 100), (500, 100))


def main() -> None:
    """Print the best and the median of 20 scrapes of each size; the aim is under 10 ms with 100 tools x tables."""
    for tools, tables in _SIZES:
        made = exposition(_history(tools, tables))
        taken = []
        for _ in range(20):
            started = time.perf_counter()
            made.render("")
            taken.append((time.perf_counter() - started) * 1000)
        taken.sort()
        body, _ = made.render("")
        print(
            f"{tools} tools x {tables} tables, {len(body.splitlines())} lines:"
            f" {taken[0]:.1f} ms, median {taken[10]:.1f} ms"
        )


def _history(tools: int, tables: int) -> BoundedHistory:
    history = BoundedHistory(10, FixedClock(datetime(2026, 1, 1, tzinfo=UTC)))
    for tool in range(tools):
        for table in range(tables):
            for error in (None, "lock_timeout", "unknown_column"):
                history.add(Sample(1, "tool", f"tool_{tool}", 0.001, error, CallId("c"), f"table_{table}"))
    return history


if __name__ == "__main__":
    main()
