"""What happens around the cache, as frozen events. None holds a value or a key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from attrs import frozen

from pgmcp.domain.calls import CallId


class CacheHit(NamedTuple):
    """A read was answered from the cache, or by another call's read of the same.

    Args:
        kind: `read` for a structured read, `query` for a raw one.
        tables: The tables behind it.
        age_s: How old the result is at the most.
    """

    call: CallId
    kind: str
    tables: tuple[str, ...]
    age_s: float


# As the events of calls are made: a hit is to cost as little as can be.
cache_hit: Callable[[tuple[CallId, str, tuple[str, ...], float]], CacheHit] = partial(tuple.__new__, CacheHit)


@frozen(kw_only=True)
class CacheMissed:
    """A read that may be kept went to the database.

    Args:
        kind: `read` or `query`.
        tables: The tables behind it.
        stored: Whether its result is kept now: not when a write came between.
    """

    call: CallId
    kind: str
    tables: tuple[str, ...]
    stored: bool


@frozen(kw_only=True)
class CachePassed:
    """A read went past the cache.

    Args:
        kind: `read` or `query`.
        reason: Why, such as `unwatched` for a table whose writers nobody hears of.
    """

    call: CallId
    kind: str
    reason: str


@frozen(kw_only=True)
class CacheInvalidated:
    """What is kept of some tables no longer counts.

    Args:
        reason: `write`, `trigger`, `statement`, `unknown_outcome`, `outside`, `definition`, `listening` or `cleared`.
        tables: Which; empty for all, or those of a schema.
    """

    reason: str
    tables: tuple[str, ...] = ()


@frozen(kw_only=True)
class CacheFailed:
    """The cache can't be used: reads go to the database.

    Args:
        reason: The kind of error; `garbage` for an entry that is none.
    """

    reason: str


@frozen(kw_only=True)
class CacheRecovered:
    """The cache can be used again, emptied."""


@frozen(kw_only=True)
class ListeningBegan:
    """The database's announcements are heard."""


@frozen(kw_only=True)
class ListeningFailed:
    """The database's announcements are not heard; what hangs on them is not served from the cache.

    Args:
        reason: The kind of error.
    """

    reason: str


CacheEvent = (
    CacheHit
    | CacheMissed
    | CachePassed
    | CacheInvalidated
    | CacheFailed
    | CacheRecovered
    | ListeningBegan
    | ListeningFailed
)
