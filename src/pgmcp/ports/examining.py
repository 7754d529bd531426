"""What a server says of itself, for `pgmcp check`."""

from __future__ import annotations

from typing import Protocol

from pgmcp.domain.calls import CallContext
from pgmcp.domain.health import ServerFacts


class Examiner(Protocol):
    """Asks a server about itself."""

    async def facts(self, call: CallContext) -> ServerFacts:
        """What it says.

        Raises:
            DatabaseError: It can't be reached, or refuses.
        """
        ...
