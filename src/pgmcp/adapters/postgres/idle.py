"""Sessions of the pool, and those of them that nobody uses at the moment."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define

from pgmcp.ports.driver import Connection, Need


@define(eq=False)
class Session:
    """A connection, and what the pool knows of it. Moments are on the clock's monotonic scale.

    Args:
        connection: It.
        need: What it was opened for.
        ends_at: From when on it is replaced instead of given out.
        idle_since: When it came back last.
        dirtied: Whether something may have been left on it that the next caller must not find.
    """

    connection: Connection
    need: Need
    ends_at: float
    idle_since: float = 0.0
    dirtied: bool = False


class IdleSessions:
    """Idle sessions by need; the last one back is the first one out, so that few stay warm."""

    def __init__(self) -> None:
        self._by_need: dict[Need, list[Session]] = {need: [] for need in Need}
        # The fewest that have been idle at once since the last count: that many were not needed.
        self._unused: dict[Need, int] = dict.fromkeys(Need, 0)

    def __len__(self) -> int:
        return sum(map(len, self._by_need.values()))

    def put(self, session: Session) -> None:
        """Keep a session until it is wanted again."""
        self._by_need[session.need].append(session)

    def take(self, need: Need) -> Session | None:
        """The session of that need that came back last."""
        idle = self._by_need[need]
        if not idle:
            return None
        session = idle.pop()
        self._unused[need] = min(self._unused[need], len(idle))
        return session

    def take_other(self, need: Need) -> Session | None:
        """The session of another need that has been idle for longest."""
        for other, idle in self._by_need.items():
            if other is not need and idle:
                self._unused[other] = max(0, self._unused[other] - 1)
                return idle.pop(0)
        return None

    def take_unused(self, at_most: int) -> Iterator[Session]:
        """Sessions that were idle ever since this was asked last, the longest idle first; starts a new count."""
        for need, idle in self._by_need.items():
            taken = min(self._unused[need], max(0, at_most))
            at_most -= taken
            for _ in range(taken):
                yield idle.pop(0)
            self._unused[need] = len(idle)

    def take_all(self) -> Iterator[Session]:
        """Every session."""
        for idle in self._by_need.values():
            while idle:
                yield idle.pop()
