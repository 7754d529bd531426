"""A relation's description as a document."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain import json
from pgmcp.domain.catalogue import ForeignKey, TableDescription
from pgmcp.domain.describing import COLUMNS_AT_ONCE, column_document, describe
from pgmcp.domain.plans import DescribeTable
from pgmcp.domain.policy.rules import Action
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.values.types import INT4, INT8, NUMERIC, TEXT, Kind, Type, array_of

STATUS = Type(name="status", schema="public", kind=Kind.ENUM, labels=("new", "paid"))
OPEN = Type(name="open_status", schema="public", kind=Kind.DOMAIN, base=STATUS)
ORDERS = Relation(
    name=Name("public", "orders"),
    kind=RelationKind.TABLE,
    columns=(
        Column(name="id", type=INT8, nullable=False, identity="always"),
        Column(name="status", type=STATUS, nullable=False, default="'new'::status", comment="Where it stands"),
        Column(name="total", type=NUMERIC, declared="numeric(10,2)"),
    ),
    primary_key=("id",),
    comment="What was ordered",
)
BARE = Relation(name=Name("x", "v"), kind=RelationKind.VIEW, columns=(Column(name="n", type=INT4),))


def wide(number: int) -> Relation:
    """A table of so many columns."""
    columns = tuple(Column(name=f"c{at}", type=INT4) for at in range(number))
    return Relation(name=Name("public", "wide"), kind=RelationKind.TABLE, columns=columns, primary_key=("c0",))


def test_everything_that_says_something() -> None:
    """Each part in its place and order."""
    description = TableDescription(
        relation=ORDERS,
        foreign_keys=(
            ForeignKey(columns=("customer_id",), table="customers", to=("id",), on_delete="cascade", on_update=None),
        ),
        referenced_by=(ForeignKey(columns=("id",), table="lines", to=("order_id",), on_update="cascade"),),
        unique=(("number",), ("a", "b")),
        checks=("total >= 0",),
        indexes=("orders_pkey USING btree (id)",),
        triggers=("audit AFTER INSERT",),
        partition_of="all_orders",
        partitions=("orders_1", "orders_2"),
        row_security=True,
        rows=3,
        bytes=8192,
    )
    document, following = describe(description, DescribeTable(relation=ORDERS))
    assert following is None
    assert list(document.items()) == [
        ("schema", "public"),
        ("table", "orders"),
        ("kind", "table"),
        ("comment", "What was ordered"),
        (
            "columns",
            [
                {"name": "id", "type": "int8", "nullable": False, "identity": "always"},
                {
                    "name": "status",
                    "type": "status",
                    "nullable": False,
                    "default": "'new'::status",
                    "enum": ["new", "paid"],
                    "comment": "Where it stands",
                },
                {"name": "total", "type": "numeric(10,2)"},
            ],
        ),
        ("primary_key", ["id"]),
        ("foreign_keys", [{"columns": ["customer_id"], "table": "customers", "to": ["id"], "on_delete": "cascade"}]),
        ("referenced_by", [{"columns": ["id"], "table": "lines", "to": ["order_id"], "on_update": "cascade"}]),
        ("unique", [["number"], ["a", "b"]]),
        ("checks", ["total >= 0"]),
        ("indexes", ["orders_pkey USING btree (id)"]),
        ("triggers", ["audit AFTER INSERT"]),
        ("partition_of", "all_orders"),
        ("partitions", ["orders_1", "orders_2"]),
        ("row_security", True),
        ("rows", 3),
        ("bytes", 8192),
    ]


def test_what_says_nothing_is_left_out() -> None:
    """A bare view is four keys."""
    document, following = describe(TableDescription(relation=BARE), DescribeTable(relation=BARE))
    assert (document, following) == (
        {"schema": "x", "table": "v", "kind": "view", "columns": [{"name": "n", "type": "int4"}]},
        None,
    )


def test_none_of_something_is_said() -> None:
    """An empty table has 0 rows and 0 bytes, which is not the same as nothing known."""
    document, _ = describe(TableDescription(relation=BARE, rows=0, bytes=0), DescribeTable(relation=BARE))
    assert (document["rows"], document["bytes"]) == (0, 0)


def test_what_may_be_done() -> None:
    """Said of a table where it isn't everything, and of a column where it is less than for the others."""
    plain, fixed = ORDERS.columns[2], evolve(ORDERS.columns[1], granted=frozenset({Action.READ, Action.CREATE}))
    limited = evolve(ORDERS, columns=(plain, fixed), granted=frozenset(Action) - {Action.DELETE})
    document, _ = describe(TableDescription(relation=limited), DescribeTable(relation=limited))
    assert document["privileges"] == ["read", "create", "update"]
    assert [column.get("privileges") for column in document["columns"]] == [None, ["read", "create"]]
    reading = evolve(limited, granted=frozenset({Action.READ}))
    document, _ = describe(TableDescription(relation=reading), DescribeTable(relation=reading))
    assert document["privileges"] == ["read"]
    assert [column.get("privileges") for column in document["columns"]] == [None, None]


def test_only_some_columns() -> None:
    """In the relation's order, with everything else as ever."""
    plan = DescribeTable(relation=ORDERS, columns=("total", "id"))
    document, _ = describe(TableDescription(relation=ORDERS), plan)
    assert [column["name"] for column in document["columns"]] == ["id", "total"]
    assert document["primary_key"] == ["id"]


@pytest.mark.parametrize(
    "number, start, shown, more, following",
    [
        pytest.param(COLUMNS_AT_ONCE, 0, (0, 50), None, None, id="as many as fit"),
        pytest.param(51, 0, (0, 50), 1, 50, id="one more"),
        pytest.param(120, 0, (0, 50), 70, 50, id="the first of three pages"),
        pytest.param(120, 50, (50, 100), 20, 100, id="the second"),
        pytest.param(120, 100, (100, 120), None, None, id="the last"),
    ],
)
def test_a_wide_table_comes_in_pages(
    number: int, start: int, shown: tuple[int, int], more: int | None, following: int | None
) -> None:
    """Fifty columns at once; the rest of the description stands on the first page only."""
    relation = wide(number)
    document, next_ = describe(TableDescription(relation=relation), DescribeTable(relation=relation, start=start))
    assert [column["name"] for column in document["columns"]] == [f"c{at}" for at in range(*shown)]
    assert (document.get("more_columns"), next_) == (more, following)
    assert ("primary_key" in document) is (start == 0)


@pytest.mark.parametrize(
    "number, start, shown, more, following",
    [
        pytest.param(20, 0, (0, 20), None, None, id="as many as fit"),
        pytest.param(21, 0, (0, 20), 1, 50, id="one more"),
        pytest.param(45, 0, (0, 20), 25, 50, id="the first of three pages"),
        pytest.param(45, 50, (20, 40), 5, 100, id="the second"),
        pytest.param(45, 100, (40, 45), None, None, id="the last"),
        pytest.param(45, 150, None, None, None, id="none behind it"),
    ],
)
def test_twenty_partitions_at_once(
    number: int, start: int, shown: tuple[int, int] | None, more: int | None, following: int | None
) -> None:
    """What is not shown is counted, and comes with the next page as columns do."""
    partitions = tuple(f"p{at}" for at in range(number))
    plan = DescribeTable(relation=BARE, start=start)
    document, next_ = describe(TableDescription(relation=BARE, partitions=partitions), plan)
    names = None if shown is None else [f"p{at}" for at in range(*shown)]
    assert (document.get("partitions"), document.get("more_partitions"), next_) == (names, more, following)
    assert ("columns" in document) is (start == 0)


@pytest.mark.parametrize(
    "column, document",
    [
        pytest.param(Column(name="a", type=TEXT), {"name": "a", "type": "text"}, id="a plain one"),
        pytest.param(
            Column(name="a", type=TEXT, generated="lower(b)"),
            {"name": "a", "type": "text", "generated": "lower(b)"},
            id="generated",
        ),
        pytest.param(
            Column(name="a", type=array_of(STATUS)),
            {"name": "a", "type": "status[]", "enum": ["new", "paid"]},
            id="an array of an enum",
        ),
        pytest.param(
            Column(name="a", type=OPEN),
            {"name": "a", "type": "open_status", "enum": ["new", "paid"]},
            id="a domain over an enum",
        ),
    ],
)
def test_a_column(column: Column, document: dict[str, Any]) -> None:
    """What says nothing is left out, `nullable` where it is true."""
    assert column_document(column) == document


def test_twenty_columns_fit_two_kilobytes() -> None:
    """The budget of issue and interface."""
    relation = evolve(
        wide(20),
        columns=tuple(
            Column(name=f"column_{at}", type=TEXT, nullable=False, default="''::text", comment="What it is for")
            for at in range(20)
        ),
    )
    document, _ = describe(TableDescription(relation=relation, rows=1, bytes=1), DescribeTable(relation=relation))
    assert len(json.dumps(document).encode()) <= 2_200
