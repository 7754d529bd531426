"""A relation's description as a document: small, with nothing in it that says nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pgmcp.domain.catalogue import ForeignKey, TableDescription
from pgmcp.domain.plans import DescribeTable
from pgmcp.domain.policy.rules import EVERY_ACTION, Action
from pgmcp.domain.relations import Column, Relation
from pgmcp.domain.values.types import Kind

COLUMNS_AT_ONCE = 50
PARTITIONS_AT_ONCE = 20


def describe(description: TableDescription, plan: DescribeTable) -> tuple[dict[str, Any], int | None]:
    """The document that `describe_table` answers, and the first column of the next page, if there is one.

    Args:
        description: What the catalogue says.
        plan: Which columns are wanted, and from which on. Partitions go by the same pages, which may have no columns.
    """
    relation = description.relation
    wanted = [column for column in relation.columns if not plan.columns or column.name in plan.columns]
    behind = plan.start + COLUMNS_AT_ONCE
    shown = wanted[plan.start : behind]
    partitions = description.partitions[plan.start // COLUMNS_AT_ONCE * PARTITIONS_AT_ONCE :]
    more = {"columns": len(wanted) - behind, "partitions": len(partitions) - PARTITIONS_AT_ONCE}
    document: dict[str, Any] = {
        "schema": relation.name.schema,
        "table": relation.name.name,
        "kind": str(relation.kind),
        "comment": relation.comment,
        "columns": [column_document(column) | _rights(column, relation) for column in shown],
    }
    if plan.start == 0:
        document |= _whole(description)
    document["partitions"] = list(partitions[:PARTITIONS_AT_ONCE])
    document |= {f"more_{what}": number for what, number in more.items() if number > 0}
    following = behind if max(more.values()) > 0 else None
    return {key: value for key, value in document.items() if _says_something(value)}, following


def _rights(column: Column, relation: Relation) -> dict[str, Any]:
    """What may be done with a column, where that is less than with the others of its rows."""
    usual = relation.granted - {Action.DELETE}
    return {} if usual <= column.granted else {"privileges": _listed(usual & column.granted)}


def _listed(actions: Collection[Action]) -> list[str]:
    return [action.value for action in Action if action in actions]


def _says_something(value: Any) -> bool:
    # 0 rows and 0 bytes do say something, although 0 == False.
    return value is not None and value is not False and value not in ([], "")


def _whole(description: TableDescription) -> dict[str, Any]:
    relation = description.relation
    return {
        "privileges": None if relation.granted == EVERY_ACTION else _listed(relation.granted),
        "primary_key": list(relation.primary_key),
        "foreign_keys": [_foreign_key(each) for each in description.foreign_keys],
        "referenced_by": [_foreign_key(each) for each in description.referenced_by],
        "unique": [list(each) for each in description.unique],
        "checks": list(description.checks),
        "indexes": list(description.indexes),
        "triggers": list(description.triggers),
        "partition_of": description.partition_of,
        "partitions": [],  # of the page; this is their place
        "row_security": description.row_security,
        "rows": description.rows,
        "bytes": description.bytes,
    }


def column_document(column: Column) -> dict[str, Any]:
    """A column; what says nothing is left out. `nullable` stands only where it is false."""
    root = column.type.root
    labels = root.element.labels if root.kind is Kind.ARRAY and root.element is not None else root.labels
    pairs: Mapping[str, Any] = {
        "name": column.name,
        "type": column.type_name,
        "nullable": None if column.nullable else False,
        "default": column.default,
        "generated": column.generated,
        "identity": column.identity,
        "enum": list(labels) or None,
        "mask": column.mask,
        "comment": column.comment,
    }
    return {key: value for key, value in pairs.items() if value is not None}


def _foreign_key(key: ForeignKey) -> dict[str, Any]:
    pairs = {
        "columns": list(key.columns),
        "table": key.table,
        "to": list(key.to),
        "on_delete": key.on_delete,
        "on_update": key.on_update,
    }
    return {name: value for name, value in pairs.items() if value is not None}
