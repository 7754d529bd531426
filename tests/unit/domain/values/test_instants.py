"""Dates and times read alone: what no calendar and no clock has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from pgmcp.domain.values.instants import read_date, read_time, read_timestamp
from pgmcp.domain.values.unfit import Unfit


@pytest.mark.parametrize(
    "read, text",
    [
        pytest.param(read_date, "0000-01-01", id="year-0"),
        pytest.param(read_date, "2023-02-29", id="no-leap-year"),
        pytest.param(read_date, "0004-02-29 BC", id="no-leap-year-bc"),
        pytest.param(read_date, "2024-00-10", id="month-0"),
        pytest.param(partial(read_timestamp, zoned=False), "2024-01-05 24:00:00.5", id="past-the-end-of-day"),
        pytest.param(partial(read_timestamp, zoned=True), "2024-01-05 10:60", id="minute-60"),
        pytest.param(partial(read_time, zoned=False), "12:00:61", id="second-61"),
        pytest.param(partial(read_time, zoned=True), "12:00-16:00", id="offset-of-16-hours"),
        pytest.param(partial(read_time, zoned=False), "12", id="hour-alone"),
    ],
)
def test_refused(read: Callable[[str], Any], text: str) -> None:
    """A part out of its range is refused, whoever asks."""
    with pytest.raises(Unfit):
        read(text)
