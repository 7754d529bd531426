"""Records of any number become batches: runs of rows that name the same columns, of a bounded number and size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

from attrs import evolve

from pgmcp.domain.aside import aside
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.plans import Batch, ConflictAction, OnConflict
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


def merging(conflict: OnConflict, batch: Batch) -> OnConflict:
    """What happens on a conflict, with every column of the batch but the key to be updated, where none are named."""
    if conflict.action is not ConflictAction.UPDATE or conflict.update:
        return conflict
    update = tuple(name for name in batch.columns if name not in conflict.target)
    action = ConflictAction.UPDATE if update else ConflictAction.IGNORE
    return evolve(conflict, action=action, update=update)


async def with_keys_once(parts: AsyncIterator[Batch], conflict: OnConflict) -> AsyncIterator[Batch]:
    """The batches, each looked through before it is sent: one statement can't update a row twice.

    Keys are compared by their texts; what PostgreSQL alone finds equal (1 and 1.0, letters of a `citext`) it refuses.
    Source: PostgreSQL documentation, INSERT (ON CONFLICT clause).

    Raises:
        ValidationError: `repeated_key`, of the later record.
    """
    async for batch in parts:
        if merging(conflict, batch).action is ConflictAction.UPDATE and set(conflict.target) <= set(batch.columns):
            _refuse_repeated(batch, conflict.target)
        yield batch


def _refuse_repeated(batch: Batch, target: Sequence[str]) -> None:
    places = [batch.columns.index(name) for name in target]
    seen: dict[tuple[str | None, ...], int] = {}
    for row, texts_ in enumerate(batch.rows):
        key = tuple(texts_[place] for place in places)
        if None in key:  # a NULL is like no other
            continue
        first = seen.setdefault(key, row)
        if first != row:
            begin = batch.first or 0
            raise ValidationError(
                codes.REPEATED_KEY,
                f"record {begin + row} has the same key ({', '.join(target)}) as record {begin + first}",
                hint="Leave one of them out.",
                path=f"records[{begin + row}]",
            )
