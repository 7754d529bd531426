"""Taking records apart, against doing so row by row."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pgmcp.adapters.postgres.cutting import settle
from pgmcp.domain.plans import Bounds
from pgmcp.domain.results import SEPARATOR, Truncation


@given(st.data(), st.lists(st.text("ab[]", min_size=1), max_size=12), st.integers(1, 13), st.integers(1, 13))
def test_records_are_taken_apart(data: st.DataObject, rows: list[str], limit: int, max_rows: int) -> None:
    """However a server spreads rows over records, with the mark of a cut or without, with keys beside them or not."""
    most = min(limit, max_rows)
    rows = rows[: most + 1]
    # The row with which the cap is passed comes as a mark, and is the last.
    marked = bool(rows) and data.draw(st.booleans())
    sent = [*rows[:-1], ""] if marked else rows
    ends = sorted(data.draw(st.sets(st.integers(1, max(len(sent), 1)))) | {0, len(sent)})
    groups = [sent[start:end] for start, end in itertools.pairwise(ends)]
    numbers = [range(start, end) for start, end in itertools.pairwise(ends)]
    keyed = data.draw(st.booleans())
    records = [
        (SEPARATOR.join(group), *([SEPARATOR.join(map(str, keys))] if keyed else []))
        for group, keys in zip(groups, numbers, strict=True)
        if group
    ]

    cut = settle(records, limit, Bounds(max_rows=max_rows, max_bytes=10**6))

    shown = tuple(sent[:-1] if marked else sent)[:most]
    more = marked or len(rows) > most
    by_bytes = marked and len(shown) < most
    by_rows = Truncation.ROWS if limit > max_rows else None
    assert cut.rows.rows == shown
    assert cut.count == len(shown)
    assert cut.more == more
    assert cut.truncated == ((Truncation.BYTES if by_bytes else by_rows) if more else None)
    assert cut.too_large == (by_bytes and not shown)
    assert cut.last_keys == (str(len(shown) - 1) if keyed and more and shown else None)
