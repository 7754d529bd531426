"""What a raw statement really uses."""

from __future__ import annotations

from typing import Protocol

from pgmcp.domain.calls import CallContext
from pgmcp.domain.guard.resolution import Resolution
from pgmcp.ports.transactions import Transaction


class Resolver(Protocol):
    """Resolves statements by the words of the database itself, without running them."""

    async def resolve(self, text: str, call: CallContext, within: Transaction | None = None) -> Resolution:
        """What a statement uses.

        Args:
            text: One statement that can be planned (SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES), with `$1`… in it.
            call: Whose it is.
            within: The transaction that it will run in; None for none.

        Raises:
            QueryError: The database says that it can't be carried out as it stands: syntax, an unknown name.
            SecurityError: `statement_unresolved`: nobody can tell what it uses.
        """
        ...

    def forget(self) -> None:
        """Drop every kept fact: definitions have changed."""
        ...
