"""reset_metrics."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.measuring import ResetMetrics
from pgmcp.domain.plans import Effect
from pgmcp.domain.requests import ResetMetricsRequest
from pgmcp.domain.responses import AcknowledgementResponse
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.metrics import MetricsService


class ResetMetricsHandler(HandlerBase[ResetMetricsRequest, ResetMetrics, None, AcknowledgementResponse]):
    """Begins the metrics anew."""

    name = "reset_metrics"
    group = Group.METRICS
    effect = Effect.OPERATE
    destructive = True
    idempotent = True
    request = ResetMetricsRequest
    summary = "Forget the recorded metrics and count from nothing."
    example: ClassVar = {}

    def __init__(self, metrics: MetricsService) -> None:
        """Reset `metrics`."""
        self._metrics = metrics

    async def plan(self, request: ResetMetricsRequest, call: CallContext) -> ResetMetrics:
        """There is nothing to decide."""
        return ResetMetrics()

    async def run(self, plan: ResetMetrics, request: ResetMetricsRequest, call: CallContext) -> None:
        """Forget."""
        self._metrics.reset()

    def answer(
        self, got: None, plan: ResetMetrics, request: ResetMetricsRequest, call: CallContext
    ) -> AcknowledgementResponse:
        """It was done."""
        return AcknowledgementResponse()
