"""Verdicts that are kept, so that a repeated statement costs a look-up."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from pgmcp.domain.guard.verdicts import Verdict


class VerdictKey(NamedTuple):
    """What a verdict depends on; everything else belongs to the database that the verdicts are kept for.

    Args:
        text: The statement.
        read_only: Whether it is to change nothing.
        view: The digest of what its caller may know and do, the role that is taken on included.
    """

    text: str
    read_only: bool
    view: str


class Verdicts(Protocol):
    """Keeps verdicts, a bounded number for a bounded time."""

    def get(self, key: VerdictKey) -> Verdict | None:
        """The verdict that is kept; None where there is none, or it is too old."""
        ...

    def recall(self, key: VerdictKey) -> Verdict | None:
        """As `get`, for whoever goes on to `get` where there is none."""
        ...

    @property
    def era(self) -> int:
        """Another number each time that all were forgotten."""
        ...

    def put(self, key: VerdictKey, verdict: Verdict, era: int) -> None:
        """Keep a verdict, unless all were forgotten while it was found.

        Args:
            key: What it depends on.
            verdict: The verdict.
            era: As it was before anybody was asked.
        """
        ...

    def clear(self) -> None:
        """Forget all."""
        ...
