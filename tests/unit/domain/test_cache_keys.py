"""Keys of cached results."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve, fields

from pgmcp.domain.caching.keys import Prefix, of_select, of_statement, spelt
from pgmcp.domain.filters.tree import EVERYTHING, Compare, Comparison, Literal, Operand, View
from pgmcp.domain.plans import Bounds, Effect, Page, RawQuery, Select, StatementKind
from pgmcp.domain.relations import Column, Name, Order, Relation, RelationKind
from pgmcp.domain.values.types import INT4, TEXT, TIMESTAMPTZ

RELATION = Relation(name=Name("public", "t"), kind=RelationKind.TABLE, columns=(Column(name="a", type=TEXT),))
OPERAND = Operand(column="a", type=TEXT)
COMPARE = Compare(operand=OPERAND, op=Comparison.EQ, value=Literal("x", TEXT))
ORDER = Order(operand=OPERAND)
PLAN = Select(relation=RELATION, columns=("a",), filter=COMPARE, order=(ORDER,), page=Page(limit=1), bounds=Bounds())
STATEMENT = RawQuery(text="SELECT $1", kind=StatementKind.ROWS, effect=Effect.READ, params=("x",), bounds=Bounds())


def test_whatever_differs_gives_another_key() -> None:
    """The secret, what many reads have in common, and what is a read's own."""
    wider = evolve(RELATION, columns=(*RELATION.columns, Column(name="b", type=TIMESTAMPTZ)))
    keys = [
        Prefix(secret, *common).key(own)
        for secret, common, own in (
            (b"s", ("read", RELATION), "x"),
            (b"other", ("read", RELATION), "x"),
            (b"s", ("query", RELATION), "x"),
            (b"s", ("read", wider), "x"),
            (b"s", ("read", RELATION, None), "x"),
            (b"s", ("read", RELATION), "y"),
        )
    ]
    assert len(set(keys)) == len(keys)
    assert Prefix(b"s", "read", RELATION).key("x") == keys[0]


OTHERS: dict[type[Any], tuple[Any, dict[str, Any]]] = {
    Literal: (Literal("x", TEXT), {"text": "y", "type": INT4}),
    Operand: (OPERAND, {"column": "b", "type": INT4, "path": ("k",), "view": View.TEXT}),
    Compare: (
        COMPARE,
        {"operand": evolve(OPERAND, column="b"), "op": Comparison.NE, "value": None, "fold": True},
    ),
    Order: (ORDER, {"operand": evolve(OPERAND, column="b"), "descending": True, "nulls_first": True}),
}


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.__name__) for kind in OTHERS])
def test_every_part_of_what_is_spelt_by_hand_counts(kind: type[Any]) -> None:
    """A part that were left out would give one read another's answer."""
    value, others = OTHERS[kind]
    assert set(others) == {each.name for each in fields(kind) if each.eq}
    spellings = {spelt(value), *(spelt(evolve(value, **{name: other})) for name, other in others.items())}
    assert len(spellings) == 1 + len(others)


def test_every_part_of_a_read_counts() -> None:
    """But the relation, which stands in the prefix."""
    others: dict[str, Any] = {
        "columns": ("b",),
        "filter": EVERYTHING,
        "order": (),
        "keyed": True,
        "page": [Page(limit=2), Page(limit=1, offset=1), Page(limit=1, after=(None,))],
        "bounds": [Bounds(max_rows=1), Bounds(max_bytes=1)],
    }
    assert {*others, "relation"} == {each.name for each in fields(Select)}
    plans = [PLAN]
    for name, values in others.items():
        plans += [evolve(PLAN, **{name: value}) for value in (values if isinstance(values, list) else [values])]
    assert len({of_select(plan) for plan in plans}) == len(plans)


def test_every_part_of_a_statement_counts() -> None:
    """But the text, which stands in the prefix, and what follows from it."""
    plans = [STATEMENT, *(evolve(STATEMENT, params=each) for each in (("y",), (1,), ("1",), ([1],), ({"a": 1},), ()))]
    plans += [evolve(STATEMENT, bounds=each) for each in (Bounds(max_rows=1), Bounds(max_bytes=1))]
    assert len({of_statement(plan) for plan in plans}) == len(plans)


@pytest.mark.parametrize("word", [pytest.param(word, id=word) for word in ("today", "NOW", "x tomorrow")])
def test_what_means_another_moment_has_no_key(word: str) -> None:
    """PostgreSQL takes such words as times."""
    prefix = Prefix(b"s", "read")
    assert prefix.key(of_select(evolve(PLAN, filter=evolve(COMPARE, value=Literal(word, TEXT))))) is None
    assert prefix.key(of_statement(evolve(STATEMENT, params=([word],)))) is None


def test_no_value_poses_as_another() -> None:
    """Texts with brackets, empty texts, numbers, truths and members of enumerations are told apart."""
    values = ["", "()", "N", (), ("",), ("", ""), (("",),), None, 1, "1", True, 1.0, ["a"], {"a": 1}, frozenset({"a"})]
    spellings = {spelt(value) for value in (*values, View.TEXT, "text")}
    assert len(spellings) == len(values) + 2
