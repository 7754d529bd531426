"""What other services ask of the cache, and the cache that is off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import RawQuery, Select
from pgmcp.domain.results import Result

Load = Callable[[CallContext], Awaitable[Result]]
"""Reads from the database for a call, in the form that the call wants."""


class Caching(Protocol):
    """Keeps what reads give."""

    def read(self, plan: Select, call: CallContext, load: Load) -> Awaitable[Result]:
        """A read's result, kept or fresh.

        Raises:
            PgmcpError: What `load` raises.
        """
        ...

    def query(self, plan: RawQuery, call: CallContext, load: Load) -> Awaitable[Result]:
        """A raw statement's result, kept or fresh.

        Raises:
            PgmcpError: What `load` raises.
        """
        ...


class NoCaching:
    """Caching that is off."""

    def read(self, plan: Select, call: CallContext, load: Load) -> Awaitable[Result]:
        """Fresh."""
        return load(call)

    def query(self, plan: RawQuery, call: CallContext, load: Load) -> Awaitable[Result]:
        """Fresh."""
        return load(call)
