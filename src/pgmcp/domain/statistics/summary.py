"""What a set of measurements comes to: its ends, its middle and its tail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, fsum

from attrs import frozen


@frozen(kw_only=True)
class Summary:
    """Measurements in figures, in the unit of the measurements.

    Args:
        count: How many there are.
        minimum, maximum: The ends.
        mean: The sum, rounded once, over the count.
        median: The 50th percentile.
        p90, p95, p99: Percentiles, interpolated as PostgreSQL's `percentile_cont` does.
    """

    count: int
    minimum: float
    maximum: float
    mean: float
    median: float
    p90: float
    p95: float
    p99: float


def summarise(values: Iterable[float]) -> Summary | None:
    """The figures of some measurements; None of none.

    >>> summarise([4.0, 1.0, 3.0, 2.0]).median
    2.5
    """
    ordered = sorted(values)
    if not ordered:
        return None
    return Summary(
        count=len(ordered),
        minimum=ordered[0],
        maximum=ordered[-1],
        # Rounding may carry a mean past its ends by one place: a mean outside of them would look like a defect.
        mean=min(max(fsum(ordered) / len(ordered), ordered[0]), ordered[-1]),
        median=quantile(ordered, 0.5),
        p90=quantile(ordered, 0.9),
        p95=quantile(ordered, 0.95),
        p99=quantile(ordered, 0.99),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that a share of the measurements lies at or below, interpolated between its two neighbours.

    The definition of PostgreSQL's `percentile_cont`, numpy's default and R's type 7: the share of the way from the
    first to the last place. https://www.postgresql.org/docs/18/functions-aggregate.html#FUNCTIONS-ORDEREDSET-TABLE

    Args:
        ordered: At least one measurement, in ascending order.
        share: From 0 to 1.
    """
    place = share * (len(ordered) - 1)
    below = floor(place)
    if below + 1 >= len(ordered):
        return ordered[-1]
    low, high = ordered[below], ordered[below + 1]
    return min(max(low + (high - low) * (place - below), low), high)
