"""What a raw statement really uses."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from pgmcp.domain.calls import CallContext
from pgmcp.domain.guard.resolution import Resolution
from pgmcp.domain.relations import Name
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

    async def brought(
        self, names: Collection[tuple[str, ...]], call: CallContext, within: Transaction | None = None
    ) -> Resolution:
        """What values of the types that have these names would run: a domain's checks, be it deep inside a row.

        To be asked before `resolve`: a literal of such a type can run it while the statement is parsed.

        Args:
            names: Names, each with its parts; those that are no type's, or PostgreSQL's own, count for nothing.
            call: Whose they are.
            within: The transaction that they would be used in; None for none.
        """
        ...

    async def named(
        self, names: Collection[tuple[str, ...]], call: CallContext, within: Transaction | None = None
    ) -> Collection[Name]:
        """The relations of any kind, sequences and indexes too, that have some of these names.

        Args:
            names: Names, each with its parts, of which the last two count.
            call: Whose they are.
            within: The transaction that they would be used in; None for none.
        """
        ...

    def forget(self) -> None:
        """Drop every kept fact: definitions have changed."""
        ...
