"""SchemaService: relations as domain objects, with "did you mean"."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import Listed, Schema, TableDescription
from pgmcp.domain.errors import NotFoundError, codes
from pgmcp.domain.plans import DescribeTable, ListSchemas, ListTables
from pgmcp.domain.relations import Relation
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.tracking import track_execution_time
from pgmcp.ports.repositories import SchemaRepository
from pgmcp.services.retrying import Retrying

NO_TABLES = "list_tables shows what there is."


class SchemaService:
    """Finds, lists and describes relations; knows nothing of tools."""

    def __init__(self, repository: SchemaRepository, retrying: Retrying) -> None:
        """Work on a catalogue; again where `retrying` may."""
        self._repository = repository
        self._retrying = retrying

    async def relation(self, table: str, schema: str | None, call: CallContext) -> Relation:
        """The relation that a caller means: an exact name wins over `schema.table`.

        Raises:
            NotFoundError: `unknown_table` or `unknown_schema`, with the nearest names.
        """
        found = await self._find(table, schema, call)
        if found is None and schema is None and "." in table:
            head, _, tail = table.partition(".")
            found = await self._find(tail, head, call)
        if found is None:
            raise await self._unknown(table, schema, call)
        return found

    async def hint(self, name: Sequence[str], call: CallContext) -> str | None:
        """The nearest names to one that a statement has, by its parts; None where there is nothing to say."""
        *schema, table = name or ("",)
        known = await self._names(schema[-1] if schema else None, call)
        return did_you_mean(table, known)

    async def _find(self, table: str, schema: str | None, call: CallContext) -> Relation | None:
        return await self._retrying.reading(lambda: self._repository.find(table, schema, call), call)

    async def _names(self, schema: str | None, call: CallContext) -> Sequence[str]:
        return await self._retrying.reading(lambda: self._repository.names(schema, call), call)

    async def _unknown(self, table: str, schema: str | None, call: CallContext) -> NotFoundError:
        if schema is not None:
            await self.require_schema(schema, call)
        names = await self._names(schema, call)
        where = f" in schema '{schema}'" if schema is not None else ""
        return NotFoundError(
            codes.UNKNOWN_TABLE,
            f"there is no table or view '{table}'{where}",
            hint=did_you_mean(table, names, otherwise=NO_TABLES),
            path="table",
        )

    async def require_schema(self, schema: str, call: CallContext) -> None:
        """See that a schema exists.

        Raises:
            NotFoundError: `unknown_schema`, with the nearest names.
        """
        known = [each.name for each in await self.schemas(_EVERY_SCHEMA, call)]
        if schema not in known:
            hint = did_you_mean(schema, known, otherwise="list_schemas shows what there is.")
            raise NotFoundError(codes.UNKNOWN_SCHEMA, f"there is no schema '{schema}'", hint=hint, path="schema")

    @track_execution_time("SchemaService.schemas", layer="service")
    async def schemas(self, plan: ListSchemas, call: CallContext) -> Sequence[Schema]:
        """The schemas that the role can see."""
        return await self._retrying.reading(lambda: self._repository.schemas(plan, call), call)

    @track_execution_time("SchemaService.tables", layer="service")
    async def tables(self, plan: ListTables, call: CallContext) -> tuple[Sequence[Listed], bool]:
        """One page of relations, and whether more follow."""
        return await self._retrying.reading(lambda: self._repository.select(plan, call), call)

    @track_execution_time("SchemaService.describe", layer="service")
    async def describe(self, plan: DescribeTable, call: CallContext) -> TableDescription:
        """Everything about one relation."""
        return await self._retrying.reading(lambda: self._repository.describe(plan, call), call)

    async def time_zone(self, call: CallContext) -> str:
        """The sessions' time zone."""
        return await self._retrying.reading(lambda: self._repository.time_zone(call), call)

    def forget(self) -> None:
        """Drop kept facts: the server said that one no longer holds."""
        self._repository.forget()


_EVERY_SCHEMA = ListSchemas(include_system=True)
