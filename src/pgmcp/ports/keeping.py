"""What pgmcp keeps in a database of somebody's where its features need it: the schema `pgmcp`, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from pgmcp.domain.calls import CallContext


@frozen(kw_only=True)
class Part:
    """One of the things that are kept, with the statements that make it and take it out."""

    name: str
    make: str
    remove: str


class Keeping(Protocol):
    """Makes what is kept, and takes it out."""

    def parts(self, watched: Sequence[str] = ()) -> Sequence[Part]:
        """What is to be made, in its order.

        Args:
            watched: Tables that shall tell caches of every write to them, by whomever; none leaves that part out.
        """
        ...

    def removable(self) -> Sequence[Part]:
        """Every part that may be there, in the order in which they are taken out."""
        ...

    async def make(self, part: Part, call: CallContext) -> None:
        """Make a part, all of it or none; nothing happens where it is there.

        Raises:
            PgmcpError: The role may not, or the database can't be reached.
        """
        ...

    async def remove(self, part: Part, call: CallContext) -> None:
        """Take a part out, and the schema once it is empty.

        Raises:
            PgmcpError: As `make`.
        """
        ...
