"""What the stores of definitions have come to, together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pgmcp.adapters.postgres.kept import Tally
from pgmcp.domain.caching.operating import KeptCounts


class KeptMetadata:
    """Implements `Metadata`: gives every store the tally of its kind.

    Stores are made before what forgets them: `forgetting` tells later.
    """

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}
        self._forget: list[Callable[[], None]] = []

    def tally(self, kind: str) -> Tally:
        """Where the stores of a kind count."""
        return self._tallies.setdefault(kind, Tally())

    def forgetting(self, *forget: Callable[[], None]) -> None:
        """Have something else forgotten besides."""
        self._forget += forget

    def counts(self) -> Mapping[str, KeptCounts]:
        return {
            kind: KeptCounts(
                hits=each.hits, misses=each.misses, stores=each.stores, entries=sum(len(kept) for kept in each.kept)
            )
            for kind, each in self._tallies.items()
        }

    def forget(self) -> None:
        for forget in self._forget:
            forget()
