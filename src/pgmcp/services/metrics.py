"""MetricsService: statistics over what was recorded; and the decorator that records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from attrs import frozen

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.events import FunctionRan
from pgmcp.domain.measuring import GetMetrics
from pgmcp.domain.places import shown
from pgmcp.domain.reports import (
    Document,
    Span,
    counted,
    errors,
    execution_times,
    fitted,
    slowest,
    throughput,
    trends,
)
from pgmcp.domain.samples import LAYERS, Layer, MetricType, Noted, Sample, Total
from pgmcp.domain.settings import Settings
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.tracking import sampled, timed
from pgmcp.ports.clock import Clock
from pgmcp.ports.history import History
from pgmcp.ports.observing import Observer
from pgmcp.ports.resources import Resources

P = ParamSpec("P")
T = TypeVar("T")


class MetricsService:
    """Tells what calls, statements and resources come to; keeps nothing itself, and does not know who asks."""

    def __init__(
        self, history: History, resources: Resources, observer: Observer, clock: Clock, settings: Settings
    ) -> None:
        """Read a history and resources; `settings.metrics_sample` is the share of calls whose times are kept."""
        self._history = history
        self._resources = resources
        self._clock = clock
        self._share = settings.metrics_sample
        self._told = _Told(observer, clock)

    def track_execution_time(
        self, operation: str, *, layer: Layer = "service", sample: float | None = None
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Time a function, sync or async, that belongs to no call of a tool; what does uses `domain.tracking`'s.

        Args:
            operation: What it is called in the metrics.
            layer: Where it runs.
            sample: The share of its calls that is timed, from 0 to 1; None for `metrics_sample`.
        """

        def decorated(function: Callable[P, T]) -> Callable[P, T]:
            share = self._share if sample is None else sample
            return timed(function, operation, layer, sampled(self._told, share))

        return decorated

    def check(self, operation: str | None) -> None:
        """Refuse the name of an operation that nothing of ever ran.

        Raises:
            ValidationError: `unknown_choice`, with the nearest names.
        """
        if operation is None:
            return
        known = {each.operation for each in self._history.totals().operations}
        if operation not in known:
            raise ValidationError(
                codes.UNKNOWN_CHOICE,
                f"nothing called '{shown(operation)}' has run yet",
                hint=did_you_mean(operation, sorted(known), otherwise="Leave operation out to see what has run."),
                path="operation",
            )

    def tell(self, plan: GetMetrics) -> Document:
        """The metrics that a plan asks for, in at most 4 KB of JSON."""
        end = self._clock.monotonic()
        head: Document = {"metric_type": plan.what.value}
        if plan.what is MetricType.RESOURCE_USAGE:
            return head | {name: dict(reading) for name, reading in self._resources.read().items()}
        layer = self._layer(plan.operation)
        span = self._span(layer, end - plan.window_s, end)
        head |= {"window_seconds": round(plan.window_s, 3), "covered_seconds": round(span.seconds, 3)}
        if self._share < 1:
            head["sampled"] = self._share
        calls = self._samples(layer, span, plan.operation)
        match plan.what:
            case MetricType.EXECUTION_TIMES:
                return self._execution_times(head, calls, span, plan.operation)
            case MetricType.ERRORS:
                body = errors(calls, span) | {"since_reset": counted(self._totals(layer, plan.operation))}
                return fitted(head | body, ["by_code"])
            case MetricType.OPERATIONS_PER_SECOND:
                body = throughput(calls, span) | {"since_reset": counted(self._totals(layer, plan.operation))}
                return fitted(head | body, ["by_operation"])
            case MetricType.TRENDS:
                earlier = self._span(layer, span.start - plan.window_s, span.start)
                before = self._samples(layer, earlier, plan.operation)
                head["before_seconds"] = round(earlier.seconds, 3)
                return fitted(head | {"operations": trends(calls, before, span, earlier)}, ["operations"])

    def reset(self) -> None:
        """Forget the samples and count from nothing; what is exported to other systems only grows."""
        self._history.clear()

    def _execution_times(self, head: Document, calls: Sequence[Sample], span: Span, operation: str | None) -> Document:
        statements = self._samples("statement", span, None)
        shown = [each for layer in LAYERS for each in self._samples(layer, span, operation)]
        lines = execution_times(shown)
        for line in lines:
            # Of what runs several times a call less is kept.
            covered = self._span(line["layer"], span.start, span.end).seconds
            if covered < span.seconds:
                line["covered_seconds"] = round(covered, 3)
        body = {"operations": lines, "slowest": slowest(calls, statements, span.end)}
        return fitted(head | body, ["operations", "slowest"])

    def _layer(self, operation: str | None) -> Layer:
        """Where an operation runs, of several places the outermost; tools where none is meant."""
        found = {each.layer for each in self._history.totals().operations if each.operation == operation}
        return next((layer for layer in LAYERS if layer in found), "tool")

    def _samples(self, layer: Layer, span: Span, operation: str | None) -> Sequence[Sample]:
        found = self._history.samples(layer, span.start, span.end)
        return found if operation is None else [each for each in found if each.operation == operation]

    def _span(self, layer: Layer, start: float, end: float) -> Span:
        """A stretch of time, cut to where nothing is missing."""
        return Span(start=min(max(start, self._history.whole_since(layer)), end), end=end, share=self._share)

    def _totals(self, layer: Layer, operation: str | None) -> list[Total]:
        return [
            each
            for each in self._history.since_reset().operations
            if each.layer == layer and operation in (None, each.operation)
        ]


@frozen
class _Told:
    """Tells an observer of functions that ran; implements `Tracker`."""

    observer: Observer
    clock: Clock

    @property
    def now(self) -> Callable[[], float]:
        return self.clock.monotonic

    def note(self, noted: Noted) -> None:
        place, started, ended = noted
        seconds = ended - started
        self.observer.observe(
            FunctionRan(layer=place.layer, operation=place.operation, seconds=seconds, error=place.error)
        )
