"""Verdicts in this process's memory."""

from __future__ import annotations

from pgmcp.adapters.postgres.kept import Kept, Tally
from pgmcp.domain.guard.verdicts import Verdict
from pgmcp.ports.clock import Clock
from pgmcp.ports.verdicts import VerdictKey


class KeptVerdicts:
    """Implements `Verdicts`.

    Args:
        clock: Tells when one is too old.
        most: How many are kept; the least recently used goes first.
        ttl_s: Seconds that one is kept: a definition that others change is heard of that much later.
        tally: Where to count.
    """

    def __init__(self, clock: Clock, *, most: int = 2000, ttl_s: float = 10, tally: Tally | None = None) -> None:
        self._kept: Kept[VerdictKey, Verdict] = Kept(clock, most=most, ttl_s=ttl_s, tally=tally)

    def get(self, key: VerdictKey) -> Verdict | None:
        return self._kept.get(key)

    def recall(self, key: VerdictKey) -> Verdict | None:
        return self._kept.recall(key)

    @property
    def era(self) -> int:
        return self._kept.era

    def put(self, key: VerdictKey, verdict: Verdict, era: int) -> None:
        self._kept.put(key, verdict, era)

    def clear(self) -> None:
        self._kept.clear()
