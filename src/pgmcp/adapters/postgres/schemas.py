"""The catalogue over PostgreSQL: relations, schemas and types, kept for a while."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.adapters.postgres.describing import description_from
from pgmcp.adapters.postgres.kept import Kept, Tally
from pgmcp.adapters.postgres.relations import KINDS, relation_from
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.texts import sql
from pgmcp.adapters.postgres.types import TypeCatalogue
from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import Listed, Named, Schema, TableDescription
from pgmcp.domain.errors import NotFoundError, PgmcpError, codes
from pgmcp.domain.plans import DescribeTable, ListSchemas, ListTables
from pgmcp.domain.policy.standing import Standing
from pgmcp.domain.relations import Name, Relation
from pgmcp.domain.tracking import track_execution_time
from pgmcp.domain.values.types import Type
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Need, Parameter, Row, Statement
from pgmcp.ports.transactions import Transaction

_KEPT_RELATIONS = 2000
_KEPT_ZONES = 100
# What no type's name can be: PostgreSQL says so instead of finding none.
_NO_TYPE = frozenset({"0A000", "42601", "42602", "42704", "3F000"})
_ZONE = "SELECT pg_catalog.current_setting('TimeZone')"


class PostgresSchemaRepository:
    """Implements `SchemaRepository`.

    Args:
        runner: Reads the catalogue.
        types: Knows types by oid.
        clock: Tells when a kept relation is too old.
        ttl_s: Seconds that a relation is kept; that one isn't there is never kept.
        tally: Where to count.
    """

    def __init__(
        self, *, runner: Runner, types: TypeCatalogue, clock: Clock, ttl_s: float = 30, tally: Tally | None = None
    ) -> None:
        self._runner = runner
        self._types = types
        self._relations: Kept[tuple[str, str | None, Standing], Relation] = Kept(
            clock, most=_KEPT_RELATIONS, ttl_s=ttl_s, tally=tally
        )
        self._zone: Kept[Standing, str] = Kept(clock, most=_KEPT_ZONES, ttl_s=ttl_s)

    @track_execution_time("SchemaRepository.select", layer="repository")
    async def select(
        self, plan: ListTables, call: CallContext, within: Transaction | None = None
    ) -> tuple[Sequence[Listed], bool]:
        limit = plan.limit
        after = plan.after
        rows = await self._read(
            "tables",
            call,
            plan.schema,
            plan.search,
            str(plan.include_views).lower(),
            after.schema if after else None,
            after.name if after else None,
            str(limit + 1),
            within=within,
        )
        return [_listed(row) for row in rows[:limit]], len(rows) > limit

    @track_execution_time("SchemaRepository.schemas", layer="repository")
    async def schemas(
        self, plan: ListSchemas, call: CallContext, within: Transaction | None = None
    ) -> Sequence[Schema]:
        rows = await self._read("schemas", call, str(plan.include_system).lower(), within=within)
        return [
            Schema(
                name=name or "", owner=owner or "", tables=int(tables or 0), on_path=on_path == "true", comment=comment
            )
            for name, owner, tables, on_path, comment in rows
        ]

    async def find(
        self, name: str, schema: str | None, call: CallContext, within: Transaction | None = None
    ) -> Relation | None:
        # Which one is meant and what may be done with it: the search path and the role say so.
        key = (name, schema, call.view.standing.outlook)
        kept = self._relations.get(key) if within is None else None
        if kept is not None:
            return kept
        era = self._relations.era
        rows = await self._read("relation", call, name, schema, within=within)
        if not rows and schema is None:
            rows = await self._qualified(name, call, within)
        if not rows:
            return None
        found = relation_from(rows[0][0] or "")
        return self._relations.put(key, found, era) if within is None else found

    async def _qualified(self, name: str, call: CallContext, within: Transaction | None) -> Sequence[Row]:
        """The relation that `schema.table` means: either name may have dots of its own."""
        for schema, _, table in dict.fromkeys((name.partition("."), name.rpartition("."))):
            rows = await self._read("relation", call, table, schema, within=within) if schema else ()
            if rows:
                return rows
        return ()

    def recalled(self, name: str, schema: str | None, call: CallContext) -> Relation | None:
        return self._relations.recall((name, schema, call.view.standing.outlook))

    async def renew(self, name: str, schema: str | None, call: CallContext) -> bool:
        key = (name, schema, call.view.standing.outlook)
        kept = self._relations.recall(key)
        if kept is None:
            return False
        self._relations.drop(key)
        found = await self.find(name, schema, call)
        if found is not None and found.definition == kept.definition:
            # The same object goes on, as statements are kept by it.
            self._relations.put(key, kept)
            return False
        self._types.forget()
        return True

    async def names(self, schema: str | None, call: CallContext, within: Transaction | None = None) -> Sequence[Named]:
        rows = await self._read("names", call, schema, within=within)
        return [Named(Name(within or "", name or ""), display or "") for display, within, name in rows]

    @track_execution_time("SchemaRepository.describe", layer="repository")
    async def describe(self, plan: DescribeTable, call: CallContext) -> TableDescription:
        name = plan.relation.name
        rows = await self._read("describe", call, name.schema, name.name)
        if not rows:
            raise NotFoundError(
                codes.UNKNOWN_TABLE, f"there is no table or view '{plan.relation.display}' any more", path="table"
            )
        return description_from(rows[0][0] or "", plan.relation)

    async def type_named(self, name: str, call: CallContext) -> Type | None:
        try:
            rows = await self._read("type_named", call, name)
        except PgmcpError as error:
            if error.sqlstate not in _NO_TYPE:
                raise
            return None
        if not rows:
            return None
        oid = int(rows[0][0] or 0)
        return (await self._types.by_oids([oid], call))[oid]

    async def time_zone(self, call: CallContext, within: Transaction | None = None) -> str:
        outlook = call.view.standing.outlook
        kept = self._zone.get(outlook)
        if kept is not None:
            return kept
        rows = await self._runner.run(Statement(_ZONE), call, need=Need.READ, kind="catalogue", within=within)
        return self._zone.put(outlook, rows.rows[0][0] or "UTC")

    def forget(self) -> None:
        self._relations.clear()
        self._types.forget()

    async def _read(
        self, name: str, call: CallContext, *parameters: Parameter, within: Transaction | None = None
    ) -> Sequence[Row]:
        statement = Statement(sql(name), parameters)
        return (await self._runner.run(statement, call, need=Need.READ, kind="catalogue", within=within)).rows


def _listed(row: Row) -> Listed:
    schema, name, visible, kind, rows, size, comment = row
    return Listed(
        name=Name(schema or "", name or ""),
        on_path=visible == "true",
        kind=KINDS[kind or "r"].value,
        rows=int(rows) if rows is not None else None,
        bytes=int(size) if size is not None else None,
        comment=comment,
    )
