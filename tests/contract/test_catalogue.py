"""The catalogue: relations, their descriptions, lists and types."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from attrs import evolve

from pgmcp.domain.catalogue import ForeignKey
from pgmcp.domain.describing import column_document
from pgmcp.domain.plans import DescribeTable, ListSchemas, ListTables
from pgmcp.domain.relations import Name, RelationKind
from tests.fixtures.adapters import Database, MakeAdapter
from tests.fixtures.pool import a_call
from tests.fixtures.trade import TRADE


@pytest.fixture
async def trade(make_adapter: MakeAdapter) -> AsyncIterator[Database]:
    """The small trade behind one adapter."""
    async with make_adapter(TRADE) as database:
        yield database


async def test_a_relation_is_found_with_its_columns_and_keys(trade: Database) -> None:
    """Types, modifiers, defaults and comments as answers show them."""
    found = await trade.relation("customers")
    assert [column_document(column) for column in found.columns] == [
        {"name": "id", "type": "int4", "nullable": False, "identity": "by default"},
        {"name": "email", "type": "varchar(20)", "nullable": False, "comment": "Where bills go"},
        {"name": "name", "type": "text"},
        {"name": "country", "type": "char(2)", "nullable": False, "default": "'PT'::bpchar"},
    ]
    assert (found.primary_key, found.unique, found.kind) == (("id",), (("email",),), RelationKind.TABLE)
    assert (found.on_path, found.insertable, found.updatable, found.comment) == (True, True, True, "Who buys")
    assert found.key == ("id",)
    orders = await trade.relation("orders")
    assert [column_document(column) for column in orders.columns[2:]] == [
        {"name": "adviser_id", "type": "int4"},
        {
            "name": "status",
            "type": "order_status",
            "nullable": False,
            "default": "'new'::order_status",
            "enum": ["new", "paid", "sent"],
        },
        {"name": "total", "type": "numeric(8,2)", "nullable": False, "default": "0"},
        {"name": "rebate", "type": "numeric(3,2)", "nullable": False, "default": "0"},
        {"name": "tags", "type": "text[]", "nullable": False, "default": "'{}'::text[]"},
        {"name": "facts", "type": "jsonb"},
        {"name": "placed_at", "type": "timestamptz", "nullable": False, "default": "now()"},
        {"name": "net", "type": "numeric(8,2)", "generated": "(total - rebate)"},
    ]


@pytest.mark.parametrize(
    "name, schema, there",
    [
        pytest.param("orders", None, True, id="on the path"),
        pytest.param("orders", "public", True, id="in its schema"),
        pytest.param("orders", "other", False, id="in no schema"),
        pytest.param("Orders", None, False, id="in another case"),
    ],
)
async def test_a_name_is_found_or_not(trade: Database, name: str, schema: str | None, there: bool) -> None:
    """By its exact spelling."""
    found = await trade.catalogue.find(name, schema, a_call())
    assert (found is not None) is there


async def test_what_was_found_is_recalled(trade: Database) -> None:
    """The very same, without asking; never what isn't there."""
    found = await trade.relation("orders")
    call = a_call()
    assert trade.catalogue.recalled("orders", None, call) is found
    assert trade.catalogue.recalled("Orders", None, call) is None
    assert trade.catalogue.recalled("orders", "other", call) is None


async def test_a_description_has_what_hangs_on_a_table(trade: Database) -> None:
    """Keys both ways, unique constraints and checks; sizes are the server's own affair."""
    orders = await trade.relation("orders")
    found = await trade.catalogue.describe(DescribeTable(relation=orders), a_call())
    assert found.foreign_keys == (
        ForeignKey(columns=("adviser_id",), table="customers", to=("id",), on_delete="set null"),
        ForeignKey(columns=("customer_id",), table="customers", to=("id",)),
    )
    assert found.referenced_by == (ForeignKey(columns=("id",), table="lines", to=("order_id",), on_delete="cascade"),)
    assert (found.unique, found.indexes, found.triggers, found.partitions, found.row_security) == (
        (),
        (),
        (),
        (),
        False,
    )
    assert sorted(found.checks) == ["(rebate <= total)", "(total >= (0)::numeric)"]
    customers = await trade.catalogue.describe(DescribeTable(relation=await trade.relation("customers")), a_call())
    assert customers.unique == (("email",),)
    assert [(each.table, each.on_delete) for each in customers.referenced_by] == [
        ("orders", "set null"),
        ("orders", None),
        ("vouchers", "restrict"),
    ]


async def test_relations_are_listed_in_pages(trade: Database) -> None:
    """By name, and looked for in names and comments."""
    first, more = await trade.catalogue.select(ListTables(limit=2), a_call())
    assert [(str(each.name), each.on_path, each.kind, each.comment) for each in first] == [
        ("public.customers", True, "table", "Who buys"),
        ("public.lines", True, "table", None),
    ]
    assert more is True
    rest, more = await trade.catalogue.select(ListTables(limit=9, after=Name("public", "lines")), a_call())
    assert ([each.name.name for each in rest], more) == (["notes", "orders", "vouchers"], False)
    for plan, names in (
        (ListTables(search="KEY"), ["notes"]),
        (ListTables(search="lin"), ["lines"]),
        (ListTables(schema="public", search="o_d"), []),
        (ListTables(schema="none"), []),
    ):
        found, _ = await trade.catalogue.select(plan, a_call())
        assert [each.name.name for each in found] == names


async def test_schemas_names_types_and_the_zone(trade: Database) -> None:
    """The small questions."""
    schemas = await trade.catalogue.schemas(ListSchemas(), a_call())
    assert [evolve(each, owner="", comment=None) for each in schemas] == [evolve(schemas[0], owner="", comment=None)]
    assert (schemas[0].name, schemas[0].tables, schemas[0].on_path) == ("public", 5, True)
    names = await trade.catalogue.names(None, a_call())
    assert [each.display for each in names] == ["customers", "lines", "notes", "orders", "vouchers"]
    assert list(await trade.catalogue.names("none", a_call())) == []
    shown = {}
    for name in ("integer", "order_status", "varchar", "text[]", "no_such"):
        found = await trade.catalogue.type_named(name, a_call())
        shown[name] = None if found is None else found.display
    assert shown == {
        "integer": "int4",
        "order_status": "order_status",
        "varchar": "varchar",
        "text[]": "text[]",
        "no_such": None,
    }
    assert await trade.catalogue.time_zone(a_call()) == "UTC"
    trade.catalogue.forget()
    assert (await trade.relation("orders")).name == Name("public", "orders")
