"""One database with everything that belongs to it: what bootstrap makes and every way in works with."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from attrs import field, frozen

from pgmcp.domain.settings import Settings
from pgmcp.handlers.dispatch import AnyHandler, Dispatcher
from pgmcp.ports.examining import Examiner
from pgmcp.services.security import SecurityService


@frozen(kw_only=True)
class Database:
    """A database that can be called.

    Args:
        settings: What it was made from.
        handlers: The tools that are served, by name, in the order of their listing.
        dispatcher: The pipeline.
        security: The ceiling.
        examiner: Asks the server about itself.
        address: Where it is, as it may be shown.
        embedded: Whether it is the embedded PostgreSQL.
        resources: What is closed at the end.
    """

    settings: Settings
    handlers: Mapping[str, AnyHandler] = field(hash=False)
    dispatcher: Dispatcher
    security: SecurityService
    examiner: Examiner
    address: str
    embedded: bool = False
    resources: AsyncExitStack = field(factory=AsyncExitStack, repr=False)

    async def aclose(self) -> None:
        """Close connections and, where it is ours, the server; calling again does nothing."""
        await self.resources.aclose()
