"""Records of any number become batches: runs of rows that name the same columns, of a bounded number and size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

from pgmcp.domain.aside import aside
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.plans import Batch
from pgmcp.domain.records import texts
from pgmcp.domain.relations import Relation

MAX_BATCH_BYTES = 4_194_304
"""A batch is sent once its values are this large together, however few they are."""


async def batches(
    records: AsyncIterator[Mapping[str, Any]], relation: Relation, *, size: int, max_bytes: int = MAX_BATCH_BYTES
) -> AsyncIterator[Batch]:
    """Cut records into batches as they come; memory holds one batch, never all records.

    Args:
        records: The rows, values by column.
        relation: The relation that they are for.
        size: Rows of a batch at the most.
        max_bytes: Characters of a batch's values at which it is cut all the same.

    Raises:
        ValidationError: A record is not an object, or what `records.texts` finds; the path begins with `records[i]`.
    """
    columns: tuple[str, ...] = ()
    known: AbstractSet[str] = frozenset()
    rows: list[tuple[str | None, ...]] = []
    weight = position = 0
    async for record in records:
        if not isinstance(record, (dict, Mapping)):
            raise ValidationError(
                codes.WRONG_TYPE,
                f"record {position} is not an object",
                hint='A record looks like {"name":"Ana"}.',
                path=f"records[{position}]",
            )
        row = await aside(record, partial(texts, record, relation, f"records[{position}]"))
        # Most records name the columns of the one before.
        names = columns if row.keys() == known else tuple(sorted(row))
        if rows and (names != columns or len(rows) >= size or weight >= max_bytes):
            yield Batch(columns=columns, rows=tuple(rows), first=position - len(rows))
            rows, weight = [], 0
        columns, known = names, row.keys()
        rows.append(tuple(map(row.__getitem__, names)))
        weight += sum(map(len, filter(None, row.values())))
        position += 1
    if rows:
        yield Batch(columns=columns, rows=tuple(rows), first=position - len(rows))
