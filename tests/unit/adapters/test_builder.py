from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.adapters.postgres.cutting import Cut, settle, settle_row
from pgmcp.adapters.postgres.wire.checked import checked
from pgmcp.adapters.postgres.wire.dialect import ANY, NEWER
from pgmcp.domain.filters.tree import (
    Literal,
)
from pgmcp.domain.plans import Assignment, Batch, Delete, Insert, OnConflict, Page, Select, Update
from pgmcp.domain.plans import ConflictAction as Action
from pgmcp.domain.relations import Order
from pgmcp.domain.results import Truncation, WireRows
from pgmcp.domain.values.types import INT4
from tests.fixtures.hostile import BOUNDS, HOSTILE, ID, INT, TABLE, N, eq
from tests.fixtures.walked import cases

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
        "SELECT pg_catalog.string_agg(CASE WHEN s.total <= 500 THEN s.w ELSE '' END, E'\\x1e' ORDER BY s.total) AS w "
        "FROM (SELECT w, pg_catalog.sum(pg_catalog.octet_length(w) + 1) OVER (ROWS UNBOUNDED PRECEDING) AS total "
        "FROM (SELECT "
        f"'[' || pg_catalog.concat_ws(',', coalesce({checked('(q.c1)::text', 'q.c1', INT4)}, 'null')) || ']' AS w "
        f'FROM (SELECT t."id" AS c1 FROM "a.b"."q""t" AS t WHERE (t."n" = $1{INT}) ORDER BY (t."id") '
        "LIMIT $2::text::pg_catalog.int8) AS q OFFSET 0) AS m) AS s "
        "WHERE s.total - pg_catalog.octet_length(s.w) <= 500 + 1 GROUP BY s.total / 65536 ORDER BY s.total / 65536"
    )
    assert (first.parameters, other.parameters) == (("1", "6"), ("2", "10"))


def test_a_row_by_its_key_comes_in_parts() -> None:
    """Nothing that only many rows need: no order, no limit, no running sum, no JSON that can be written here."""
    written = builder().select(evolve(SELECT, columns=("id", "n"), filter=eq(ID, "1")))
    assert written.statement.text == (
        f"SELECT pg_catalog.format(E'%s\\x1e%s', {checked('q.c1', 'q.c1', INT4)}, {checked('q.c2', 'q.c2', INT4)})"
        "::pg_catalog.varchar(500) AS w FROM "
        f'(SELECT t."id" AS c1, t."n" AS c2 FROM "a.b"."q""t" AS t WHERE (t."id" = $1{INT})) AS q'
    )
    assert written.statement.parameters == ("1",)
    assert settle_row([("1\x1e",)], written.shown.assemble, BOUNDS) == "[1,null]"


def test_a_row_above_what_a_varchar_holds_is_cut_otherwise() -> None:
    """The server has no modifier for so large a cap."""
    written = builder().select(
        evolve(SELECT, columns=("id",), filter=eq(ID, "1"), bounds=evolve(BOUNDS, max_bytes=10_485_761))
    )
    assert written.statement.text == (
        "SELECT CASE WHEN pg_catalog.octet_length(s.w) < 10485761 THEN s.w END AS w FROM "
        f"(SELECT pg_catalog.format(E'%s', {checked('q.c1', 'q.c1', INT4)}) AS w FROM "
        f'(SELECT t."id" AS c1 FROM "a.b"."q""t" AS t WHERE (t."id" = $1{INT})) AS q OFFSET 0) AS s'
    )


def test_keys_come_beside_a_row_that_does_not_show_them() -> None:
    """A row without the order's columns has their JSON in a second column."""
    hidden = builder().select(evolve(SELECT, columns=("n",)))
    assert hidden.keys == (INT4,)
    assert 't."n" AS c1, t."id" AS k1 FROM' in hidden.statement.text
    made = f"coalesce({checked('(q.k1)::text', 'q.k1', INT4)}, 'null')"
    assert f"'[' || pg_catalog.concat_ws(',', {made}) || ']' AS k" in hidden.statement.text


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
            f'INSERT INTO "a.b"."q""t" AS t ("id") VALUES ($1{INT}) '
            'ON CONFLICT ("id") DO UPDATE SET "n" = EXCLUDED."n"',
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


def cut(*rows: str, **facts: Any) -> Cut:
    """What is left of a result."""
    return Cut(rows=WireRows.of(rows), count=len(rows), **facts)


@cases(
    "records, limit, expected",
    [
        pytest.param([("a",)], 2, cut("a"), id="all"),
        pytest.param([("a\x1eb\x1ec",)], 2, cut("a", "b", more=True), id="more"),
        pytest.param([("a\x1eb",), ("c",)], 2, cut("a", "b", more=True), id="more, in two records"),
        pytest.param([("a\x1eb\x1e",)], 2, cut("a", "b", more=True), id="only the extra row is cut"),
        pytest.param(
            [("a",), ("",)],
            2,
            cut("a", more=True, truncated=Truncation.BYTES),
            id="cut by bytes",
        ),
        pytest.param([("",)], 2, cut(more=True, truncated=Truncation.BYTES, too_large=True), id="first row too large"),
        pytest.param(
            [("a",)] * 11,
            20,
            cut(*["a"] * 10, more=True, truncated=Truncation.ROWS),
            id="cut by rows",
        ),
        pytest.param([("",)], 0, cut(more=True), id="none asked for"),
        pytest.param([], 2, cut(), id="none there"),
        pytest.param(
            [("a\x1eb", "1\x1e2"), ("c", "3")],
            3,
            cut("a", "b", "c"),
            id="keys behind which nothing follows",
        ),
        pytest.param(
            [("a\x1eb\x1ec", "1\x1e2\x1e3")],
            2,
            cut("a", "b", last_keys="2", more=True),
            id="keys before more",
        ),
    ],
)
def test_what_was_cut(records: list[Any], limit: int, expected: Cut) -> None:
    """Records are taken apart; the extra row and the mark of a cut are taken away, and said."""
    assert settle(records, limit, BOUNDS) == expected


@pytest.mark.parametrize(
    "records, expected",
    [
        pytest.param([], "", id="none there"),
        pytest.param([("x",)], "[x]", id="one"),
        pytest.param([("",)], "[]", id="nothing but NULL"),
        pytest.param([("x" * 497,)], f"[{'x' * 497}]", id="as large as can be"),
        pytest.param([("é" * 249,)], None, id="too many bytes once put together"),
        pytest.param([("x" * 500,)], None, id="cut on the server"),
        pytest.param([(None,)], None, id="left out by the server"),
    ],
)
def test_one_row_is_put_together(records: list[Any], expected: str | None) -> None:
    """A row's parts become its JSON, unless that is above the cap."""
    assert settle_row(records, lambda joined: f"[{joined}]", BOUNDS) == expected


def test_a_server_before_17_has_to_json_alone() -> None:
    """The text follows the server that is met."""
    met = [NEWER]
    writer = QueryBuilder(SystemClock(), dialect=lambda: met[0])
    plan = evolve(SELECT, columns=(HOSTILE,))
    assert "JSON_SCALAR(q.c1)" in writer.select(plan).statement.text
    met[0] = ANY
    assert "pg_catalog.to_json(q.c1)" in writer.select(plan).statement.text
