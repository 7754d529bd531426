"""A write and its receipt as one statement, so that both are done, or neither, in one round trip.

The statement looks for the key first, and does nothing where it is kept: its answer comes back instead. Whoever is at
a write of the same key holds an advisory lock, which taking a key (`receipt_claim.sql`) holds too: where it is not to
be had at once nothing is done either, and the second one waits by taking the key. As a snapshot is older than the lock,
one whose key was kept in between does the write as well, and fails in the end by the receipts' primary key, which
undoes it: the first answer is there to be read then.

When an answer is lost nobody knows whether the statement still runs, or has so much as begun. So whoever settles it
waits for the same lock and keeps a void receipt where there is none: that statement can do nothing from then on. Taking
the key is what makes it good again.

The answer is kept as the records in which it came: what they mean stands before them.
"""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.cutting import settle
from pgmcp.adapters.postgres.showing import Shown
from pgmcp.domain import json
from pgmcp.domain.plans import Bounds
from pgmcp.domain.receipts import AlreadyKept, Kept, Receipt, encoded
from pgmcp.domain.results import Result, ResultColumn
from pgmcp.domain.values.typed import type_from, type_of
from pgmcp.ports.driver import Row

UNKEPT = "NOT EXISTS (SELECT FROM k)"
"""SQL of whether the key is free, for the condition of the write; worked out once, before any row is looked at."""

VOID = ""
"""The digest of a receipt that stands for nothing done: a statement of that key which begins late does nothing."""

_RECORDS = "records"
RECORD_HEAD_END = f',"{_RECORDS}":'
"""What the head of an answer ends with that is kept as its records."""
_LOCKED = "pg_catalog.pg_try_advisory_xact_lock(7039815, pg_catalog.hashtext({principal} || '/' || {key}))"


def receipted(change: str, answer: str, receipt: Receipt, shown: Shown, bounds: Bounds, binder: Binder) -> str:
    """SQL of a change that keeps its receipt.

    Args:
        change: The change with RETURNING, whose condition holds `UNKEPT`.
        answer: SQL of its answer's records, `w`, over the changed rows `u`.
        receipt: What it is known by.
        shown: The columns to give back.
        bounds: The caps of what is given back.
        binder: Holds what the change binds.
    """
    principal, key = binder.text(receipt.principal), binder.text(receipt.key)
    locked = _LOCKED.format(principal=principal, key=key)
    digest, head = binder.text(receipt.digest), binder.text(_head(shown, bounds))
    kept = f"{head} || pg_catalog.to_json(ARRAY(SELECT a.w FROM a))::text || '}}'"
    return (
        f"WITH l AS MATERIALIZED (SELECT {locked} AS held), "
        f"k AS MATERIALIZED (SELECT CASE WHEN l.held THEN r.digest ELSE '{VOID}' END AS digest, r.answer FROM l "
        f"LEFT JOIN pgmcp.receipts AS r ON l.held AND r.principal = {principal} AND r.key = {key} "
        "WHERE NOT l.held OR r.key IS NOT NULL), "
        f"u AS ({change}), a AS MATERIALIZED ({answer}), "
        "r AS (INSERT INTO pgmcp.receipts (principal, key, digest, answer) "
        f"SELECT {principal}, {key}, {digest}, {kept} WHERE {UNKEPT}) "
        "SELECT a.w, (SELECT k.digest FROM k) AS d, (SELECT k.answer FROM k) AS s FROM a"
    )


def _head(shown: Shown, bounds: Bounds) -> str:
    """What stands before the records of an answer that is kept."""
    head = json.dumps(
        {
            "columns": [[column.name, type_of(column.type)] for column in shown.columns],
            "max_rows": bounds.max_rows,
            "max_bytes": bounds.max_bytes,
        }
    )
    return f"{head[:-1]}{RECORD_HEAD_END}"


def answer_of(rows: Sequence[Row]) -> Sequence[Row]:
    """The answer's records, where the write was done.

    Raises:
        AlreadyKept: It was done before; without an answer, where the key has to be taken first.
    """
    _, digest, answer = rows[0]
    if digest is not None:
        raise AlreadyKept(None if digest == VOID else Kept(digest=digest, answer=whole(answer)))
    return [row[:1] for row in rows]


def whole(answer: str | None) -> str | None:
    """A kept answer as domain and services know it, whichever statement kept it."""
    document = None if answer is None else json.loads(answer)
    if document is None or _RECORDS not in document:
        return answer
    bounds = Bounds(max_rows=int(document["max_rows"]), max_bytes=int(document["max_bytes"]))
    columns = tuple(ResultColumn(name, type_from(type_)) for name, type_ in document["columns"])
    return encoded(result_of(columns, [(record,) for record in document[_RECORDS]], bounds))


def result_of(columns: tuple[ResultColumn, ...], records: Sequence[Row], bounds: Bounds) -> Result:
    """The result of a change, its rows for the wire: the first record is the number of rows changed."""
    count = int(records[0][0] or 0)
    if not columns:
        return Result(count=count)
    cut = settle(records[1:], bounds.max_rows + 1, bounds)
    return Result(columns=columns, rows=cut.rows, count=count, more=cut.more, truncated=cut.truncated)
