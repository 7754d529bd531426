"""A cursor keeps its place, and can't be changed."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pgmcp.services.cursors import Place
from tests.unit.house import House
from tests.unit.services.test_cursors import CALL, CURSORS, REQUEST

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(st.lists(st.none() | texts), st.none() | st.datetimes(timezones=st.just(UTC)))
def test_what_is_sealed_is_opened(key: list[str | None], moment: datetime | None) -> None:
    """Whatever the values of the key."""
    place = Place(key=tuple(key), moment=moment)
    assert CURSORS.open(CURSORS.make(place, REQUEST, CALL), REQUEST, CALL) == place


@given(st.integers(0, 200), st.integers(1, 255))
async def test_a_cursor_can_t_be_changed(place: int, bits: int) -> None:
    """Not by one letter."""
    house = House()
    page = await house.document("read_table", {"table": "orders", "limit": 1})
    cursor = page["next_cursor"]
    at = place % len(cursor)
    changed = cursor[:at] + chr(33 + (ord(cursor[at]) + bits) % 94) + cursor[at + 1 :]
    found = await house.document("read_table", {"table": "orders", "limit": 1, "cursor": changed})
    opened = "rows" in found
    assert not opened or changed == cursor
