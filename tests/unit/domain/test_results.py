"""Rows for the wire."""

from __future__ import annotations

import pytest

from pgmcp.domain.results import WireRows


@pytest.mark.parametrize(
    "texts, rows, json",
    [
        pytest.param((), (), b"", id="none"),
        pytest.param(("[1]",), ("[1]",), b"[1]", id="one"),
        pytest.param(("[1]\x1e[2]", '["é"]'), ("[1]", "[2]", '["é"]'), '[1],[2],["é"]'.encode(), id="in two texts"),
    ],
)
def test_rows_of_texts(texts: tuple[str, ...], rows: tuple[str, ...], json: bytes) -> None:
    """Each row by itself, and all as the elements of one array."""
    told = WireRows(texts)
    assert (told.rows, told.json) == (rows, json)


def test_how_rows_are_spread_makes_no_difference() -> None:
    """What came in two texts equals what was made one by one, and nothing else."""
    told = WireRows(("[1]\x1e[2]", "[3]"))
    made = WireRows.of(["[1]", "[2]", "[3]"])
    assert told == made
    assert hash(told) == hash(made)
    assert told != WireRows.of(["[1]", "[2]"])
    assert WireRows.of([]) == WireRows()


def test_rows_stay_out_of_a_log() -> None:
    """Printing them shows no value."""
    assert "secret" not in repr(WireRows(('["secret"]',)))
