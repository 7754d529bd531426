"""What a server says of itself, for `pgmcp check`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from pgmcp.domain.calls import CallContext
from pgmcp.domain.health import ServerFacts
from pgmcp.domain.policy.surroundings import PolicySurroundings


class Examiner(Protocol):
    """Asks a server about itself."""

    async def facts(self, call: CallContext) -> ServerFacts:
        """What it says.

        Raises:
            DatabaseError: It can't be reached, or refuses.
        """
        ...

    async def reach_writing(self, call: CallContext) -> None:
        """See that the server for writes and transactions answers, which is another one where reads have their own.

        Raises:
            DatabaseError: It can't be reached, or refuses.
        """
        ...

    async def protected(self, facts: ServerFacts, call: CallContext) -> ServerFacts:
        """The same with all that can be found out about how the connection is protected; may take seconds.

        Raises:
            DatabaseError: It can't be reached, or refuses.
        """
        ...

    async def surroundings(self, roles: Collection[str], call: CallContext) -> PolicySurroundings | None:
        """What there is of all that a policy speaks of beside relations; None where nothing of that kind can be.

        Args:
            roles: The roles to look for.
            call: Whose the question is.

        Raises:
            DatabaseError: It can't be reached, or refuses.
        """
        ...
