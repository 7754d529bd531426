"""What callers have used of their shares."""

from __future__ import annotations

from typing import Protocol

from pgmcp.domain.fair_use import Limits


class Shares(Protocol):
    """Keeps what each principal has used; of no more principals than a bound allows."""

    def wait_s(self, principal: str, tool: str, limits: Limits, now: float) -> tuple[str, float] | None:
        """What a call would have to wait for, if for anything.

        Returns:
            The limit that is reached (`calls`, `tool`, `running`, `rows` or `bytes`), and for how many seconds it is.
        """
        ...

    def enter(self, principal: str, tool: str, limits: Limits, now: float) -> None:
        """A call of a principal begins."""
        ...

    def leave(self, principal: str, limits: Limits, now: float, *, rows: int, size: int) -> None:
        """It has ended, with so many rows and bytes."""
        ...
