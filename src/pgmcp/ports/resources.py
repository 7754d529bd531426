"""What is used at this moment, by whoever uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

Reading = Mapping[str, float | str]
"""Figures and states by name; a name carries its unit where it has one: `rss_bytes`, `waited_s`."""


class Gauge(Protocol):
    """Reads what one part uses: the process, the pool, the cache, leases, the breaker."""

    @property
    def name(self) -> str:
        """The part, in a word."""
        ...

    def read(self) -> Reading:
        """What it uses now; quick, without I/O on the network."""
        ...


class Resources(Protocol):
    """All parts at once."""

    def read(self) -> Mapping[str, Reading]:
        """What each part uses now, by the part's name."""
        ...
