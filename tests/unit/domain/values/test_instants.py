"""Dates and times read alone: what no calendar and no clock has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any

import pytest

from pgmcp.domain.values.instants import read_date, read_time, read_timestamp
from pgmcp.domain.values.unfit import Unfit
from tests.fixtures.walked import cases

NOON = datetime(2024, 2, 29, 12, 34, 56, 500_000)  # noqa: DTZ001 -- timestamps without a zone exist


@cases(
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
        pytest.param(partial(read_time, zoned=False), "13:00 pm", id="hour-13-of-twelve"),
        pytest.param(read_date, "2024-02-29 13:00 pm", id="hour-13-of-twelve-beside-a-date"),
        pytest.param(read_date, "20240230", id="no-day-of-february"),
        pytest.param(read_date, "2024022", id="seven-digits"),
    ],
)
def test_refused(read: Callable[[str], Any], text: str) -> None:
    """A part out of its range is refused, whoever asks."""
    with pytest.raises(Unfit):
        read(text)


@cases(
    "read, text, value",
    [
        pytest.param(read_date, "20240229", date(2024, 2, 29), id="date"),
        pytest.param(read_date, "20210228 BC", "2021-02-28 BC", id="date-bc"),
        pytest.param(partial(read_timestamp, zoned=False), "20240229T123456.5", NOON, id="both"),
        pytest.param(partial(read_timestamp, zoned=False), "20240229 12:34:56.5", NOON, id="date-alone"),
        pytest.param(
            partial(read_timestamp, zoned=True), "20240229T143456.5+02", NOON.replace(tzinfo=UTC), id="with-offset"
        ),
        pytest.param(partial(read_timestamp, zoned=False), "2024-02-29 12:34:56.5 PM", NOON, id="pm"),
        pytest.param(partial(read_time, zoned=False), "12:30pm", time(12, 30), id="half-past-noon"),
        pytest.param(partial(read_time, zoned=False), "12:30 AM", time(0, 30), id="half-past-midnight"),
        pytest.param(partial(read_time, zoned=False), "1:30:15.5 pm", time(13, 30, 15, 500_000), id="afternoon"),
        pytest.param(partial(read_time, zoned=False), "T123456", time(12, 34, 56), id="clock-without-signs"),
    ],
)
def test_other_spellings(read: Callable[[str], Any], text: str, value: Any) -> None:
    """ISO 8601's short forms, and the clock of twelve hours."""
    assert read(text) == value
