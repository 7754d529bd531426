"""Repositories: where plans are carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import Listed, Named, Schema, TableDescription
from pgmcp.domain.plans import (
    Batch,
    Delete,
    DescribeTable,
    Explain,
    Insert,
    ListSchemas,
    ListTables,
    RawQuery,
    Select,
    Update,
)
from pgmcp.domain.relations import Relation
from pgmcp.domain.results import Result
from pgmcp.domain.values.types import Type
from pgmcp.ports.transactions import Transaction

ReadPlan = TypeVar("ReadPlan", contravariant=True)
Answer = TypeVar("Answer", covariant=True)


class RepositoryBase(Protocol[ReadPlan, Answer]):
    """What every repository does: carry out a plan of reading. Those that can write add how."""

    async def select(self, plan: ReadPlan, call: CallContext, within: Transaction | None = None) -> Answer:
        """Read what the plan asks for.

        Args:
            plan: What to read, with its bounds.
            call: The call's deadline and the form that rows are wanted in.
            within: The transaction to read in; None for one of its own, read-only.

        Raises:
            QueryError: PostgreSQL can't carry out the statement as it stands.
            DatabaseError: A resource, a limit or the connection failed; `call_timeout` past the deadline.
        """
        ...


class TableRepository(RepositoryBase[Select, Result], Protocol):
    """Rows of relations. Each method is atomic by itself, or a part of `within`."""

    async def insert(self, plan: Insert, batch: Batch, call: CallContext, within: Transaction | None = None) -> Result:
        """Add one batch of rows, all or none; `returning` rows come in the batch's order.

        Raises:
            DatabaseError: A constraint, a resource or the connection; `outcome` in the details.
            QueryError: A value that only the server could judge.
        """
        ...

    async def update(self, plan: Update, call: CallContext, within: Transaction | None = None) -> Result:
        """Change the rows that match, all or none; more than `max_rows` raises `too_many_rows` and changes none."""
        ...

    async def delete(self, plan: Delete, call: CallContext, within: Transaction | None = None) -> Result:
        """Remove the rows that match, all or none; more than `max_rows` raises `too_many_rows` and removes none."""
        ...


class QueryRepository(RepositoryBase[RawQuery, Result], Protocol):
    """Statements of the caller's own."""

    async def explain(self, plan: Explain, call: CallContext, within: Transaction | None = None) -> Sequence[object]:
        """PostgreSQL's plan as `EXPLAIN (FORMAT JSON)` gives it, parsed; with `analyze` nothing that it did stays."""
        ...

    def forget(self) -> None:
        """Drop what is kept of statements: definitions have changed."""
        ...


class SchemaRepository(RepositoryBase[ListTables, tuple[Sequence[Listed], bool]], Protocol):
    """Relations, schemas and types. `select` lists relations: those of a page, and whether more follow."""

    async def schemas(
        self, plan: ListSchemas, call: CallContext, within: Transaction | None = None
    ) -> Sequence[Schema]:
        """The schemas that the role can see, those on the search path first."""
        ...

    async def find(
        self, name: str, schema: str | None, call: CallContext, within: Transaction | None = None
    ) -> Relation | None:
        """The relation of that name, in that schema or the first along the search path; None where there is none.

        As a transaction sees it, where one is given: nothing of that is kept, as it may be undone.
        """
        ...

    def recalled(self, name: str, schema: str | None, call: CallContext) -> Relation | None:
        """What `find` would give, told at once; None where it would have to ask the database."""
        ...

    async def renew(self, name: str, schema: str | None, call: CallContext) -> bool:
        """Read again what `find` keeps of a name; whether it kept something that is no longer so."""
        ...

    async def names(self, schema: str | None, call: CallContext, within: Transaction | None = None) -> Sequence[Named]:
        """Names of relations, displayed with the schema where off the search path, for hints; at most 2,000."""
        ...

    async def describe(self, plan: DescribeTable, call: CallContext) -> TableDescription:
        """Everything about one relation."""
        ...

    async def type_named(self, name: str, call: CallContext) -> Type | None:
        """The type that PostgreSQL calls `name` (`regtype` spelling); None where there is none."""
        ...

    async def time_zone(self, call: CallContext, within: Transaction | None = None) -> str:
        """The session's time zone, such as `Europe/Lisbon`."""
        ...

    def forget(self) -> None:
        """Drop every kept fact of the catalogue: the server said that one no longer holds."""
        ...
