"""Numbers of bytes with a unit."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.domain.sizes import size
from tests.fixtures.walked import cases


@cases(
    "said, bytes_",
    [
        pytest.param("8kB", 8192, id="kilobytes"),
        pytest.param("8KB", 8192, id="in capitals"),
        pytest.param(" 1.5 MB ", 1572864, id="a fraction, with blanks"),
        pytest.param("0.3B", 0, id="rounded"),
        pytest.param("2TB", 2199023255552, id="terabytes"),
        pytest.param("64", "64", id="no unit"),
        pytest.param("64k", "64k", id="half a unit"),
        pytest.param("-1kB", "-1kB", id="negative"),
        pytest.param("١kB", "١kB", id="digits of another script"),
        pytest.param(64, 64, id="a number"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_a_size(said: Any, bytes_: Any) -> None:
    """As PostgreSQL counts; what is none stays for others to judge."""
    assert size(said) == bytes_
