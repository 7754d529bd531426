"""What happens, as frozen events: metrics, traces and logs are made from this one stream. No event holds a value.

What every call tells of is a tuple, made in a fifth of the time that a frozen object takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import NamedTuple

from attrs import frozen

from pgmcp.domain.caching.events import CacheEvent
from pgmcp.domain.calls import CallId
from pgmcp.domain.samples import Layer, Noted, Parts, Stations, parted, stayed


class CallStarted(NamedTuple):
    """A tool was called.

    Args:
        trace: The caller's W3C `traceparent`, as it was sent; None without one.
    """

    call: CallId
    tool: str
    principal: str
    trace: str | None = None


class CallEnded(NamedTuple):
    """A call has its answer.

    Args:
        seconds: From the request's arrival to its answer.
        rows: Rows given or changed.
        error: The code of the error that it ended with; None when it went well.
        relation: The relation that it worked on; None where there is none, or it was not found.
        stations: The stations that it came to; None where `metrics_sample` did not draw the call.
        noted: What else was timed inside of it, as it ended; None as for `stations`.
        at: When it ended, on the clock port's monotonic scale, in seconds.
    """

    call: CallId
    tool: str
    principal: str
    seconds: float
    rows: int = 0
    error: str | None = None
    relation: str | None = None
    stations: Stations | None = None
    noted: Parts | None = None
    at: float = 0.0

    @property
    def parts(self) -> Iterator[Noted]:
        """What was timed inside of it: its stations, one after another, then what ran in them."""
        return chain(stayed(self.stations or ()), parted(self.noted or ()))


class StatementRan(NamedTuple):
    """One statement went to the database and came back.

    Args:
        kind: The plan's kind, such as `select` or `insert`.
        seconds: On the wire and in the server together.
        sqlstate: PostgreSQL's answer where it was an error.
        fingerprint: The same for statements that differ in values only; None where there is no text.
        relation: The one relation that it was about; None where it was not one alone, or nobody knows.
        at: When it came back, as for `CallEnded`.
        timed: Whether `metrics_sample` drew the call that it ran for; one that ran for no caller's is not.
    """

    call: CallId
    kind: str
    seconds: float
    rows: int = 0
    sqlstate: str | None = None
    fingerprint: str | None = None
    relation: str | None = None
    at: float = 0.0
    timed: bool = True


# How the pipeline makes them, from their fields in order: what NamedTuple has for it is Python and takes four times as
# long, three times a call.
call_started: Callable[[tuple[CallId, str, str, str | None]], CallStarted] = partial(tuple.__new__, CallStarted)
call_ended: Callable[
    [tuple[CallId, str, str, float, int, str | None, str | None, Stations | None, Parts | None, float]], CallEnded
] = partial(tuple.__new__, CallEnded)
statement_ran: Callable[
    [tuple[CallId, str, float, int, str | None, str | None, str | None, float, bool]], StatementRan
] = partial(tuple.__new__, StatementRan)


@frozen(kw_only=True)
class DefectFound:
    """A call met a defect of pgmcp.

    Args:
        defect: The exception's class; its text may hold values, so it is not told.
        frames: Where it was raised: file, line and function, the innermost last.
    """

    call: CallId
    defect: str
    frames: tuple[str, ...] = ()


@frozen(kw_only=True)
class FunctionRan:
    """A function that belongs to no call was timed.

    Args:
        layer: Where it ran.
        operation: What it is called.
        error: The code, or a defect's class, that it ended with.
    """

    layer: Layer
    operation: str
    seconds: float
    error: str | None = None


@frozen(kw_only=True)
class CatalogueForgotten:
    """Kept facts of the catalogue turned out to be old and are read anew."""

    call: CallId
    sqlstate: str


@frozen(kw_only=True)
class Retried:
    """Something failed for a reason that passes, and is done again after a wait.

    Args:
        attempt: The attempt that failed, from 1.
        error: The code of its error.
        wait_s: The wait before the next one.
    """

    call: CallId
    attempt: int
    error: str
    sqlstate: str | None
    wait_s: float


@frozen(kw_only=True)
class BreakerMoved:
    """The breaker of a database opened, is being tried, or closed.

    Args:
        state: `open`, `half_open` or `closed`.
        failures: Failures to reach the server, one after another, that it has counted.
    """

    state: str
    failures: int


@frozen(kw_only=True)
class AuditLost:
    """Records of the audit could not be kept.

    Args:
        records: How many.
        reason: What the system said, without a path.
    """

    records: int
    reason: str


@frozen(kw_only=True)
class LeaseBegan:
    """A caller holds a transaction from now on."""

    call: CallId
    principal: str
    isolation: str


@frozen(kw_only=True)
class LeaseEnded:
    """A transaction that a caller held has ended.

    Args:
        outcome: `committed`, `rolled_back` or `unknown`.
        reason: Why: `committed`, `rolled_back`, `expired`, `connection_lost` or `shutdown`.
        seconds: How long it was open.
        statements: Calls that ran in it.
    """

    principal: str
    outcome: str
    reason: str
    seconds: float
    statements: int


Event = (
    CacheEvent
    | CallStarted
    | CallEnded
    | StatementRan
    | FunctionRan
    | DefectFound
    | CatalogueForgotten
    | Retried
    | BreakerMoved
    | AuditLost
    | LeaseBegan
    | LeaseEnded
)
