from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.adapters.postgres.conditions import condition
from pgmcp.adapters.postgres.cutting import Cut, settle
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
from pgmcp.domain.plans import Assignment, Batch, Bounds, Delete, Insert, OnConflict, Order, Page, Select, Update
from pgmcp.domain.plans import ConflictAction as Action
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.results import Truncation
from pgmcp.domain.values.types import FLOAT8, INT4, JSON, JSONB, NUMERIC, TEXT, Kind, Type, array_of

POSITIVE = Type(name="positive", schema="public", kind=Kind.DOMAIN, base=INT4)
HOSTILE = '"; DROP TABLE x; --'
TABLE = Relation(
    name=Name("a.b", 'q"t'),
    kind=RelationKind.TABLE,
    columns=(
        Column(name="id", type=INT4, nullable=False),
        Column(name="n", type=INT4),
        Column(name=HOSTILE, type=TEXT),
        Column(name="bits", type=Type(name="bit")),
        Column(name="cash", type=Type(name="money")),
        Column(name="doc", type=JSONB),
        Column(name="js", type=JSON),
        Column(name="tags", type=array_of(TEXT)),
        Column(name="pos", type=POSITIVE),
        Column(name="place", type=Type(name="point")),
    ),
    primary_key=("id",),
)
BOUNDS = Bounds(max_rows=10, max_bytes=500)
ID, N = Operand(column="id", type=INT4), Operand(column="n", type=INT4)


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


def eq(operand: Operand, text: str) -> Compare:
    """An equality."""
    return Compare(operand=operand, op=Comparison.EQ, value=Literal(text, operand.type))


INT = '::text::"pg_catalog"."int4"'


@pytest.mark.parametrize(
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
            f'(t."id" <= $4{INT} AND ((t."id" < $2{INT}) OR ((t."id" = $3{INT}) AND (t."n" > $1{INT} OR t."n" IS NULL))))',
            id="an index can begin at the first key",
        ),
    ],
)
def test_order_and_pages(order: tuple[Order, ...], after: tuple[str | None, ...], ordered: str, sql: str) -> None:
    """What comes behind a row is said exactly, with NULLs where the order has them."""
    literals = [None if text is None else Literal(text, INT4) for text in after]
    assert (order_by(order, TABLE, Binder()), behind(order, literals, TABLE, Binder())) == (f" ORDER BY {ordered}", sql)


SELECT = Select(
    relation=TABLE, columns=("id",), order=(Order(operand=ID),), keyed=True, page=Page(limit=5), bounds=BOUNDS
)
INSERT = Insert(relation=TABLE, bounds=BOUNDS)


def builder() -> QueryBuilder:
    """A builder that has kept nothing."""
    return QueryBuilder(SystemClock())


def test_a_reads_text_follows_from_its_shape() -> None:
    """Other values give the same text; the whole of it stands here once."""
    first = builder().select(evolve(SELECT, filter=eq(N, "1"))).statement
    other = builder().select(evolve(SELECT, filter=eq(N, "2"), page=Page(limit=9))).statement
    assert first.text == other.text
    assert first.text == (
        "SELECT CASE WHEN s.total <= $3::text::pg_catalog.int8 THEN s.w END AS w FROM (SELECT w, "
        "pg_catalog.octet_length(w) + 1 AS size, pg_catalog.sum(pg_catalog.octet_length(w) + 1) "
        "OVER (ROWS UNBOUNDED PRECEDING) AS total FROM (SELECT "
        "'[' || pg_catalog.concat_ws(',', coalesce(q.c1::text, 'null')) || ']' AS w "
        f'FROM (SELECT t."id" AS c1 FROM "a.b"."q""t" AS t WHERE (t."n" = $1{INT}) ORDER BY (t."id") '
        "LIMIT $2::text::pg_catalog.int8) AS q OFFSET 0) AS m) AS s "
        "WHERE s.total - s.size <= $3::text::pg_catalog.int8"
    )
    assert (first.parameters, other.parameters) == (("1", "6", "500"), ("2", "10", "500"))


def test_keys_come_beside_a_row_that_does_not_show_them() -> None:
    """A row without the order's columns has their JSON in a second column."""
    hidden = builder().select(evolve(SELECT, columns=("n",)))
    assert hidden.keys == (INT4,)
    assert 't."n" AS c1, t."id" AS k1 FROM' in hidden.statement.text
    assert "'[' || pg_catalog.concat_ws(',', coalesce(q.k1::text, 'null')) || ']' AS k" in hidden.statement.text


@pytest.mark.parametrize(
    "batch, conflict, text, values",
    [
        pytest.param(
            Batch(columns=("id", "bits"), rows=(("1", None),)),
            OnConflict(),
            f'INSERT INTO "a.b"."q""t" AS t ("id", "bits") VALUES ($1{INT}, $2::text::"pg_catalog"."bit")',
            ("1", None),
            id="one",
        ),
        pytest.param(
            Batch(columns=("id", HOSTILE), rows=(("1", "a"), ("2", None))),
            OnConflict(action=Action.IGNORE),
            'INSERT INTO "a.b"."q""t" AS t ("id", """; DROP TABLE x; --") '
            'SELECT u.c1::"pg_catalog"."int4", u.c2 FROM ROWS FROM (pg_catalog.unnest($1::text[]), '
            "pg_catalog.unnest($2::text[])) WITH ORDINALITY AS u(c1, c2, o) ORDER BY u.o ON CONFLICT DO NOTHING",
            (("1", "2"), ("a", None)),
            id="many",
        ),
        pytest.param(
            Batch(columns=("id",), rows=(("1",),)),
            OnConflict(action=Action.UPDATE, target=("id",), update=("n",)),
            f'INSERT INTO "a.b"."q""t" AS t ("id") VALUES ($1{INT}) ON CONFLICT ("id") DO UPDATE SET "n" = EXCLUDED."n"',
            ("1",),
            id="update",
        ),
        pytest.param(
            Batch(columns=(), rows=((),)),
            OnConflict(),
            'INSERT INTO "a.b"."q""t" AS t DEFAULT VALUES',
            (),
            id="defaults",
        ),
    ],
)
def test_inserts(batch: Batch, conflict: OnConflict, text: str, values: tuple[Any, ...]) -> None:
    """One text for batches of any size, and casts that cut nothing."""
    statement = builder().insert(evolve(INSERT, on_conflict=conflict), batch).statement
    assert (statement.text, statement.parameters) == (text, values)


CAPPED = (
    "SELECT CASE WHEN pg_catalog.width_bucket(0::float8, 0, 1, CASE WHEN pg_catalog.count(*) > "
    "$3::text::pg_catalog.int8 THEN 0 ELSE 1 END) = 1 THEN pg_catalog.count(*)::text END AS w "
    "FROM (SELECT FROM u LIMIT $3::text::pg_catalog.int8 + 1) AS l"
)


def test_a_change_is_capped_inside_its_own_statement() -> None:
    """The rows are counted while they come, and one too many ends the statement."""
    assigned = (Assignment(column="n", value=Literal("5", INT4)),)
    update = Update(relation=TABLE, assignments=assigned, filter=eq(ID, "1"), max_rows=3, bounds=BOUNDS)
    delete = Delete(relation=TABLE, filter=eq(ID, "1"), max_rows=3, bounds=BOUNDS)
    assert builder().update(update).statement.text == (
        f'WITH u AS (UPDATE "a.b"."q""t" AS t SET "n" = $1{INT} WHERE (t."id" = $2{INT}) RETURNING 1 AS c1) {CAPPED}'
    )
    assert builder().delete(delete).statement.text == (
        f'WITH u AS (DELETE FROM "a.b"."q""t" AS t WHERE (t."id" = $1{INT}) RETURNING 1 AS c1) '
        f"{CAPPED.replace('$3', '$2')}"
    )


@pytest.mark.parametrize(
    "rows, limit, expected",
    [
        pytest.param([("a",)], 2, Cut(rows=[("a",)]), id="all"),
        pytest.param([("a",), ("b",), ("c",)], 2, Cut(rows=[("a",), ("b",)], more=True), id="more"),
        pytest.param(
            [("a",), ("b",), (None,)], 2, Cut(rows=[("a",), ("b",)], more=True), id="only the extra row is cut"
        ),
        pytest.param(
            [("a",), (None,)], 2, Cut(rows=[("a",)], more=True, truncated=Truncation.BYTES), id="cut by bytes"
        ),
        pytest.param(
            [(None,)], 2, Cut(rows=[], more=True, truncated=Truncation.BYTES, too_large=True), id="first row too large"
        ),
        pytest.param(
            [("a",)] * 11, 20, Cut(rows=[("a",)] * 10, more=True, truncated=Truncation.ROWS), id="cut by rows"
        ),
        pytest.param([(None,)], 0, Cut(rows=[], more=True), id="none asked for"),
    ],
)
def test_what_was_cut(rows: list[Any], limit: int, expected: Cut) -> None:
    """The extra row and the mark of a cut are taken away, and said."""
    assert settle(rows, limit, BOUNDS) == expected
