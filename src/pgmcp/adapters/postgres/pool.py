"""What bounds the pool, and what it says of itself."""

from __future__ import annotations

from typing import Protocol, Self

from attrs import field, fields, frozen

from pgmcp.domain.settings import Settings
from pgmcp.ports.driver import Need


@frozen(kw_only=True)
class PoolLimits:
    """The pool's bounds; the settings of the same names.

    Args:
        pool_min: Sessions that stay open, however long nobody calls.
        pool_max: Sessions over both needs, those being opened or closed included.
        pool_wait_s: How long a caller waits for a session at most.
        pool_queue: How many callers may wait.
        pool_idle_s: How often the sessions beyond `pool_min` that nobody needed in between are closed.
        pool_max_age_s: How old a session may become.
        pool_check_s: A session that was idle for so long is asked whether it still works before it is given out.
    """

    pool_min: int = 1
    pool_max: int = 10
    pool_wait_s: float = 10.0
    pool_queue: int = 200
    pool_idle_s: float = 300.0
    pool_max_age_s: float = 3600.0
    pool_check_s: float = 30.0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the settings say."""
        return cls(**{each.name: getattr(settings, each.name) for each in fields(cls)})


@frozen(kw_only=True)
class PoolState:
    """How many sessions there are, and how many callers wait for one.

    Args:
        waits_total: Callers that ever had to wait.
        waited_seconds_total: How long all of them waited together.
        timeouts_total: Those of them whose time ran out before their turn came.
    """

    idle: int
    leased: int
    opening: int
    waiting: int
    waits_total: int = field(default=0, eq=False)
    waited_seconds_total: float = field(default=0.0, eq=False)
    timeouts_total: int = field(default=0, eq=False)


class Gate(Protocol):
    """Keeps account of whether the server can be reached."""

    def check(self, need: Need) -> None:
        """Refuse at once whoever would only wait for a session that can't be opened.

        Raises:
            DatabaseError: `breaker_open`, with when to come back.
        """
        ...

    def fell_silent(self, need: Need) -> None:
        """Count a session that was there and on which the server said nothing any more."""
        ...
