"""SchemaService: relations as domain objects, with "did you mean"."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from attrs import evolve

from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import Listed, Named, Schema, TableDescription
from pgmcp.domain.errors import NotFoundError, QueryError, SecurityError, TransactionError, codes
from pgmcp.domain.places import shown
from pgmcp.domain.plans import DescribeTable, ListSchemas, ListTables
from pgmcp.domain.policy.describing import description_seen
from pgmcp.domain.receipts import SCHEMA
from pgmcp.domain.relations import Relation
from pgmcp.domain.sql.names import name_at
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.tracking import track_execution_time
from pgmcp.ports.repositories import SchemaRepository
from pgmcp.ports.transactions import Transaction
from pgmcp.services.leases import LeaseService
from pgmcp.services.retrying import Retrying
from pgmcp.services.views import Views

T = TypeVar("T")

NO_TABLES = "list_tables shows what there is."
_UNKNOWN_RELATION = "42P01"


class SchemaService:
    """Finds, lists and describes relations; knows nothing of tools."""

    def __init__(self, repository: SchemaRepository, retrying: Retrying, views: Views, leases: LeaseService) -> None:
        """Work on a catalogue, again where `retrying` may; show of it what a caller's view lets through."""
        self._leases = leases
        self._repository = repository
        self._retrying = retrying
        self._views = views

    async def relation(self, table: str, schema: str | None, call: CallContext) -> Relation:
        """The relation that a caller means: an exact name wins over `schema.table`.

        Raises:
            NotFoundError: `unknown_table` or `unknown_schema`, with the nearest names.
            SecurityError: `permission_denied`: it is there, and the role may do nothing with it.
        """
        known = self.recalled(table, schema, call)
        if known is not None and known.granted and known.name.schema != SCHEMA:
            # Found before, as nearly always: none of what is below would come to anything else.
            return known
        found = await self._find(table, schema, call)
        if found is None and schema is None and "." in table:
            head, _, tail = table.partition(".")
            found = await self._find(tail, head, call)
        if found is None:
            raise await self._unknown(table, schema, call)
        if not found.granted:
            raise SecurityError(
                codes.PERMISSION_DENIED,
                f"PostgreSQL's role may do nothing with '{found.display}'",
                hint="list_tables shows what it may use; GRANT SELECT on the table, USAGE on its schema, would add it.",
            )
        return found

    async def renew(self, table: str, schema: str | None, call: CallContext) -> bool:
        """Read again what is known of a name; whether that was no longer so."""
        return await self._retrying.reading(lambda: self._repository.renew(table, schema, call), call)

    def recalled(self, table: str, schema: str | None, call: CallContext) -> Relation | None:
        """The relation that `relation` would find, told at once; None where it would have to ask."""
        if call.transaction is not None and self._leases.has_redefined(call):
            return None
        found = self._repository.recalled(table, schema, call)
        return found if found is None or call.view.is_open else call.view.kept(found)

    async def point_out(self, error: QueryError, text: str, call: CallContext) -> None:
        """Give the server's error about a statement the nearest names, if it says that a relation is not there."""
        if error.sqlstate == _UNKNOWN_RELATION and error.position is not None:
            # In a transaction that has failed by it, nothing more can be read.
            with suppress(TransactionError):
                error.hint = await self._hint(name_at(text, error.position), call) or error.hint

    async def _hint(self, name: Sequence[str], call: CallContext) -> str | None:
        """The nearest names to a relation's that is not there, by its parts; None where there is nothing to say."""
        *schema, table = name or ("",)
        inside = did_you_mean(table, await self._names(schema[-1], call)) if schema else None
        return inside or did_you_mean(table, await self._names(None, call))

    async def _find(self, table: str, schema: str | None, call: CallContext) -> Relation | None:
        found = await self._ask(lambda within, call: self._repository.find(table, schema, call, within), call)
        if found is not None and found.name.schema == SCHEMA:
            return None
        if found is None or call.view.is_open:
            return found
        return await self._views.relation(found, call, lambda: self.time_zone(call))

    async def _ask(self, read: Callable[[Transaction | None, CallContext], Awaitable[T]], call: CallContext) -> T:
        """Read the catalogue: in the call's lease where that is to be, else beside it, again where that may help."""
        if self._leases.reads_within(call):
            return await self._leases.use(read, call)
        return await self._retrying.reading(lambda: read(None, call), call)

    async def _names(self, schema: str | None, call: CallContext) -> Sequence[str]:
        found = await self._ask(lambda within, call: self._repository.names(schema, call, within), call)
        return [each.display for each in found if each.name.schema != SCHEMA and _may_know(each, call)]

    async def _unknown(self, table: str, schema: str | None, call: CallContext) -> NotFoundError:
        if schema is not None:
            await self.require_schema(schema, call)
        parts = table.rpartition(".")[::2] if schema is None and "." in table else (table,)
        hint = await self._hint(parts if schema is None else (schema, table), call)
        where = f" in schema '{schema}'" if schema is not None else ""
        error = NotFoundError(
            codes.UNKNOWN_TABLE,
            f"there is no table or view '{shown(table)}'{where}",
            hint=hint or NO_TABLES,
            path="table",
        )
        if not call.view.is_open:
            hidden = await self._ask(lambda within, call: self._repository.find(table, schema, call, within), call)
            # The audit tells a name that a rule hides from one that is nobody's.
            error.rule = "" if hidden is None else call.view.relation(hidden.name.schema, hidden.name.name).rule
        return error

    async def require_schema(self, schema: str, call: CallContext) -> None:
        """See that a schema exists.

        Raises:
            NotFoundError: `unknown_schema`, with the nearest names.
        """
        known = [each.name for each in await self.schemas(_EVERY_SCHEMA, call)]
        if schema not in known:
            hint = did_you_mean(schema, known, otherwise="list_schemas shows what there is.")
            message = f"there is no schema '{shown(schema)}'"
            raise NotFoundError(codes.UNKNOWN_SCHEMA, message, hint=hint, path="schema")

    @track_execution_time("SchemaService.schemas", layer="service")
    async def schemas(self, plan: ListSchemas, call: CallContext) -> Sequence[Schema]:
        """The schemas that the caller may know, with the relations in them that are counted."""
        found = await self._ask(lambda within, call: self._repository.schemas(plan, call, within), call)
        found = tuple(each for each in found if each.name != SCHEMA)
        if call.view.is_open:
            return found
        counted = [(each, await self._count(each.name, call)) for each in found]
        return [evolve(each, tables=count) for each, count in counted if self._views.schema(each, count, call.view)]

    @track_execution_time("SchemaService.tables", layer="service")
    async def tables(self, plan: ListTables, call: CallContext) -> tuple[Sequence[Listed], bool]:
        """One page of relations that the caller may know, and whether more follow."""
        if call.view.is_open:
            return await self._page(plan, call)
        found: list[Listed] = []
        more, after = True, plan.after
        while more and len(found) <= plan.limit:
            page, more = await self._page(evolve(plan, after=after), call)
            after = page[-1].name if page else after
            found += self._views.listed(page, plan.search, call.view)
        return found[: plan.limit], len(found) > plan.limit

    async def _page(self, plan: ListTables, call: CallContext) -> tuple[Sequence[Listed], bool]:
        found, more = await self._retrying.reading(lambda: self._repository.select(plan, call), call)
        return tuple(each for each in found if each.name.schema != SCHEMA), more

    async def _count(self, schema: str, call: CallContext) -> int:
        """How many relations of a schema the caller may know."""
        if not call.view.may_know_schema(schema):
            return 0
        return len((await self.tables(ListTables(schema=schema, limit=_COUNTED), call))[0])

    @track_execution_time("SchemaService.describe", layer="service")
    async def describe(self, plan: DescribeTable, call: CallContext) -> TableDescription:
        """Everything about one relation that the caller may know."""
        found = await self._retrying.reading(lambda: self._repository.describe(plan, call), call)
        return description_seen(found, plan.relation, call.view)

    async def time_zone(self, call: CallContext) -> str:
        """The sessions' time zone."""
        return await self._ask(lambda within, call: self._repository.time_zone(call, within), call)

    def forget(self) -> None:
        """Drop kept facts: the server said that one no longer holds."""
        self._repository.forget()


def _may_know(named: Named, call: CallContext) -> bool:
    return call.view.relation(named.name.schema, named.name.name).known


_EVERY_SCHEMA = ListSchemas(include_system=True)
# A schema of more relations is said to have that many.
_COUNTED = 10_000
