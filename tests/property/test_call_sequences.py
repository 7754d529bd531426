"""Memory and PostgreSQL asked the same things, one after another: whatever was written before, they answer alike."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pgmcp
from pgmcp.handlers.base import Group
from tests.fixtures.declared import sql_of
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.trade import TRADE

Call = tuple[str, dict[str, Any]]

# By column: what fits, and what a column refuses, which only a single row is given: of several wrong ones a server may
# come to another first.
FITS: dict[str, list[Any]] = {
    "id": [1, 2, 3, 4, 5, "2"],
    "customer_id": [1, 2, 3, 7],
    "adviser_id": [1, 3, None, 8],
    "order_id": [1, 2, 3, 6],
    "line": [1, 2, 3, "1"],
    "email": ["ana@x.org", "rui@x.org", "new@x.org", "", " ", "x   "],
    "name": ["Ana", "", "\u00fc\u200b", None, "a\nb"],
    "country": ["PT", "E", "", "  "],
    "status": ["new", "paid", "sent"],
    "total": [0, 1, "5.005", "999999.99", 19.9],
    "rebate": [0, "0.005", 9.99, 1],
    "tags": [[], ["a"], ["a", None], [["a", "b"], ["c", "d"]], ['x"y', "{", "NULL"]],
    "facts": [None, {}, [], {"a": None}, "s", 1, True, {"b": [1, {"c": "d"}]}, "null"],
    "text": ["cup", "plate", "toolo ", None, ""],
    "code": ["A1", "B2", "", "a1"],
    "a": [1, None, 2, "3"],
    "b": ["x", None, ""],
}
REFUSED: dict[str, list[Any]] = {
    "id": [None, 1.5, True, 2**31],
    "customer_id": [None, "x"],
    "line": [40_000, None],
    "email": ["a" * 25, None, 5],
    "name": [7, {"a": 1}],
    "country": ["ESP", None],
    "status": ["bad", None, ""],
    "total": [1_000_000, -1, None, "abc"],
    "rebate": [10, None],
    "tags": [None, "{a,b}"],
    "text": ["toolong"],
}
COLUMNS = {
    "customers": ["id", "email", "name", "country"],
    "orders": ["id", "customer_id", "adviser_id", "status", "total", "rebate", "tags", "facts"],
    "lines": ["order_id", "line", "text"],
    "vouchers": ["code", "customer_id"],
    "notes": ["a", "b"],
}
# Given in every new row: numbers that failed rows have taken are gone on a server, and nobody's business.
ALWAYS = {"customers": ["id"], "orders": ["id"]}
# Told in the answers of transactions, and another in each.
OWN = {"transaction_id", "expires_at", "idle_expires_at"}
TABLES = st.sampled_from(sorted(COLUMNS))
NAMES = st.sampled_from("ab")


def fitting(column: str) -> st.SearchStrategy[Any]:
    """What the column takes."""
    return st.sampled_from(FITS[column])


def any_value(column: str) -> st.SearchStrategy[Any]:
    """What it takes, as a rule."""
    return st.sampled_from(FITS[column] * 3 + REFUSED.get(column, []))


@st.composite
def condition(draw: st.DrawFn, column: str) -> Any:
    """What a filter asks of a column."""
    operator = draw(st.sampled_from(["", "", "", "ne", "gt", "lte", "in", "not_in", "is_null", "between"]))
    match operator:
        case "":
            return draw(any_value(column))
        case "in" | "not_in":
            return {operator: draw(st.lists(fitting(column), max_size=3))}
        case "between":
            return {operator: [draw(fitting(column)), draw(fitting(column))]}
        case "is_null":
            return {operator: draw(st.booleans())}
        case _:
            return {operator: draw(any_value(column))}


@st.composite
def filters(draw: st.DrawFn, table: str) -> Any:
    """Which rows."""
    columns = draw(st.lists(st.sampled_from(COLUMNS[table]), max_size=2, unique=True))
    return {column: draw(condition(column)) for column in columns}


@st.composite
def returning(draw: st.DrawFn, table: str) -> Any:
    """What to give back of rows, if anything."""
    columns = st.lists(st.sampled_from(COLUMNS[table]), min_size=1, max_size=3, unique=True)
    wanted = draw(st.one_of(st.none(), columns))
    return {} if wanted is None else {"returning": wanted}


@st.composite
def row(draw: st.DrawFn, table: str) -> dict[str, Any]:
    """A new row."""
    columns = draw(st.lists(st.sampled_from(COLUMNS[table]), max_size=8, unique=True))
    return {name: draw(any_value(name)) for name in dict.fromkeys(ALWAYS.get(table, []) + columns)}


@st.composite
def creating(draw: st.DrawFn) -> Call:
    """A row more."""
    table = draw(TABLES)
    return "create_record", {"table": table, "data": draw(row(table)), **draw(returning(table))}


@st.composite
def creating_many(draw: st.DrawFn) -> Call:
    """Some rows more, or others in their places."""
    table = draw(TABLES)
    columns = draw(st.lists(st.sampled_from(COLUMNS[table]), min_size=1, max_size=8, unique=True))
    one = st.fixed_dictionaries({name: fitting(name) for name in dict.fromkeys(ALWAYS.get(table, []) + columns)})
    conflict = draw(st.sampled_from([{}, {}, {"on_conflict": "ignore"}, {"on_conflict": "update"}]))
    records = draw(st.lists(one, min_size=1, max_size=3))
    return "create_records", {"table": table, "records": records, **conflict, **draw(returning(table))}


@st.composite
def updating(draw: st.DrawFn) -> Call:
    """A change, or how it would be."""
    table = draw(TABLES)
    columns = draw(st.lists(st.sampled_from(COLUMNS[table]), min_size=1, max_size=2, unique=True))
    data = {name: draw(any_value(name)) for name in columns}
    dry = draw(st.sampled_from([{}, {}, {}, {"dry_run": True}]))
    return "update_records", {
        "table": table,
        "filters": draw(filters(table)),
        "data": data,
        **dry,
        **draw(returning(table)),
    }


@st.composite
def deleting(draw: st.DrawFn) -> Call:
    """Rows less, or which they would be."""
    table = draw(TABLES)
    dry = draw(st.sampled_from([{}, {}, {}, {"dry_run": True}]))
    return "delete_records", {"table": table, "filters": draw(filters(table)), **dry, **draw(returning(table))}


def reading(table: str, wanted: Any) -> Call:
    """What is there now, in one order."""
    return "read_table", {"table": table, "filters": wanted, "columns": COLUMNS[table], "order_by": COLUMNS[table]}


def calls() -> st.SearchStrategy[list[Call]]:
    """One after another; whether there is a transaction that takes them is seen then."""
    levels = st.sampled_from(["read committed", "repeatable read", "serializable"])
    writes = st.one_of(creating(), creating_many(), updating(), deleting())
    return st.lists(
        st.one_of(
            writes,
            writes,
            TABLES.flatmap(lambda table: filters(table).map(lambda wanted: reading(table, wanted))),
            levels.map(lambda level: ("begin_transaction", {"isolation_level": level})),
            st.sampled_from(["commit_transaction", "rollback_transaction"]).map(lambda tool: (tool, {})),
            NAMES.map(lambda name: ("rollback_transaction", {"savepoint": name})),
            st.sampled_from(["create_savepoint", "create_savepoint", "release_savepoint"]).flatmap(
                lambda tool: NAMES.map(lambda name: (tool, {"name": name}))
            ),
        ),
        min_size=25,
        max_size=40,
    )


class Asked:
    """One of the two, and the transaction that is held of it."""

    def __init__(self, client: pgmcp.Client) -> None:
        self._tools = {tool.name: tool for tool in client.tools()}
        self.held: str | None = None

    async def ask(self, call: Call) -> Any:
        """The whole answer, but for what is another in each."""
        tool, arguments = call
        within = {"transaction_id": self.held} if self.held is not None and tool != "begin_transaction" else {}
        answer = json.loads(await self._tools[tool].call(json.dumps(arguments | within)))
        if "error" not in answer:
            if tool == "begin_transaction":
                self.held = answer["transaction_id"]
            elif tool in {"commit_transaction", "rollback_transaction"} and "savepoint" not in arguments:
                self.held = None
        elif answer["error"]["code"] == "transaction_ended":
            self.held = None
        told = {name: value for name, value in answer.items() if name not in OWN}
        if tool in {"update_records", "delete_records"} and "rows" in told:
            # Rows that a statement changes come in no order.
            told["rows"] = sorted(told["rows"], key=json.dumps)
        return told


def possible(call: Call, held: str | None) -> bool:
    """Whether a call means anything: not every tool needs a transaction, and one at a time is held."""
    tool, _ = call
    if tool == "begin_transaction":
        return held is None
    return held is not None or tool.endswith(("_record", "_records", "_table"))


@pytest.fixture
async def dsn(make_database: MakeDatabase) -> str:
    """The small trade."""
    return await make_database(sql_of(TRADE))


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(asked=calls())
async def test_they_answer_alike(dsn: str, driver: str, asked: list[Call]) -> None:
    """Answers and errors in full, with and without a transaction, and what is there in the end."""
    script = [line for line in sql_of(TRADE).split(";\n") if line.startswith("INSERT")]
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"TRUNCATE {', '.join(TRADE)}; {'; '.join(script)}")
    await connection.close()
    wanted: dict[str, Any] = {"access": "write", "tools": (Group.DATA, Group.TRANSACTIONS)}
    async with AsyncExitStack() as stack:
        both = [
            Asked(await stack.enter_async_context(client))
            for client in (pgmcp.memory(tables=TRADE, **wanted), pgmcp.connect(dsn, driver=driver, **wanted))
        ]
        memory, server = both
        ending: list[Call] = [("commit_transaction", {}), *(reading(table, {}) for table in COLUMNS)]
        for call in [*asked, *ending]:
            if possible(call, memory.held):
                assert (call, await memory.ask(call)) == (call, await server.ask(call))
                assert (memory.held is None) == (server.held is None)
