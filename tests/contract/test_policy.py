"""What a policy makes of the tools: the same over memory and PostgreSQL, by either driver."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

import pgmcp
from pgmcp.adapters.keys import key_for, key_of
from tests.fixtures.declared import sql_of
from tests.fixtures.postgres import TestServer, databases

SECRET = "a key of the tests"
TABLES = {
    "customers": pgmcp.table(
        columns={
            "id": pgmcp.column("int4", nullable=False),
            "tenant": pgmcp.column("int4", nullable=False, default=7),
            "name": "text",
            "email": "text",
            "phone": "text",
            "ssn": pgmcp.column("text", nullable=False, default="none", comment="never shown"),
            "code": "uuid",
            "born": "date",
        },
        primary_key="id",
        unique=[["email"], ["ssn", "id"]],
        checks=[pgmcp.check("ssn <> ''", lambda row: row["ssn"] != "", columns="ssn")],
        rows=[
            {
                "id": number,
                "tenant": tenant,
                "name": name,
                "email": f"{name}@marker.example",
                "phone": phone,
                "ssn": f"marker-ssn-{number}",
                "code": f"00000000-0000-0000-0000-00000000000{number}",
            }
            for number, tenant, name, phone in (
                (1, 7, "ana", "+351912345678"),
                (2, 8, "marker-bo", "+45 31 22 33"),
                (3, 7, "c", "123"),
            )
        ],
        comment="People; the ssn is secret",
    ),
    "orders": pgmcp.table(
        columns={"id": pgmcp.column("int4", nullable=False), "customer_id": "int4", "total": "int4"},
        primary_key="id",
        foreign_keys=[pgmcp.foreign_key("customer_id", "customers")],
        rows=[{"id": 1, "customer_id": 1, "total": 5}],
    ),
    "marker_vault": pgmcp.table(
        columns={"id": pgmcp.column("int4", nullable=False), "customer_id": "int4"},
        primary_key="id",
        foreign_keys=[pgmcp.foreign_key("customer_id", "customers")],
        rows=[{"id": 1, "customer_id": 3}],
    ),
}
POLICY: Mapping[str, Any] = {
    "default": "deny",
    "tables": [
        {
            "match": "public.customers",
            "allow": ["read", "create", "update", "delete"],
            "hide": ["ssn", "tenant"],
            "mask": {"email": "email", "phone": "last4", "code": "hash", "born": "null"},
            "rows": {"tenant": {"eq": "$tenant"}},
            "max_rows": 2,
        },
        {"match": "public.orders", "allow": ["read"]},
    ],
    "principals": [{"match": "ana", "attributes": {"tenant": 7}}],
}
Connect = Callable[..., AbstractAsyncContextManager[pgmcp.Client]]


@pytest.fixture(params=["memory", "asyncpg", "psycopg"])
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    """Makes clients under a policy, each on tables of its own."""
    server: TestServer = request.getfixturevalue("postgres")
    async with databases(server) as make_database:

        @asynccontextmanager
        async def connected(policy: Mapping[str, Any] = POLICY, **settings: Any) -> AsyncIterator[pgmcp.Client]:
            facts = {"policy": policy, "secret_key": SECRET, "principal": "ana", **settings}
            if request.param == "memory":
                client = pgmcp.memory(TABLES, **facts)
            else:
                client = pgmcp.connect(await make_database(sql_of(TABLES)), driver=request.param, **facts)
            async with client:
                yield client

        yield connected


async def ask(client: pgmcp.Client, tool: str, **arguments: Any) -> Any:
    """A tool's answer, of which nothing that is marked may be seen."""
    found = {each.name: each for each in client.tools()}[tool]
    answer = await found.call(arguments)
    assert "marker-" not in answer
    assert "marker_" not in answer
    return json.loads(answer)


async def refusal(client: pgmcp.Client, tool: str, **arguments: Any) -> tuple[str, str | None]:
    """The code of a tool's error, and the place in the request."""
    error = (await ask(client, tool, **arguments))["error"]
    return error["code"], error.get("details", {}).get("path")


def hashed(text: str) -> str:
    """What the mask `hash` shows, by the definition."""
    key = key_for("masks", key_of(SECRET))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]


async def test_a_read_shows_the_callers_part(connect: Connect) -> None:
    """Rows of the filter, columns that are not hidden, masks in place of values."""
    async with connect() as client:
        answer = await ask(client, "read_table", table="customers")
    assert answer["columns"] == ["id", "name", "email", "phone", "code", "born"]
    assert answer["types"] == ["int4", "text", "text", "text", "text", "date"]
    assert answer["rows"] == [
        [1, "ana", "a***@marker.example", "***5678", hashed("00000000-0000-0000-0000-000000000001"), None],
        [3, "c", "***@marker.example", "***", hashed("00000000-0000-0000-0000-000000000003"), None],
    ]


async def test_python_values_are_masked_too(connect: Connect) -> None:
    """The native form shows what the wire does."""
    async with connect() as client:
        answer = await client.call(pgmcp.ReadRequest(table="customers", columns=["id", "email"], limit=1))
    assert list(answer.rows) == [{"id": 1, "email": "a***@marker.example"}]


@pytest.mark.parametrize(
    "filters, ids",
    [
        pytest.param({"id": 2}, [], id="a row of another's by its key"),
        pytest.param({"or": [{"id": {"gte": 1}}, {"name": "marker-bo"}]}, [1, 3], id="or is no way round"),
        pytest.param({"not": {"id": 1}}, [3], id="nor is not"),
        pytest.param({"name": {"like": "%a%"}}, [1], id="a pattern"),
    ],
)
async def test_filters_find_rows_of_the_part_alone(connect: Connect, filters: Any, ids: list[int]) -> None:
    """Whatever the caller's filter says, the rule's holds beside it."""
    async with connect() as client:
        answer = await ask(client, "read_table", table="customers", columns=["id"], filters=filters)
    assert [row[0] for row in answer["rows"]] == ids


async def test_a_condition_that_fails_on_some_values_fails_on_no_row_unseen(connect: Connect) -> None:
    """A pattern that ends in a backslash is an error only where a text gets that far."""
    async with connect() as client:
        unseen = await ask(client, "read_table", table="customers", columns=["id"], filters={"name": {"like": "m\\\\"}})
        assert unseen["rows"] == []


@pytest.mark.parametrize(
    "tool, arguments, expected",
    [
        pytest.param("read_table", {"filters": {"ssn": "x"}}, ("unknown_column", "filters.ssn"), id="a hidden filter"),
        pytest.param("read_table", {"columns": ["ssn"]}, ("unknown_column", "columns[0]"), id="a hidden column"),
        pytest.param("read_table", {"order_by": "tenant"}, ("unknown_column", "order_by"), id="a hidden order"),
        pytest.param(
            "read_table", {"filters": {"email": "x"}}, ("column_masked", "filters.email"), id="a masked filter"
        ),
        pytest.param("read_table", {"order_by": "-phone"}, ("column_masked", "order_by"), id="a masked order"),
        pytest.param(
            "read_table",
            {"order_by": [{"column": "email"}]},
            ("column_masked", "order_by[0].column"),
            id="an order's column",
        ),
        pytest.param(
            "update_records",
            {"filters": {"id": 1}, "data": {"tenant": 8}},
            ("unknown_column", "data.tenant"),
            id="hidden",
        ),
        pytest.param(
            "update_records",
            {"filters": {"phone": "1"}, "data": {"name": "x"}},
            ("column_masked", "filters.phone"),
            id="x",
        ),
        pytest.param(
            "update_records",
            {"filters": {"id": 1}, "data": {"code": "00000000-0000-0000-0000-000000000009"}},
            ("column_masked", "data.code"),
            id="what shows a hash is not written",
        ),
        pytest.param(
            "create_record", {"data": {"id": 9}, "returning": ["ssn"]}, ("unknown_column", "returning[0]"), id="r"
        ),
        pytest.param(
            "create_record",
            {"data": {"id": 2}},
            ("unique_violation", None),
            id="a key tells that it is taken, and no more",
        ),
        pytest.param(
            "delete_records", {"filters": {"id": 3}}, ("foreign_key_violation", None), id="a hidden table refers"
        ),
    ],
)
async def test_what_is_refused(connect: Connect, tool: str, arguments: Any, expected: tuple[str, str | None]) -> None:
    """By its code and place; no hidden name or value is in the answer."""
    async with connect() as client:
        error = (await ask(client, tool, table="customers", **arguments))["error"]
    assert (error["code"], error["details"].get("path")) == expected
    if expected[0] == "unknown_column":
        assert "tenant" not in (error["hint"] or "")
    assert "ssn" not in json.dumps(error).replace("'ssn'", "").replace("filters.ssn", "")


async def test_writes_keep_to_the_part(connect: Connect) -> None:
    """Rows of others stay as they are, and what is given back is masked."""
    async with connect() as client:
        changed = await ask(
            client,
            "update_records",
            table="customers",
            filters={"id": {"gte": 1}},
            data={"name": "new"},
            returning=["id"],
        )
        assert sorted(changed["rows"]) == [[1], [3]]
        added = await ask(
            client,
            "create_record",
            table="customers",
            data={"id": 4, "email": "dora@marker.example"},
            returning=["id", "email", "code"],
        )
        assert added["rows"] == [[4, "d***@marker.example", None]]
        removed = await ask(client, "delete_records", table="customers", filters={"id": {"in": [2, 4]}})
        assert removed["count"] == 1


async def test_a_new_row_has_to_be_of_the_part(connect: Connect) -> None:
    """A default or a value that puts it elsewhere is refused, in one row or in batches."""
    policy = {**POLICY, "principals": [{"match": "ana", "attributes": {"tenant": 8}}]}
    async with connect(policy) as client:
        assert await refusal(client, "create_record", table="customers", data={"id": 9}) == ("row_refused", None)
        many = [{"id": 10 + number} for number in range(3)]
        assert await refusal(client, "create_records", table="customers", records=many) == ("row_refused", None)
        left = await ask(client, "read_table", table="customers", columns=["id"])
        assert left["rows"] == [[2]]


async def test_an_update_can_not_move_a_row_out_of_sight(connect: Connect) -> None:
    """The filter is asked again of what a row has become."""
    rule = {"match": "public.customers", "allow": ["read", "update"], "rows": {"name": "ana"}}
    async with connect({"tables": [rule]}) as client:
        moved = {"filters": {"id": 1}, "data": {"name": "other"}}
        tools = {each.name: each for each in client.tools()}
        refused = json.loads(await tools["update_records"].call(table="customers", **moved))
        assert refused["error"]["code"] == "row_refused"
        assert refused["error"]["details"] == {"outcome": "rolled_back"}
        read = json.loads(await tools["read_table"].call(table="customers", columns=["id", "name"]))
        assert read["rows"] == [[1, "ana"]]


async def test_a_conflict_with_a_row_out_of_sight_changes_nothing(connect: Connect) -> None:
    """`update` is refused, `ignore` passes over; a row in sight is changed."""
    async with connect() as client:
        record = {"id": 2, "name": "mine"}
        update = {"table": "customers", "on_conflict": "update"}
        assert await refusal(client, "create_records", records=[record], **update) == ("row_refused", None)
        ignored = await ask(client, "create_records", table="customers", records=[record], on_conflict="ignore")
        assert ignored["count"] == 0
        mine = await ask(
            client, "create_records", records=[{"id": 1, "name": "mine"}], returning=["id", "name"], **update
        )
        assert mine["rows"] == [[1, "mine"]]


async def test_the_catalogue_tells_of_the_part(connect: Connect) -> None:
    """Listing, description and hints know nothing of what is hidden."""
    async with connect() as client:
        tables = await ask(client, "list_tables")
        assert [(row[0], row[2], row[4]) for row in tables["rows"]] == [
            ("customers", None, None),
            ("orders", tables["rows"][1][2], None),
        ]
        assert (await ask(client, "list_schemas"))["rows"][0][2] == 2
        page = await ask(client, "list_tables", limit=1)
        assert [row[0] for row in page["rows"]] == ["customers"]
        following = await ask(client, "list_tables", limit=1, cursor=page["next_cursor"])
        assert ([row[0] for row in following["rows"]], "next_cursor" in following) == (["orders"], False)
        found = await ask(client, "list_tables", search="secret")
        assert found["rows"] == []
        described = await ask(client, "describe_table", table="customers")
        assert [each["name"] for each in described["columns"]] == ["id", "name", "email", "phone", "code", "born"]
        assert described["columns"][2]["mask"] == "email"
        assert described["referenced_by"] == [{"columns": ["id"], "table": "orders", "to": ["customer_id"]}]
        assert described["unique"] == [["email"]]
        assert "ssn" not in json.dumps(described)
        assert {"rows", "bytes", "checks", "comment"}.isdisjoint(described)
        unknown = await ask(client, "read_table", table="vault")
        assert unknown["error"]["hint"] == "list_tables shows what there is."
        hidden = {each.name: each for each in client.tools()}["read_table"]
        answer = json.loads(await hidden.call(table="marker_vault"))["error"]
        assert (answer["code"], answer["message"]) == ("unknown_table", "there is no table or view 'marker_vault'")


async def test_actions_that_are_not_allowed(connect: Connect) -> None:
    """The hint says what may be used instead."""
    async with connect() as client:
        error = (await ask(client, "delete_records", table="orders", filters={"id": 1}))["error"]
    assert (error["type"], error["code"], error["hint"]) == (
        "security_error",
        "action_refused",
        "What you may use on it: read_table.",
    )


async def test_a_rule_limits_rows(connect: Connect) -> None:
    """Of an answer and of a change; pages go on."""
    rule = {"match": "public.customers", "allow": ["read", "update"], "max_rows": 2}
    async with connect({"tables": [rule]}) as client:
        tools = {each.name: each for each in client.tools()}
        first = json.loads(await tools["read_table"].call(table="customers", columns=["id"], limit=3))
        assert (first["rows"], first["truncated"]) == ([[1], [2]], "rows")
        rest = json.loads(
            await tools["read_table"].call(table="customers", columns=["id"], limit=3, cursor=first["next_cursor"])
        )
        assert rest["rows"] == [[3]]
        refused = json.loads(
            await tools["update_records"].call(table="customers", filters={"id": {"gte": 1}}, data={"name": "x"})
        )
        assert refused["error"]["code"] == "too_many_rows"


async def test_a_key_that_is_masked_is_in_no_cursor(connect: Connect) -> None:
    """Pages go by offset then, as for a view."""
    rule = {"match": "public.customers", "allow": ["read"], "mask": {"id": "hash", "email": "full"}}
    async with connect({"tables": [rule]}) as client:
        answer = await ask(client, "read_table", table="customers", columns=["id"], limit=1)
    assert "next_cursor" not in answer
    assert answer["rows"] == [[hashed("1")]]


async def test_a_missing_attribute_shows_nothing(connect: Connect) -> None:
    """Whoever lacks what the filter needs is told so."""
    async with connect(principal="other") as client:
        assert await refusal(client, "read_table", table="customers") == ("attribute_missing", None)


async def test_a_principal_has_its_own_ceiling(connect: Connect) -> None:
    """Reading goes, writing doesn't."""
    policy = {"default": "allow", "principals": [{"match": "ana", "access": "read"}]}
    async with connect(policy) as client:
        tools = {each.name for each in client.tools()}
        assert "read_table" in tools
        assert "create_record" not in tools
        with pytest.raises(pgmcp.SecurityError) as raised:
            await client.call(pgmcp.DeleteRequest(table="orders", filters={"id": 1}))
    assert raised.value.code.name == "write_refused"


async def test_a_filter_of_relative_time_and_a_rule_that_does_not_fit(connect: Connect) -> None:
    """Time is taken at each call; a rule that names what isn't there shows nothing."""
    relative = {"match": "public.customers", "allow": ["read"], "rows": {"born": {"gte": {"relative": "today"}}}}
    wrong = {"match": "public.orders", "allow": ["read"], "rows": {"no_such": 1}}
    async with connect({"tables": [relative, wrong]}) as client:
        assert (await ask(client, "read_table", table="customers"))["rows"] == []
        assert await refusal(client, "read_table", table="orders") == ("policy_invalid", None)
