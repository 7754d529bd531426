"""What is kept of what ran: samples for a while, counts since the start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from attrs import field, frozen

from pgmcp.domain.calls import CallId

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the classes that durations are counted in, in seconds; above the last is one more class."""

OTHER = "other"
"""Stands for every name past the most that are told apart."""


Layer = Literal["tool", "station", "service", "repository", "statement"]
"""Where something ran: a call of a tool as a whole, a station or service of it, a repository, a statement.

Plain texts: an enum's member takes longer to be found in a dictionary than all else that is done with a sample.
"""

LAYERS: tuple[Layer, ...] = ("tool", "station", "service", "repository", "statement")


class MetricType(StrEnum):
    """What `get_metrics` can tell."""

    EXECUTION_TIMES = "execution_times"
    ERRORS = "errors"
    RESOURCE_USAGE = "resource_usage"
    OPERATIONS_PER_SECOND = "operations_per_second"
    TRENDS = "trends"


class Sample(NamedTuple):
    """One thing that ran; a tuple, as one is made for each of them.

    Args:
        at: When it ended, on the clock port's monotonic scale, in seconds.
        layer: Where it ran.
        operation: What ran: a tool's name, a station's, a method's, a statement's kind.
        seconds: How long it took.
        error: The code or SQLSTATE that it ended with; None when it went well.
        call: The call that it belongs to.
        detail: Of a call the relation that it worked on; of a statement its fingerprint.
    """

    at: float
    layer: Layer
    operation: str
    seconds: float
    error: str | None
    call: CallId
    detail: str | None = None


@frozen(eq=False)
class Place:
    """What a part of a call is counted as; the same object for whatever goes well there, so that it is found at once.

    Args:
        layer: Where it ran.
        operation: What ran.
        error: The code, or a defect's class, that it ended with.
    """

    layer: Layer
    operation: str
    error: str | None = None


Noted = tuple[Place, float, float]
"""A part of a call that was timed, a station, a service, a repository: its place, and when it began and ended.

On the clock port's monotonic scale, in seconds.
"""

Parts = Sequence[Any]
"""Parts of a call as they ended, the three fields of each behind those of the one before.

Nothing is in it that has to be made for it and kept: a tuple for each would be walked through by the garbage collector
for as long as its call waits to be counted.
"""

Stations = Sequence[Any]
"""Stations that a call came to: each, and behind it when; it stayed until it came to the next. None is no station."""


def parted(parts: Parts) -> Iterator[Noted]:
    """Each of them by itself."""
    fields = iter(parts)
    return zip(fields, fields, fields, strict=True)


def stayed(stations: Stations) -> Iterator[Noted]:
    """Each station as a part of the call."""
    places, times = stations[0::2], stations[1::2]
    for place, began, ended in zip(places, times, times[1:], strict=False):
        if place is not None:
            yield place, began, ended


@frozen(kw_only=True)
class Total:
    """Everything of one operation that was ever counted, sampled or not.

    Args:
        layer, operation: Which.
        count: How many ran.
        seconds: How long all of them took together.
        errors: How many ended with which code or SQLSTATE.
        buckets: How many fell into each class of `BUCKETS_S`, and above the last; not summed up.
    """

    layer: Layer
    operation: str
    count: int
    seconds: float
    errors: Mapping[str, int] = field(factory=dict, hash=False)
    buckets: tuple[int, ...] = ()


@frozen(kw_only=True)
class Totals:
    """Counts since the start.

    Args:
        operations: Of every operation.
        relations: Calls by tool and relation; past the most pairs that are told apart both are `other`.
        events: How often each other kind of event was heard.
    """

    operations: tuple[Total, ...] = ()
    relations: Mapping[tuple[str, str], int] = field(factory=dict, hash=False)
    events: Mapping[str, int] = field(factory=dict, hash=False)
