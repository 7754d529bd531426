"""The nearest right names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pgmcp.domain.suggestions import did_you_mean, nearest


@pytest.mark.parametrize(
    "name, known, found",
    [
        pytest.param("custmers", ["orders", "customers"], ("customers",), id="a letter left out"),
        pytest.param("ORDERS", ["orders", "order_items"], ("orders", "order_items"), id="case weighs nothing"),
        pytest.param("straße", ["STRASSE"], ("STRASSE",), id="folded as Unicode folds"),
        pytest.param("a", ["xyz"], (), id="nothing near"),
        pytest.param("", ["name"], (), id="an empty name"),
        pytest.param("item", ["item1", "item2", "item3", "item4"], ("item2", "item3", "item4"), id="three at most"),
        pytest.param("x" * 10_000, ["x" * 100], ("x" * 100,), id="only the first 100 characters count"),
    ],
)
def test_nearest(name: str, known: list[str], found: tuple[str, ...]) -> None:
    """What looks most alike, nearest first."""
    assert tuple(sorted(nearest(name, known))) == tuple(sorted(found))


def test_nearest_first() -> None:
    """The order of the hint is the order of likeness, not of the catalogue."""
    assert nearest("order_item", ["order", "order_items"]) == ("order_items", "order")


def test_a_limit() -> None:
    """As many as are asked for."""
    assert nearest("item", ["item1", "item2", "item3"], limit=1) == ("item3",)


def test_what_is_hardly_alike_is_no_suggestion() -> None:
    """Three letters of ten alike are no help."""
    assert nearest("status", ["statistics", "state", "xx"]) == ("state", "statistics")
    assert nearest("abcdefghij", ["abcvwxyz01"]) == ()


def test_only_so_many_names_are_looked_at() -> None:
    """A catalogue of millions of names costs no more than 2,000 of them."""
    asked = 0

    def names() -> Iterator[str]:
        nonlocal asked
        while True:
            asked += 1
            yield f"table_{asked}"

    assert nearest("table_2000", names()) == ("table_2000", "table_200", "table_1200")
    assert asked == 2000


@pytest.mark.parametrize(
    "name, known, otherwise, hint",
    [
        pytest.param("naem", ["name", "id"], "", "Did you mean 'name'?", id="one"),
        pytest.param("nam", ["name", "names"], "", "Did you mean 'name' or 'names'?", id="two"),
        pytest.param("zzz", ["name"], "Look around.", "Look around.", id="otherwise"),
        pytest.param("zzz", ["name"], "", None, id="nothing to say"),
        pytest.param("zzz", [], "Look around.", "Look around.", id="nothing known"),
    ],
)
def test_hint(name: str, known: list[str], otherwise: str, hint: str | None) -> None:
    """A hint names what is near, or says what to do."""
    assert did_you_mean(name, known, otherwise=otherwise) == hint
