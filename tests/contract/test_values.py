"""Values: the same JSON for the same text from every adapter."""

from __future__ import annotations

import pytest
from attrs import evolve

from pgmcp.adapters.memory.declare import column, composite, table
from pgmcp.domain.errors import QueryError
from pgmcp.domain.json import loads
from pgmcp.domain.plans import Batch, Bounds, Insert
from pgmcp.domain.results import Form
from pgmcp.domain.values.types import INT4, TEXT, Type
from tests.fixtures.adapters import MakeAdapter, wire
from tests.fixtures.pool import a_call

PAIR = composite("pair", a=INT4, b=TEXT)
CASES: list[tuple[str | Type, str, str]] = [
    ("int2", "-32768", "-32768"),
    ("int8", "9007199254740993", '"9007199254740993"'),
    ("int8", "123456789012345", "123456789012345"),
    ("numeric", "1.50", "1.50"),
    ("numeric", "1E+5", "100000"),
    ("numeric", "-0.00", "0.00"),
    ("numeric", "NaN", '"NaN"'),
    ("numeric(6,2)", "1.005", "1.01"),
    ("numeric(6,2)", "-1.005", "-1.01"),
    ("numeric(5,-2)", "12345", "12300"),
    ("float8", "0.1", "0.1"),
    ("float8", "1e15", "1e+15"),
    ("float8", "-0", "-0"),
    ("float4", "16777217", "1.6777216e+07"),
    ("float8", "Infinity", '"Infinity"'),
    ("bool", "true", "true"),
    ("text", 'q"\\\n日', '"q\\"\\\\\\n日"'),
    ("varchar(3)", "abc   ", '"abc"'),
    ("char(4)", "ab", '"ab  "'),
    ("name", "x" * 63, f'"{"x" * 63}"'),  # the longest: a longer one is refused before it gets here
    ("bytea", "\\xDEad", '"\\\\xdead"'),
    ("date", "2024-02-29", '"2024-02-29"'),
    ("date", "infinity", '"infinity"'),
    ("date", "0044-03-15 BC", '"0044-03-15 BC"'),
    ("timestamp", "2024-02-29 12:34:56.7890", '"2024-02-29T12:34:56.789"'),
    ("timestamp(0)", "2024-02-29 12:34:56.5", '"2024-02-29T12:34:57"'),
    ("timestamptz", "2024-02-29T12:00:00+02:00", '"2024-02-29T10:00:00+00:00"'),
    ("time", "24:00", '"24:00:00"'),
    ("time(1)", "12:00:00.25", '"12:00:00.3"'),
    ("interval", "1 mon -3 days 01:00", '"P1M-3DT1H"'),
    ("uuid", "{6BCE05DF-9831-DA77-99A5-EDC4F7ABFBEC}", '"6bce05df-9831-da77-99a5-edc4f7abfbec"'),
    ("json", '{"b": 1.50, "a": 1E5}', '{"b":1.50,"a":1E5}'),
    ("jsonb", '{"bb": 1.50, "a": 1E5, "c": -0}', '{"a":100000,"c":0,"bb":1.50}'),
    ("jsonb", "null", '{"$json":null}'),
    ("jsonb", '{"$json": 1}', '{"$json":{"$json":1}}'),
    ("inet", "10.0.0.1/32", '"10.0.0.1"'),
    ("inet", "10.0.0.1/8", '"10.0.0.1/8"'),
    ("cidr", "10.0.0.0/8", '"10.0.0.0/8"'),
    ("int4[]", "{1,NULL,3}", "[1,null,3]"),
    ("int4[]", "{{1,2},{3,4}}", "[[1,2],[3,4]]"),
    ("int4[]", "[2:3]={1,2}", '"[2:3]={1,2}"'),
    ("numeric(4,1)[]", "{1.25,2}", "[1.3,2.0]"),
    ("text[]", '{"a,b",NULL,"NULL",""}', '["a,b",null,"NULL",""]'),
    ("int4range", "(1,5]", '"[2,6)"'),
    ("int4range", "[3,3)", '"empty"'),
    ("int4range", "(2,3)", '"empty"'),
    ("numrange", "(1.50,)", '"(1.50,)"'),
    ("daterange", "[2024-01-01,2024-01-31]", '"[2024-01-01,2024-02-01)"'),
    ("daterange", "[2024-01-01,infinity]", '"[2024-01-01,infinity]"'),
    ("tstzrange", "[2024-01-01 00:00:00.50+00,]", '"[\\"2024-01-01 00:00:00.5+00\\",)"'),
    (PAIR, '(1,"a b")', '{"a":1,"b":"a b"}'),
]


async def test_a_text_becomes_the_same_json(make_adapter: MakeAdapter) -> None:
    """Texts go in as PostgreSQL reads them and come out as the interface writes them, in one row of many columns."""
    columns = {f"c{number}": column(type_) for number, (type_, _, _) in enumerate(CASES)}
    async with make_adapter({"t": table(columns=columns)}) as database:
        relation = await database.relation("t")
        batch = Batch(columns=tuple(columns), rows=(tuple(text for _, text, _ in CASES), (None,) * len(CASES)))
        plan = Insert(relation=relation, returning=tuple(columns), bounds=Bounds())
        made = await database.tables.insert(plan, batch, evolve(a_call(), form=Form.WIRE))
        given, empty = (loads(text) for text in wire(made))
    assert [(case, value) for case, value in zip(CASES, given, strict=True) if value != loads(case[2])] == []
    assert empty == [None] * len(CASES)


BAD = [
    pytest.param("int4", "x", "22P02", id="no number"),
    pytest.param("int2", "40000", "22003", id="out of range"),
    pytest.param("numeric(3,1)", "1000", "22003", id="overflow"),
    pytest.param("varchar(2)", "abc", "22001", id="too long"),
    pytest.param("char(2)", "abc", "22001", id="too long for char"),
    pytest.param("uuid", "x", "22P02", id="no uuid"),
    pytest.param("int4range", "[5,1]", "22000", id="range turned round"),
    pytest.param("jsonb", "{", "22P02", id="no json"),
]


@pytest.mark.parametrize("type_, text, sqlstate", BAD)
async def test_a_text_that_is_no_value_names_its_column_and_row(
    make_adapter: MakeAdapter, type_: str, text: str, sqlstate: str
) -> None:
    """What planning let pass; nothing of the batch stays."""
    async with make_adapter({"t": table(columns={"a": "int4", "b": column(type_)})}) as database:
        relation = await database.relation("t")
        batch = Batch(columns=("a", "b"), rows=(("1", None), ("2", text)))
        with pytest.raises(QueryError) as caught:
            await database.tables.insert(Insert(relation=relation, bounds=Bounds()), batch, a_call())
        assert caught.value.sqlstate == sqlstate
        assert await database.rows("t") == []
