"""Responses."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pgmcp.domain.responses import DataResponse
from pgmcp.domain.responses.data import distinct
from pgmcp.domain.results import NativeRows, WireRows


def test_rows_are_dictionaries_of_values() -> None:
    """A name that stands twice is told apart."""
    answer = DataResponse(
        columns=("id", "total", "id"),
        types=("int4", "numeric", "int4"),
        data=NativeRows(((1, Decimal("1.50"), 7), (2, None, 8))),
        count=2,
    )
    assert answer.rows == [
        {"id": 1, "total": Decimal("1.50"), "id_2": 7},
        {"id": 2, "total": None, "id_2": 8},
    ]


def test_wire_rows_are_not_read_again() -> None:
    """Whoever asked for JSON has JSON."""
    answer = DataResponse(columns=("id",), types=("int4",), data=WireRows.of(("[1]",)), count=1)
    with pytest.raises(TypeError, match=r"^this answer is in wire form; ask for native values to read its rows$"):
        assert answer.rows


def test_rows_stay_out_of_a_log() -> None:
    """Printing an answer shows no value."""
    answer = DataResponse(columns=("id",), types=("text",), data=NativeRows((("secret",),)), count=1)
    assert "secret" not in repr(answer)


@pytest.mark.parametrize(
    "names, found",
    [
        pytest.param((), (), id="none"),
        pytest.param(("a", "b"), ("a", "b"), id="different"),
        pytest.param(("a", "a", "a"), ("a", "a_2", "a_3"), id="thrice"),
        pytest.param(("a", "a_2", "a"), ("a", "a_2", "a_3"), id="the number is taken"),
        pytest.param(("a", "a", "a_2"), ("a", "a_2", "a_2_2"), id="the number is taken by ours"),
    ],
)
def test_distinct(names: tuple[str, ...], found: tuple[str, ...]) -> None:
    """Names that came before get a number."""
    assert distinct(names) == found
