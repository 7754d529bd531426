"""Relations as planning knows them."""

from __future__ import annotations

import pytest
from attrs import evolve

from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.values.types import INT4, TEXT, array_of
from tests.fixtures.relations import THINGS

ID, CODE, NAME = Column(name="id", type=INT4), Column(name="code", type=TEXT), Column(name="name", type=TEXT)
TABLE = Relation(name=Name("public", "t"), kind=RelationKind.TABLE, columns=(ID, CODE, NAME))


def test_a_name_is_shown_with_its_schema() -> None:
    """For messages."""
    assert str(Name("sales", "orders")) == "sales.orders"


@pytest.mark.parametrize(
    "on_path, display",
    [pytest.param(True, "t", id="on the search path"), pytest.param(False, "public.t", id="off it")],
)
def test_display(on_path: bool, display: str) -> None:
    """A relation is called as its caller can call it."""
    assert evolve(TABLE, on_path=on_path).display == display


@pytest.mark.parametrize(
    "column, shown",
    [
        pytest.param(Column(name="c", type=TEXT, declared="varchar(12)"), "varchar(12)", id="as declared"),
        pytest.param(Column(name="c", type=array_of(INT4)), "int4[]", id="by its type"),
    ],
)
def test_type_name(column: Column, shown: str) -> None:
    """The modifier belongs to what a caller sees."""
    assert column.type_name == shown


@pytest.mark.parametrize(
    "relation, key",
    [
        pytest.param(TABLE, (), id="none"),
        pytest.param(evolve(TABLE, primary_key=("id",), unique=(("code",),)), ("id",), id="the primary key first"),
        pytest.param(evolve(TABLE, unique=(("code", "name"), ("name",))), ("name",), id="the shortest unique key"),
        pytest.param(evolve(TABLE, unique=(("code",), ("name",))), ("code",), id="the first of equal length"),
        pytest.param(evolve(TABLE, primary_key=("id",), has_children=True), (), id="none that children share"),
    ],
)
def test_key(relation: Relation, key: tuple[str, ...]) -> None:
    """What makes an order total."""
    assert relation.key == key


def test_columns_by_name() -> None:
    """In the relation's order."""
    assert list(TABLE.by_name.items()) == [("id", ID), ("code", CODE), ("name", NAME)]
    assert TABLE.by_name is TABLE.by_name


def test_a_comment_does_not_make_another_relation() -> None:
    """Statements are kept by the relation's shape, of which a comment is no part."""
    assert evolve(THINGS, comment="All things") == THINGS


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    """Keys of a shared cache are made of it; the order of a set hangs on the process."""
    assert "frozenset" not in repr(TABLE)
