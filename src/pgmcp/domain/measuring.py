"""Plans about the metrics."""

from __future__ import annotations

from attrs import frozen

from pgmcp.domain.samples import MetricType


@frozen(kw_only=True)
class GetMetrics:
    """Tell what the samples of the last `window_s` seconds come to.

    Args:
        what: The kind of metric.
        operation: Only this one's; None for all.
    """

    what: MetricType
    operation: str | None = None
    window_s: float


@frozen(kw_only=True)
class ResetMetrics:
    """Forget the samples and begin to count anew."""


Measuring = GetMetrics | ResetMetrics
