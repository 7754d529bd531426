from __future__ import annotations

from typing import Any

import pytest

from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.conditions import condition
from pgmcp.adapters.postgres.naming import constant, qualified, quote, type_name
from pgmcp.adapters.postgres.ordering import behind, order_by
from pgmcp.domain.filters.tree import (
    And,
    Compare,
    Comparison,
    Filter,
    Is,
    Literal,
    Match,
    Member,
    Not,
    Operand,
    Or,
    Pattern,
    Spatial,
    SpatialOp,
    Truth,
    View,
)
from pgmcp.domain.relations import Order
from pgmcp.domain.values.types import FLOAT8, INT4, JSONB, NUMERIC, TEXT, Type, array_of
from tests.fixtures.hostile import HOSTILE, ID, INT, POSITIVE, TABLE, N, eq
from tests.fixtures.walked import cases


@pytest.mark.parametrize(
    "got, expected",
    [
        pytest.param(quote('a"b'), '"a""b"', id="identifier"),
        pytest.param(qualified(TABLE.name), '"a.b"."q""t"', id="qualified"),
        pytest.param(constant("it's"), "'it''s'", id="constant"),
        pytest.param(constant("a\\'b"), "E'a\\\\''b'", id="backslash"),
        pytest.param(type_name(Type(name="bit")), '"pg_catalog"."bit"', id="no bit(1)"),
        pytest.param(type_name(POSITIVE), '"pg_catalog"."int4"', id="domain"),
        pytest.param(type_name(array_of(Type(name='x"y', schema="s"))), '"s"."x""y"[]', id="array"),
    ],
)
def test_names(got: str, expected: str) -> None:
    """Every name is quoted, whatever it holds."""
    assert got == expected


@cases(
    "tree, sql, values",
    [
        pytest.param(And(()), "TRUE", [], id="everything"),
        pytest.param(Or(()), "FALSE", [], id="nothing"),
        pytest.param(Not(eq(N, "5")), f'(NOT (t."n" = $1{INT}))', ["5"], id="not"),
        pytest.param(
            And((eq(ID, "1"), Or((eq(N, "2"), eq(N, "3"))))),
            f'((t."id" = $1{INT}) AND ((t."n" = $2{INT}) OR (t."n" = $3{INT})))',
            ["1", "2", "3"],
            id="nested",
        ),
        pytest.param(
            eq(Operand(column=HOSTILE, type=TEXT), HOSTILE),
            '(t."""; DROP TABLE x; --" = $1::text)',
            [HOSTILE],
            id="hostile name and value",
        ),
        pytest.param(
            eq(Operand(column="cash", type=Type(name="money")), "1.50"),
            '(t."cash" = $1::text::pg_catalog.numeric::pg_catalog.money)',
            ["1.50"],
            id="money through numeric",
        ),
        pytest.param(
            eq(Operand(column="pos", type=INT4), "1"),
            f'(t."pos"::"pg_catalog"."int4" = $1{INT})',
            ["1"],
            id="domain as its base",
        ),
        pytest.param(
            Member(operand=N, values=(Literal("1", INT4), Literal("2", INT4)), negated=True),
            '(t."n" <> ALL ($1::text[]::"pg_catalog"."int4"[]))',
            [["1", "2"]],
            id="one parameter for a list",
        ),
        pytest.param(Member(operand=N, values=()), "FALSE", [], id="in nothing"),
        pytest.param(Member(operand=N, values=(), negated=True), "TRUE", [], id="not in nothing"),
        pytest.param(
            Compare(operand=N, op=Comparison.DISTINCT_FROM, value=None),
            '(t."n" IS DISTINCT FROM NULL)',
            [],
            id="distinct from NULL",
        ),
        pytest.param(
            eq(Operand(column="doc", type=TEXT, path=("a", "b"), view=View.TEXT), "x"),
            '((t."doc" -> $1::text ->> $2::text) = $3::text)',
            ["a", "b", "x"],
            id="path",
        ),
        pytest.param(
            Is(operand=Operand(column="js", type=JSONB, path=("a", 0)), truth=Truth.NULL),
            '((t."js" -> $1::text #> $2::text[])::jsonb IS NULL)',
            ["a", ["0"]],
            id="position",
        ),
        pytest.param(
            Compare(
                operand=Operand(column="doc", type=NUMERIC, path=("n",), view=View.NUMBER),
                op=Comparison.LT,
                value=Literal("9", NUMERIC),
            ),
            "(CASE WHEN (t.\"doc\" ->> $1::text) ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,5})?$' "
            'THEN (t."doc" ->> $1::text)::numeric END < $2::text::"pg_catalog"."numeric")',
            ["n", "9"],
            id="number in a document",
        ),
        pytest.param(
            Match(
                operand=Operand(column=HOSTILE, type=TEXT),
                pattern=Pattern.ENDS_WITH,
                value=Literal("X", TEXT),
                fold=True,
            ),
            '(pg_catalog.right(pg_catalog.lower(t."""; DROP TABLE x; --"), '
            "pg_catalog.length(pg_catalog.lower($1::text))) = pg_catalog.lower($1::text))",
            ["X"],
            id="ends with, in any case",
        ),
        pytest.param(
            Compare(
                operand=Operand(column="label", type=Type(name="name")),
                op=Comparison.EQ,
                value=Literal("X", TEXT),
                fold=True,
            ),
            '(pg_catalog.lower(t."label") = pg_catalog.lower(CASE WHEN FALSE THEN t."label" ELSE $1::text END))',
            ["X"],
            id="in any case, as the column's collation has it",
        ),
        pytest.param(
            Spatial(
                operand=Operand(column="place", type=Type(name="point")),
                op=SpatialOp.NEAR,
                shape=Literal("(1,2)", Type(name="point")),
                distance=Literal("3", FLOAT8),
            ),
            '(t."place" <@ pg_catalog.circle($1::text::"pg_catalog"."point", $2::text::"pg_catalog"."float8"))',
            ["(1,2)", "3"],
            id="near, for an index",
        ),
    ],
)
def test_conditions(tree: Filter, sql: str, values: list[Any]) -> None:
    """Every value is a parameter with a cast, and the operator one that an index serves."""
    binder = Binder()
    assert (condition(tree, TABLE, binder), binder.values) == (sql, values)


@pytest.mark.parametrize(
    "order, after, ordered, sql",
    [
        pytest.param((Order(operand=ID),), ("7",), '(t."id")', f'((t."id") > ($1{INT}))', id="key"),
        pytest.param(
            (Order(operand=ID, descending=True, nulls_first=True),),
            ("7",),
            '(t."id") DESC',
            f'((t."id") < ($1{INT}))',
            id="key backwards",
        ),
        pytest.param(
            (Order(operand=N), Order(operand=ID)),
            ("5", "7"),
            '(t."n"), (t."id")',
            f'((t."n" > $2{INT} OR t."n" IS NULL) OR ((t."n" = $3{INT}) AND (t."id" > $1{INT})))',
            id="nulls last",
        ),
        pytest.param(
            (Order(operand=N), Order(operand=ID)),
            (None, "7"),
            '(t."n"), (t."id")',
            f'(FALSE OR ((t."n" IS NULL) AND (t."id" > $1{INT})))',
            id="behind NULL, last",
        ),
        pytest.param(
            (Order(operand=N, nulls_first=True), Order(operand=ID)),
            (None, "7"),
            '(t."n") NULLS FIRST, (t."id")',
            f'((t."n" IS NOT NULL) OR ((t."n" IS NULL) AND (t."id" > $1{INT})))',
            id="behind NULL, first",
        ),
        pytest.param(
            (Order(operand=N, descending=True), Order(operand=ID)),
            ("5", "7"),
            '(t."n") DESC NULLS LAST, (t."id")',
            f'((t."n" < $2{INT} OR t."n" IS NULL) OR ((t."n" = $3{INT}) AND (t."id" > $1{INT})))',
            id="both ways",
        ),
        pytest.param(
            (Order(operand=ID, descending=True, nulls_first=True), Order(operand=N)),
            ("7", "5"),
            '(t."id") DESC, (t."n")',
            f'(t."id" <= $4{INT} AND ((t."id" < $2{INT}) OR '
            f'((t."id" = $3{INT}) AND (t."n" > $1{INT} OR t."n" IS NULL))))',
            id="an index can begin at the first key",
        ),
    ],
)
def test_order_and_pages(order: tuple[Order, ...], after: tuple[str | None, ...], ordered: str, sql: str) -> None:
    """What comes behind a row is said exactly, with NULLs where the order has them."""
    literals = [None if text is None else Literal(text, INT4) for text in after]
    assert (order_by(order, TABLE, Binder()), behind(order, literals, TABLE, Binder())) == (f" ORDER BY {ordered}", sql)
