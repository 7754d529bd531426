"""What is kept of the database's definitions: relations, types, functions, verdicts and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pgmcp.domain.caching.operating import KeptCounts


class Metadata(Protocol):
    """Knows what is kept of definitions, whichever part keeps it."""

    def counts(self) -> Mapping[str, KeptCounts]:
        """What each kind of facts has come to since the start."""
        ...

    def forget(self) -> None:
        """Drop all of it: definitions have changed."""
        ...
