"""What a declaration may say, and what is told of one that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

import pgmcp
from pgmcp.adapters.memory import MemoryDatabase
from pgmcp.adapters.memory.declare import TableSpec, check, column, enum, expression, foreign_key, table, view
from pgmcp.adapters.memory.typenames import read_type
from pgmcp.domain.errors import PgmcpError, ValidationError
from pgmcp.domain.plans import Batch, Bounds, DescribeTable, Insert
from tests.fixtures.adapters import in_memory
from tests.fixtures.pool import a_call
from tests.fixtures.walked import cases


@cases(
    "spelling, display, declared",
    [
        pytest.param("int4", "int4", "", id="short"),
        pytest.param("Integer", "int4", "", id="SQL's name"),
        pytest.param("character varying (12)", "varchar", "varchar(12)", id="modifier"),
        pytest.param("char", "char", "char(1)", id="char is one character"),
        pytest.param("bpchar", "char", "", id="bpchar has no length"),
        pytest.param("decimal(10, 2)", "numeric", "numeric(10,2)", id="two numbers"),
        pytest.param("timestamp(3) with time zone", "timestamptz", "timestamptz(3)", id="modifier inside"),
        pytest.param("numeric(4,1)[]", "numeric[]", "numeric(4,1)[]", id="array"),
        pytest.param("text[3][]", "text[]", "", id="dimensions say nothing"),
        pytest.param("mood", "mood", "", id="its own"),
    ],
)
def test_a_type_by_its_name(spelling: str, display: str, declared: str) -> None:
    """As PostgreSQL spells it."""
    found = read_type(spelling, {"mood": enum("mood", "sad")})
    assert (found.type.display, found.spelled) == (display, declared)


def _table(**facts: Any) -> TableSpec:
    return table(columns={"id": "int4", "n": "int4"}, **facts)


@cases(
    "tables, code, message",
    [
        pytest.param({"t": table(columns={"a": "integr"})}, "undefined_object", "there is no type 'integr'", id="type"),
        pytest.param(
            {"t": table(columns={"a": "tsvector"})},
            "feature_not_supported",
            "the memory database does not support the type tsvector",
            id="type of PostgreSQL's alone",
        ),
        pytest.param(
            {"t": table(columns={"a": "interval(2)"})},
            "feature_not_supported",
            "the memory database does not support a modifier on the type interval",
            id="modifier",
        ),
        pytest.param(
            {"t": _table(primary_key="idd")}, "unknown_column", "'t' declares no column 'idd'", id="key's column"
        ),
        pytest.param(
            {"t": table(columns={"a": "json"}, unique=["a"])},
            "feature_not_supported",
            "the memory database does not support a key over columns of type json",
            id="key without equality",
        ),
        pytest.param(
            {"t": _table(foreign_keys=[foreign_key("n", "u")])},
            "unknown_table",
            "a foreign key of 't' refers to the table 'u', which is not declared",
            id="foreign table",
        ),
        pytest.param(
            {"t": _table(foreign_keys=[foreign_key("n", "t", "id")])},
            "unknown_constraint",
            "a foreign key of 't' refers to columns of 't' that are no unique key of it",
            id="no key to refer to",
        ),
        pytest.param(
            {"t": _table(rows=[{"m": 1}])}, "unknown_column", "'t' declares no column 'm'", id="column of a row"
        ),
        pytest.param(
            {"t": _table(rows=[{"id": "x"}])},
            "value_invalid",
            "a declared value doesn't fit the type int4",
            id="value of a row",
        ),
        pytest.param(
            {"t": table(columns={"a": column("int4", default="x")})},
            "value_invalid",
            "a default doesn't fit the type int4",
            id="default",
        ),
        pytest.param(
            {"t": _table(primary_key="id", rows=[{"id": 1}, {"id": 1}])},
            "unique_violation",
            "A row with the same unique key exists already (constraint t_pkey of t).",
            id="rows that break a key",
        ),
        pytest.param(
            {"t": _table(primary_key="id", foreign_keys=[foreign_key("n", "t")], rows=[{"id": 1, "n": 2}])},
            "foreign_key_violation",
            "A foreign key is violated: a row would refer to one that is not there (constraint t_n_fkey of t).",
            id="rows that break a foreign key",
        ),
    ],
)
def test_a_wrong_declaration_is_refused(tables: dict[str, TableSpec], code: str, message: str) -> None:
    """When the database is made, not when it is asked."""
    with pytest.raises(PgmcpError) as caught:
        MemoryDatabase(tables)
    assert (caught.value.code.name, caught.value.message) == (code, message)


def test_a_bad_row_says_where_it_stands() -> None:
    """The table and the row's number, from 0."""
    with pytest.raises(PgmcpError) as caught:
        MemoryDatabase({"t": _table(rows=[{"id": 1}, {"id": "x"}])})
    assert caught.value.details == {"table": "t", "row": 1}


async def test_rows_may_refer_to_later_ones() -> None:
    """Foreign keys are looked at when all rows are there."""
    spec = _table(primary_key="id", foreign_keys=[foreign_key("n", "t")], rows=[{"id": 1, "n": 2}, {"id": 2, "n": 1}])
    async with in_memory({"t": spec}) as database:
        assert await database.rows("t") == ["[1,2]", "[2,1]"]


async def test_constraints_are_named_as_postgresql_names_them() -> None:
    """Numbered where a name is taken, unless the declaration gives one."""
    spec = _table(
        checks=[
            check("n > 0", lambda row: row["n"] > 0, columns="n"),
            check("n < 9", lambda row: row["n"] < 9, columns="n"),
            check("n <> 5", lambda row: row["n"] != 5, name="not_five"),
        ]
    )
    async with in_memory({"t": spec}) as database:
        found = await database.catalogue.describe(DescribeTable(relation=await database.relation("t")), a_call())
    assert found.checks == ("n <> 5", "n > 0", "n < 9")


async def test_views_show_what_their_query_gives() -> None:
    """A view follows its tables, a materialised one keeps what it had; neither takes a write."""
    tables = {
        "t": table(columns={"id": "int4"}, primary_key="id", rows=[{"id": 1}, {"id": 2}]),
        "v": view(
            columns={"id": "int4", "twice": "int8"},
            query=lambda rows: [{"id": row["id"], "twice": 2 * row["id"]} for row in rows["t"]],
        ),
        "w": view(columns={"n": "int8"}, query=lambda rows: [{"n": len(rows["v"])}], materialized=True, unique=["n"]),
    }
    async with in_memory(tables) as database:
        assert await database.rows("v", {"twice": {"gt": 2}}) == ["[2,4]"]
        assert await database.rows("w") == ["[2]"]
        relations = [await database.relation(name) for name in ("v", "w")]
    assert [(each.kind.value, each.insertable, each.updatable) for each in relations] == [
        ("view", False, False),
        ("materialized view", False, False),
    ]


async def test_identities_go_on_behind_the_declared_rows() -> None:
    """As a sequence that was set after loading."""
    spec = table(columns={"id": column("int4", identity="by default"), "n": "int4"}, rows=[{"id": 7, "n": 0}, {"n": 1}])
    async with in_memory({"t": spec}) as database:
        plan = Insert(relation=await database.relation("t"), bounds=Bounds())
        await database.tables.insert(plan, Batch(columns=("n",), rows=(("2",),)), a_call())
        assert await database.rows("t", order="n") == ["[7,0]", "[1,1]", "[8,2]"]


def _failing(*_: Any) -> Any:
    raise KeyError("a value")


@pytest.mark.parametrize(
    "tables, what",
    [
        pytest.param(
            {"t": table(columns={"id": "int4", "g": column("int4", generated=expression("x", _failing))})},
            "the generated column 'g' of 't'",
            id="a generated column",
        ),
        pytest.param(
            {"t": table(columns={"id": "int4", "d": column("int4", default=_failing)})},
            "the default of 'd' of 't'",
            id="a default",
        ),
        pytest.param(
            {"t": table(columns={"id": "int4", "d": column("int4", default=expression("x()", _failing))})},
            "the default of 'd' of 't'",
            id="a default with its text",
        ),
        pytest.param(
            {"t": table(columns={"id": "int4"}, checks=[check("x", _failing, name="positive")])},
            "the check 'positive' of 't'",
            id="a check",
        ),
    ],
)
async def test_a_declarations_function_that_fails(tables: dict[str, TableSpec], what: str) -> None:
    """It is told as what it is, with the error that it raised behind it and no value of a row."""
    async with pgmcp.memory(tables=tables) as db:
        with pytest.raises(pgmcp.DatabaseError) as caught:
            await db.call(pgmcp.CreateRequest(table="t", data={"id": 1}))
    assert (caught.value.code.name, caught.value.message) == ("raised", f"{what} failed with a KeyError")
    assert isinstance(caught.value.__cause__, KeyError)


async def test_a_view_or_a_statement_that_fails() -> None:
    """So do those that give rows."""
    async with pgmcp.memory({"v": view(columns={"id": "int4"}, query=_failing)}, {"select 1": _failing}) as db:
        for request in (pgmcp.ReadRequest(table="v"), pgmcp.ExecuteQueryRequest(query="select 1")):
            with pytest.raises(pgmcp.DatabaseError) as caught:
                await db.call(request)
            assert caught.value.code.name == "raised"


def test_a_type_that_is_not_there_is_told_with_its_column() -> None:
    """Of many columns one has it."""
    with pytest.raises(PgmcpError) as caught:
        MemoryDatabase({"t": table(columns={"id": "int4", "mac": "macaddr"})})
    assert caught.value.details == {"table": "t", "column": "mac"}


def test_labels_are_given_one_by_one() -> None:
    """A list of them is told at once."""
    with pytest.raises(ValidationError) as caught:
        enum("mood", ["sad", "happy"])  # type: ignore[arg-type] # what a caller without a type checker writes
    assert caught.value.code.name == "wrong_type"
