"""What a pool can tell of each session that it opens and lends."""

from __future__ import annotations

from typing import Protocol


class PoolTimes(Protocol):
    """Hears how long sessions took to come about, were waited for and were used; must be quick, must not raise."""

    def created(self, seconds: float) -> None:
        """A session was opened, in that time."""
        ...

    def waited(self, seconds: float) -> None:
        """A caller has a session, after that time: next to none where one was idle."""
        ...

    def used(self, seconds: float) -> None:
        """A caller gave its session back, which it had for that time."""
        ...
