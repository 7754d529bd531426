"""What holds many values is dealt with beside the event loop."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

from pgmcp.domain.aside import LONG_TEXT, aside, holds_many, text_aside, uncollected


@pytest.mark.parametrize(
    "given, many",
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"id": list(range(900)), "text": "x" * 10_000}, False, id="some"),
        pytest.param(list(range(1001)), True, id="a list"),
        pytest.param({"or": [{"id": {"in": list(range(400))}}] * 3}, True, id="lists inside"),
        pytest.param((("x",) * 1001,), True, id="a tuple"),
        pytest.param({str(number): 1 for number in range(1001)}, True, id="an object"),
    ],
)
async def test_where_work_is_done(given: Any, many: bool) -> None:
    """In a thread of its own only where it takes long."""
    assert holds_many(given) is many
    assert (await aside(given, threading.current_thread) is threading.current_thread()) is not many


def test_it_looks_no_further_than_it_must() -> None:
    """A value that holds itself has no end."""
    endless: list[Any] = []
    endless += [endless, endless]
    assert holds_many(endless)


async def test_what_is_wrong_is_told() -> None:
    """By the error that the work ended with."""

    def fail() -> None:
        raise ValueError

    for given in ([], [1] * 2000):
        with pytest.raises(ValueError, match=r"^$"):
            await aside(given, fail)


async def test_where_text_is_read() -> None:
    """In a thread of its own only where there is much of it."""
    for length in (0, LONG_TEXT, LONG_TEXT + 1):
        read = await text_aside(b"x" * length, lambda text: (len(text), threading.current_thread()))
        assert (read[0], read[1] is threading.current_thread()) == (length, length <= LONG_TEXT)


@pytest.mark.parametrize("collects", [True, False])
def test_the_collector_rests(collects: bool) -> None:
    """And is as it was afterwards, whatever happened."""
    (gc.enable if collects else gc.disable)()
    try:
        with uncollected():
            with pytest.raises(ValueError, match=r"^$"), uncollected():
                raise ValueError
            assert not gc.isenabled()
        assert gc.isenabled() is collects
    finally:
        gc.enable()
