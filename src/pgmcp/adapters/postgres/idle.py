"""Sessions that nobody uses at the moment."""

from __future__ import annotations

from collections.abc import Iterator

from pgmcp.ports.driver import Connection, Need


class IdleSessions:
    """Idle sessions by need; the last one back is the first one out, so that few stay warm."""

    def __init__(self) -> None:
        self._by_need: dict[Need, list[Connection]] = {need: [] for need in Need}
        # The fewest that have been idle at once since the last count: that many were not needed.
        self._unused: dict[Need, int] = dict.fromkeys(Need, 0)

    def __len__(self) -> int:
        return sum(map(len, self._by_need.values()))

    def put(self, need: Need, connection: Connection) -> None:
        """Keep a session until it is wanted again."""
        self._by_need[need].append(connection)

    def take(self, need: Need) -> Connection | None:
        """The session of that need that came back last."""
        idle = self._by_need[need]
        if not idle:
            return None
        connection = idle.pop()
        self._unused[need] = min(self._unused[need], len(idle))
        return connection

    def take_other(self, need: Need) -> Connection | None:
        """The session of another need that has been idle for longest."""
        for other, idle in self._by_need.items():
            if other is not need and idle:
                self._unused[other] = max(0, self._unused[other] - 1)
                return idle.pop(0)
        return None

    def take_unused(self, at_most: int) -> Iterator[Connection]:
        """Sessions that were idle ever since this was asked last, the longest idle first; starts a new count."""
        for need, idle in self._by_need.items():
            taken = min(self._unused[need], max(0, at_most))
            at_most -= taken
            for _ in range(taken):
                yield idle.pop(0)
            self._unused[need] = len(idle)

    def take_all(self) -> Iterator[Connection]:
        """Every session."""
        for idle in self._by_need.values():
            while idle:
                yield idle.pop()
