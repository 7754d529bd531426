"""get_metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.measuring import GetMetrics
from pgmcp.domain.plans import Effect
from pgmcp.domain.requests import GetMetricsRequest
from pgmcp.domain.responses import DescriptionResponse
from pgmcp.domain.samples import MetricType
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.metrics import MetricsService


class GetMetricsHandler(HandlerBase[GetMetricsRequest, GetMetrics, Mapping[str, Any], DescriptionResponse]):
    """Tells what ran here, how long it took, what failed."""

    name = "get_metrics"
    group = Group.METRICS
    effect = Effect.READ
    request = GetMetricsRequest
    summary = "Tell how long calls take, what fails, how many there are, what is used, and where it is heading."
    example: ClassVar = {"metric_type": "errors", "window_seconds": 60}

    def __init__(self, metrics: MetricsService) -> None:
        """Ask `metrics`."""
        self._metrics = metrics

    async def plan(self, request: GetMetricsRequest, call: CallContext) -> GetMetrics:
        """Look at a window up to now."""
        self._metrics.check(request.operation)
        return GetMetrics(
            what=MetricType(request.metric_type), operation=request.operation, window_s=float(request.window_seconds)
        )

    async def run(self, plan: GetMetrics, request: GetMetricsRequest, call: CallContext) -> Mapping[str, Any]:
        """Read the history."""
        return self._metrics.tell(plan)

    def answer(
        self, got: Mapping[str, Any], plan: GetMetrics, request: GetMetricsRequest, call: CallContext
    ) -> DescriptionResponse:
        """The document."""
        return DescriptionResponse(document=got)
