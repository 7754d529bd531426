"""The catalogue in memory: one schema, `public`, of the tables that were declared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgmcp.adapters.memory.building import SCHEMA
from pgmcp.adapters.memory.definitions import Reference, Table
from pgmcp.adapters.memory.engine import Engine
from pgmcp.adapters.memory.filters.casing import lower
from pgmcp.adapters.memory.typenames import read_type
from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import ForeignKey, Listed, Named, Schema, TableDescription
from pgmcp.domain.errors import NotFoundError, PgmcpError, codes
from pgmcp.domain.plans import DescribeTable, ListSchemas, ListTables
from pgmcp.domain.relations import Name, Relation, RelationKind
from pgmcp.domain.tracking import track_execution_time
from pgmcp.domain.values.types import Type
from pgmcp.ports.transactions import Transaction

_OWNER = "pg_database_owner"
_VIEWS = frozenset({RelationKind.VIEW, RelationKind.MATERIALIZED})
_NAMES_AT_MOST = 2000


class MemorySchemaRepository:
    """Implements `SchemaRepository`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @track_execution_time("SchemaRepository.select", layer="repository")
    async def select(
        self, plan: ListTables, call: CallContext, within: Transaction | None = None
    ) -> tuple[Sequence[Listed], bool]:
        self._engine.in_time(call)
        after = (plan.after.schema, plan.after.name) if plan.after is not None else None
        found = [
            self._listed(table)
            for name, table in sorted(self._engine.tables.items())
            if plan.schema in {None, SCHEMA}
            and (plan.include_views or table.relation.kind not in _VIEWS)
            and (plan.search is None or _mentions(table.relation, plan.search))
            and (after is None or (SCHEMA, name) > after)
        ]
        return found[: plan.limit], len(found) > plan.limit

    @track_execution_time("SchemaRepository.schemas", layer="repository")
    async def schemas(
        self, plan: ListSchemas, call: CallContext, within: Transaction | None = None
    ) -> Sequence[Schema]:
        self._engine.in_time(call)
        tables = len(self._engine.tables)
        return [Schema(name=SCHEMA, owner=_OWNER, tables=tables, on_path=True, comment="standard public schema")]

    async def find(
        self, name: str, schema: str | None, call: CallContext, within: Transaction | None = None
    ) -> Relation | None:
        return self.recalled(name, schema, call)

    def recalled(self, name: str, schema: str | None, call: CallContext) -> Relation | None:
        table = self._engine.tables.get(name) if schema in {None, SCHEMA} else None
        return None if table is None else table.relation

    async def renew(self, name: str, schema: str | None, call: CallContext) -> bool:
        return False  # nothing is kept here

    async def names(self, schema: str | None, call: CallContext, within: Transaction | None = None) -> Sequence[Named]:
        known = sorted(self._engine.tables)[:_NAMES_AT_MOST] if schema in {None, SCHEMA} else []
        return [Named(Name(SCHEMA, name), name) for name in known]

    @track_execution_time("SchemaRepository.describe", layer="repository")
    async def describe(self, plan: DescribeTable, call: CallContext) -> TableDescription:
        self._engine.in_time(call)
        table = self._engine.tables.get(plan.relation.name.name)
        if table is None:
            raise NotFoundError(
                codes.UNKNOWN_TABLE, f"there is no table or view '{plan.relation.display}' any more", path="table"
            )
        primary = bool(table.relation.primary_key)
        materialized = table.relation.kind is RelationKind.MATERIALIZED
        unique = sorted(table.keys[primary:], key=lambda key: key.name)
        return TableDescription(
            relation=table.relation,
            foreign_keys=tuple(_outward(each) for each in _by_name(table.references)),
            referenced_by=tuple(_inward(each) for each in _by_name(self._engine.referrers.to(table.name))),
            unique=tuple(key.columns for key in unique),
            checks=tuple(check.expression for check in table.checks),
            # A view has no constraints, only indexes.
            indexes=tuple(
                f"{key.name} UNIQUE USING btree ({', '.join(key.columns)})" for key in (unique if materialized else ())
            ),
            rows=self._rows(table),
        )

    async def type_named(self, name: str, call: CallContext) -> Type | None:
        try:
            return read_type(name, self._engine.types).type
        except PgmcpError:
            return None

    async def time_zone(self, call: CallContext, within: Transaction | None = None) -> str:
        return "UTC"

    def forget(self) -> None:
        """Nothing is kept that could be out of date."""

    def _listed(self, table: Table) -> Listed:
        relation = table.relation
        return Listed(
            name=relation.name,
            on_path=True,
            kind=relation.kind.value,
            rows=self._rows(table),
            bytes=None,
            comment=relation.comment,
        )

    def _rows(self, table: Table) -> int | None:
        state = self._engine.committed.get(table.name)
        return None if state is None else len(state.rows)


def _by_name(references: Iterable[Reference]) -> Sequence[Reference]:
    """Foreign keys as they are listed."""
    return sorted(references, key=lambda each: each.name)


def _mentions(relation: Relation, search: str) -> bool:
    wanted = lower(search)
    return wanted in lower(relation.name.name) or wanted in lower(relation.comment or "")


def _outward(reference: Reference) -> ForeignKey:
    return ForeignKey(
        columns=reference.columns,
        table=reference.target,
        to=reference.to,
        on_delete=_action(reference),
        other=Name(SCHEMA, reference.target),
    )


def _inward(reference: Reference) -> ForeignKey:
    return ForeignKey(
        columns=reference.to,
        table=reference.table,
        to=reference.columns,
        on_delete=_action(reference),
        other=Name(SCHEMA, reference.table),
    )


def _action(reference: Reference) -> str | None:
    return None if reference.on_delete == "no action" else reference.on_delete
