"""Keys of cached results."""

from __future__ import annotations

import pytest
from attrs import evolve

from pgmcp.domain.caching.footprints import Surroundings
from pgmcp.domain.caching.keys import digest, spelt
from pgmcp.domain.filters.tree import Compare, Comparison, Literal, Operand
from pgmcp.domain.plans import Bounds, Page, Select
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.values.types import TEXT, TIMESTAMPTZ

HERE = Surroundings(database="1/2", role="r", search_path="public", time_zone="UTC")
RELATION = Relation(name=Name("public", "t"), kind=RelationKind.TABLE, columns=(Column(name="a", type=TEXT),))


def plan(text: str, relation: Relation = RELATION) -> Select:
    """A read where a column equals a text."""
    held = Compare(operand=Operand(column="a", type=TEXT), op=Comparison.EQ, value=Literal(text, TEXT))
    return Select(relation=relation, columns=("a",), filter=held, page=Page(limit=1), bounds=Bounds())


def test_whatever_differs_gives_another_key() -> None:
    """Secret, value, definition, caller, database, role, path and zone."""
    wider = evolve(RELATION, columns=(*RELATION.columns, Column(name="b", type=TIMESTAMPTZ)))
    keys = [
        digest(b"s", plan("x"), "v", HERE),
        digest(b"other", plan("x"), "v", HERE),
        digest(b"s", plan("y"), "v", HERE),
        digest(b"s", plan("x", wider), "v", HERE),
        digest(b"s", plan("x"), "w", HERE),
        *[
            digest(b"s", plan("x"), "v", evolve(HERE, **{name: "z"}))
            for name in ("database", "role", "search_path", "time_zone")
        ],
    ]
    assert len(set(keys)) == len(keys)
    assert digest(b"s", plan("x"), "v", HERE) == keys[0]


@pytest.mark.parametrize("word", [pytest.param(word, id=word) for word in ("today", "NOW", "x tomorrow")])
def test_what_means_another_moment_has_no_key(word: str) -> None:
    """PostgreSQL takes such words as times."""
    assert digest(b"s", plan(word), "v", HERE) is None


def test_no_value_poses_as_another() -> None:
    """Texts with brackets, empty texts, numbers and truths are told apart."""
    values = ["", "()", "N", (), ("",), ("", ""), (("",),), None, 1, "1", True, 1.0, ["a"], {"a": 1}, frozenset({"a"})]
    spellings = {spelt(value) for value in values}
    assert len(spellings) == len(values)
