"""list_schemas, list_tables and describe_table."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.memory.declare import column, table
from pgmcp.domain import json
from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import Listed, Schema, TableDescription
from pgmcp.domain.plans import DescribeTable, ListSchemas, ListTables
from pgmcp.domain.relations import Name, Relation
from pgmcp.domain.results import Form
from pgmcp.ports.transactions import Transaction
from tests.unit.house import House, by


class Elsewhere:
    """A catalogue with a second schema, which is off the search path."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.asked: list[ListSchemas] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def schemas(self, plan: ListSchemas, call: CallContext, within: Transaction | None = None) -> list[Schema]:
        """Both, and the system's when they are wanted."""
        self.asked.append(plan)
        own = [
            Schema(name="public", owner="postgres", tables=4, on_path=True, comment=None),
            Schema(name="sales", owner="ana", tables=1, on_path=False, comment="Sales"),
        ]
        system = Schema(name="pg_catalog", owner="postgres", tables=140, on_path=False, comment=None)
        return [*own, system] if plan.include_system else own

    async def select(self, plan: ListTables, call: CallContext, within: Any = None) -> tuple[list[Listed], bool]:
        """One table, off the path."""
        name = Name("sales", "orders")
        return [Listed(name=name, on_path=False, kind="table", rows=None, bytes=8192, comment=None)], False

    async def find(
        self, name: str, schema: str | None, call: CallContext, within: Transaction | None = None
    ) -> Relation | None:
        """The relation `sales.orders`, beside those of the other schema."""
        found: Relation | None
        if (schema, name) == ("sales", "orders"):
            found = await self._inner.find("orders", None, call)
            return None if found is None else evolve(found, name=Name("sales", "orders"), on_path=False)
        found = await self._inner.find(name, schema, call)
        return found

    async def describe(self, plan: DescribeTable, call: CallContext) -> TableDescription:
        """Whatever it is asked for, bare."""
        return TableDescription(relation=plan.relation)


def elsewhere() -> House:
    """A house over two schemas."""
    return House(catalogue=Elsewhere(House().memory.catalogue))


LISTING = '{"columns":["name","kind","rows","bytes","comment"],"types":["text","text","int8","int8","text"],'


async def test_list_schemas() -> None:
    """A line a schema."""
    assert await elsewhere().answer("list_schemas", {}) == (
        '{"columns":["name","owner","tables","on_search_path","comment"],"types":["text","text","int8","bool","text"],'
        '"rows":[["public","postgres",4,true,null],["sales","ana",1,false,"Sales"]],"count":2}'
    )


async def test_list_schemas_of_the_system() -> None:
    """When they are wanted."""
    found = await elsewhere().document("list_schemas", {"include_system": True})
    assert [row[0] for row in found["rows"]] == ["public", "sales", "pg_catalog"]


async def test_list_tables() -> None:
    """Tables and views by name, with what is known of their size."""
    assert await House().answer("list_tables", {}) == (
        f'{LISTING}"rows":[["customers","table",3,null,"People with an account"],["lines","table",5,null,null],'
        '["orders","table",3,null,null],["paid_orders","view",null,null,"Orders that are paid"]],"count":4}'
    )


async def test_a_listing_in_python_values() -> None:
    """The same for a program."""
    found: Any = await House().dispatch("list_tables", {"limit": 1, "include_views": False}, by("x", form=Form.NATIVE))
    assert found.rows == [
        {"name": "customers", "kind": "table", "rows": 3, "bytes": None, "comment": "People with an account"}
    ]


@pytest.mark.parametrize(
    "arguments, names",
    [
        pytest.param({"search": "ORDER"}, ["orders", "paid_orders"], id="by name, whatever the case"),
        pytest.param({"search": "with an account"}, ["customers"], id="by comment"),
        pytest.param({"search": "nothing"}, [], id="nothing found"),
        pytest.param({"include_views": False}, ["customers", "lines", "orders"], id="without views"),
        pytest.param({"schema": "public", "limit": 2}, ["customers", "lines"], id="of a schema"),
    ],
)
async def test_list_tables_narrowed(arguments: dict[str, Any], names: list[str]) -> None:
    """What the arguments leave."""
    assert [row[0] for row in (await House().document("list_tables", arguments))["rows"]] == names


async def test_a_name_off_the_search_path_stands_with_its_schema() -> None:
    """So that it can be used as it is."""
    assert await elsewhere().answer("list_tables", {}) == (
        f'{LISTING}"rows":[["sales.orders","table",null,8192,null]],"count":1}}'
    )


async def test_pages_of_tables() -> None:
    """A cursor goes on behind the last name, whatever the next page's length; the last page has none."""
    house = House()
    first = await house.document("list_tables", {"limit": 1})
    second = await house.document("list_tables", {"limit": 2, "cursor": first["next_cursor"]})
    third = await house.document("list_tables", {"limit": 2, "cursor": second["next_cursor"]})
    pages = [[row[0] for row in page["rows"]] for page in (first, second, third)]
    assert pages == [["customers"], ["lines", "orders"], ["paid_orders"]]
    assert "next_cursor" not in third


async def test_a_cursor_of_another_search() -> None:
    """It belongs to its arguments."""
    house = House()
    first = await house.document("list_tables", {"limit": 1})
    error = await house.refusal("list_tables", {"search": "o", "cursor": first["next_cursor"]})
    assert (error["code"], error["details"]) == ("cursor_invalid", {"path": "cursor"})


async def test_an_unknown_schema() -> None:
    """The nearest one is named."""
    assert await elsewhere().refusal("list_tables", {"schema": "sale"}) == {
        "type": "not_found",
        "code": "unknown_schema",
        "message": "there is no schema 'sale'",
        "hint": "Did you mean 'sales'?",
        "retry": "fix_input",
        "details": {"path": "schema"},
    }


async def test_five_hundred_tables_fit_forty_kilobytes() -> None:
    """The budget of a listing."""
    tables = {
        f"table_with_a_name_{at:03}": table(columns={"id": "int4"}, comment="What it is for, in words")
        for at in range(501)
    }
    answer = await House(tables).answer("list_tables", {})
    found = json.loads(answer)
    assert (len(found["rows"]), "next_cursor" in found) == (500, True)
    assert len(answer) <= 40_000


async def test_describe_table() -> None:
    """All that the catalogue knows, and nothing that says nothing."""
    assert await House().answer("describe_table", {"table": "customers"}) == (
        '{"schema":"public","table":"customers","kind":"table","comment":"People with an account","columns":['
        '{"name":"id","type":"int4","nullable":false,"identity":"by default"},'
        '{"name":"name","type":"text","nullable":false},'
        '{"name":"email","type":"text"},'
        '{"name":"vip","type":"bool","nullable":false,"default":"false"},'
        '{"name":"since","type":"timestamptz"}],'
        '"primary_key":["id"],"referenced_by":[{"columns":["id"],"table":"orders","to":["customer_id"]}],'
        '"unique":[["email"]],"rows":3}'
    )


async def test_describe_some_columns() -> None:
    """In the table's order."""
    found = await House().document("describe_table", {"table": "orders", "columns": ["total", "status"]})
    assert found["columns"] == [
        {
            "name": "status",
            "type": "order_status",
            "nullable": False,
            "default": "'new'::order_status",
            "enum": ["new", "paid", "shipped"],
        },
        {"name": "total", "type": "numeric(10,2)", "nullable": False, "default": "0"},
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"table": "sales.orders"}, id="with a dot"),
        pytest.param({"table": "orders", "schema": "sales"}, id="with schema"),
    ],
)
async def test_describe_a_table_of_a_schema(arguments: dict[str, Any]) -> None:
    """Two ways to name it."""
    assert (await elsewhere().document("describe_table", arguments))["schema"] == "sales"


async def test_an_exact_name_wins_over_a_schema() -> None:
    """A table may have a dot in its name."""
    house = House({"a.b": table(columns={"id": "int4"})})
    assert (await house.document("describe_table", {"table": "a.b"}))["table"] == "a.b"


@pytest.mark.parametrize(
    "arguments, error",
    [
        pytest.param(
            {"table": "ordrs"},
            ("unknown_table", "there is no table or view 'ordrs'", "Did you mean 'orders' or 'paid_orders'?", "table"),
            id="a table",
        ),
        pytest.param(
            {"table": "zzz"},
            ("unknown_table", "there is no table or view 'zzz'", "list_tables shows what there is.", "table"),
            id="a table like none",
        ),
        pytest.param(
            {"table": "custmers", "schema": "public"},
            (
                "unknown_table",
                "there is no table or view 'custmers' in schema 'public'",
                "Did you mean 'customers'?",
                "table",
            ),
            id="a table of a schema",
        ),
        pytest.param(
            {"table": "orders", "schema": "pubic"},
            ("unknown_schema", "there is no schema 'pubic'", "Did you mean 'public'?", "schema"),
            id="a schema",
        ),
        pytest.param(
            {"table": "orders", "schema": "zzz"},
            ("unknown_schema", "there is no schema 'zzz'", "list_schemas shows what there is.", "schema"),
            id="a schema like none",
        ),
        pytest.param(
            {"table": "x.orders"},
            (
                "unknown_table",
                "there is no table or view 'x.orders'",
                "Did you mean 'orders' or 'paid_orders'?",
                "table",
            ),
            id="a schema with a dot",
        ),
    ],
)
async def test_an_unknown_relation(arguments: dict[str, str], error: tuple[str, str, str, str]) -> None:
    """What is missing, and what may have been meant."""
    code, message, hint, path = error
    assert await House().refusal("describe_table", arguments) == {
        "type": "not_found",
        "code": code,
        "message": message,
        "hint": hint,
        "retry": "fix_input",
        "details": {"path": path},
    }


async def test_an_unknown_column_to_describe() -> None:
    """Its place and the nearest."""
    assert await House().refusal("describe_table", {"table": "orders", "columns": ["id", "totl"]}) == {
        "type": "validation_error",
        "code": "unknown_column",
        "message": "'orders' has no column 'totl'",
        "hint": "Did you mean 'total'?",
        "retry": "fix_input",
        "details": {"path": "columns[1]"},
    }


async def test_a_wide_table_by_cursor() -> None:
    """Fifty columns, then the rest."""
    house = House({"wide": table(columns={f"c{at:02}": column("int4") for at in range(60)}, primary_key="c00")})
    first = await house.document("describe_table", {"table": "wide"})
    second = await house.document("describe_table", {"table": "wide", "cursor": first["next_cursor"]})
    names = [[each["name"] for each in page["columns"]] for page in (first, second)]
    assert names == [[f"c{at:02}" for at in range(50)], [f"c{at:02}" for at in range(50, 60)]]
    assert (first["more_columns"], "next_cursor" in second, "primary_key" in second) == ("10", False, False)
