"""Requests about what ran here, and how."""

from __future__ import annotations

from typing import TypeVar

from attrs import frozen

from pgmcp.domain.arguments import argument
from pgmcp.domain.requests.base import RequestBase
from pgmcp.domain.responses import AcknowledgementResponse, DescriptionResponse
from pgmcp.domain.responses.base import ResponseBase
from pgmcp.domain.samples import MetricType

R = TypeVar("R", bound=ResponseBase, covariant=True)


@frozen(kw_only=True)
class MetricsRequest(RequestBase[R]):
    """A command on the metrics."""


@frozen(kw_only=True)
class GetMetricsRequest(MetricsRequest[DescriptionResponse]):
    """Tell how long things take, what fails, what is used and where it is heading.

    Args:
        metric_type: `execution_times`, `errors`, `resource_usage`, `operations_per_second` or `trends`.
        operation: Only this tool, or part of a call; None for all.
        window_seconds: How far back to look.
    """

    metric_type: str = argument(MetricType.EXECUTION_TIMES.value, choices=[each.value for each in MetricType])
    operation: str | None = argument(None, doc="a tool, or a part of a call as execution_times names it")
    window_seconds: int = argument(300, minimum=1, maximum=86_400)


@frozen(kw_only=True)
class ResetMetricsRequest(MetricsRequest[AcknowledgementResponse]):
    """Forget the samples and begin to count anew."""
