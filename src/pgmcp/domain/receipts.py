"""Receipts: a write's key, a digest of its request and its answer, so that it is done once, however often asked for.

The answer is kept as the result that it was made of: columns with their types, and rows in the form that they had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import repeat
from operator import itemgetter
from typing import Any

from attrs import field, fields, frozen

from pgmcp.domain import json
from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import DatabaseError, TransactionError, ValidationError, codes
from pgmcp.domain.nesting import Parts, written
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.results import Form, NativeRows, Result, ResultColumn, Truncation, WireRows
from pgmcp.domain.values.native import row_decoder
from pgmcp.domain.values.parse import from_text
from pgmcp.domain.values.text import to_text
from pgmcp.domain.values.typed import type_from, type_of
from pgmcp.domain.values.types import Type
from pgmcp.domain.values.wire import encode_row

LONGEST_KEY = 200
SCHEMA = "pgmcp"
"""The schema of the database that pgmcp keeps its own things in; no caller sees it."""

# What may differ between two askings of the same write.
_BESIDE = frozenset({"idempotency_key", "timeout_ms", "transaction_id"})


@frozen(kw_only=True)
class Receipt:
    """What a write is known by: whose it is, its key, and a digest of all that it asked for."""

    principal: str
    key: str
    digest: str


@frozen(kw_only=True)
class Kept:
    """What is kept under a key: the digest of the request, and its answer; None while that is still to come."""

    digest: str
    answer: str | None = field(repr=False)


class AlreadyKept(Exception):  # noqa: N818 -- no error: it carries the first answer out of what wrote nothing
    """A write was done before.

    Attributes:
        kept: What is kept of it; None where it was not done, and its key is not to be taken on the way.
    """

    def __init__(self, kept: Kept | None) -> None:
        """Carry what is kept."""
        super().__init__()
        self.kept = kept


def receipt_for(key: str, principal: Principal, tool: str, request: RequestBase[Any], view: str = "") -> Receipt:
    """The receipt of a request. One that comes with other attributes, such as another tenant, is another request.

    Args:
        key: The write's key.
        principal: Whose it is.
        tool: The tool that it asks.
        request: All that it asks for.
        view: The digest of what the principal may know and do; empty without a policy.

    Raises:
        ValidationError: The key is empty or too long, the request's records come from somewhere only once, or a value
            holds itself.
    """
    if not 0 < len(key) <= LONGEST_KEY:
        raise ValidationError(
            codes.OUT_OF_RANGE,
            "the idempotency key is empty or too long",
            hint=f"Give one of 1 to {LONGEST_KEY} characters, such as a UUID.",
            path="idempotency_key",
        )
    if not isinstance(getattr(request, "records", ()), (list, tuple)):
        raise ValidationError(
            codes.CONFLICTING_ARGUMENTS,
            "a write with an idempotency key needs records that can be looked at twice",
            hint="Give a list of records, or leave the key out.",
            path="records",
        )
    asked = {each.name: getattr(request, each.name) for each in fields(type(request)) if each.name not in _BESIDE}
    whole = (tool, asked, principal.attributes) if principal.attributes else (tool, asked)
    try:
        digest = sha256(written(whole, _told).encode(errors="replace")).hexdigest()
    except ValueError as error:
        raise ValidationError(
            codes.OUT_OF_RANGE,
            "a value of the request holds itself",
            hint="Give values that end.",
        ) from error
    return Receipt(principal=principal.name, key=key, digest=f"{digest}.{view}" if view else digest)


def answer_under(kept: Kept, receipt: Receipt, form: Form) -> Result:
    """The first answer, for one who asks again.

    Args:
        kept: What is kept under the key.
        receipt: What is asked for now.
        form: The form that rows are wanted in.

    Raises:
        TransactionError: `idempotency_conflict`: the key was used for another request, or under other rules.
        DatabaseError: `idempotency_running`.
    """
    asked, _, view = receipt.digest.partition(".")
    asked_first, _, view_then = kept.digest.partition(".")
    if asked_first == asked and view_then != view:
        # The first answer may hold what has been hidden since.
        raise TransactionError(
            codes.IDEMPOTENCY_CONFLICT,
            "The write was asked for under rules that are others now, so its answer isn't given again.",
            hint="It is done once at the most: read the rows to see whether it is.",
            path="idempotency_key",
        )
    if asked_first != asked:
        raise TransactionError(
            codes.IDEMPOTENCY_CONFLICT,
            "The idempotency key was used for another request.",
            hint="Give each write a key of its own, and the same one only to repeat it as it was.",
            path="idempotency_key",
        )
    if kept.answer is None:
        raise running()
    return decoded(kept.answer, form)


def running() -> DatabaseError:
    """For one who asks again while the first is not done yet."""
    return DatabaseError(
        codes.IDEMPOTENCY_RUNNING,
        "The write with that idempotency key is still running.",
        hint="Call again a little later with the same key.",
        details={"retry_after_ms": 1000},
    )


def encoded(result: Result) -> str:
    """A result as text to keep."""
    types = [column.type for column in result.columns]
    rows: Sequence[Any] = result.rows.rows
    form = Form.WIRE if isinstance(result.rows, WireRows) else Form.NATIVE
    if form is Form.NATIVE:
        rows = [_texts(row, types) for row in rows]
    document = {
        "columns": [[column.name, type_of(column.type)] for column in result.columns],
        "form": form.value,
        "rows": list(rows),
        "count": result.count,
        "more": result.more,
        "truncated": None if result.truncated is None else result.truncated.value,
    }
    return json.dumps(document)


def decoded(text: str, form: Form) -> Result:
    """A kept result, its rows in the form that is wanted."""
    document = json.loads(text)
    columns = tuple(ResultColumn(name, type_from(type_)) for name, type_ in document["columns"])
    types = [column.type for column in columns]
    return Result(
        columns=columns,
        rows=_rows(document["rows"], Form(document["form"]), form, types),
        count=int(document["count"]),
        more=document["more"],
        truncated=None if document["truncated"] is None else Truncation(document["truncated"]),
    )


def _rows(kept: Sequence[Any], was: Form, form: Form, types: Sequence[Type]) -> WireRows | NativeRows:
    if was is Form.WIRE:
        return WireRows.of(kept) if form is Form.WIRE else NativeRows(tuple(map(row_decoder(types), kept)))
    values = [
        tuple(None if text is None else from_text(text, type_) for text, type_ in zip(row, types, strict=True))
        for row in kept
    ]
    return NativeRows(tuple(values)) if form is Form.NATIVE else WireRows.of(encode_row(row, types) for row in values)


def _told(value: Any) -> str | Parts:
    """An argument as what it says: objects in one order of keys, and values as their text, whichever way they came."""
    if isinstance(value, Mapping):
        members = sorted(((repr(str(key)), item) for key, item in value.items()), key=itemgetter(0))
        return members, f"}}{len(members)}"
    if isinstance(value, (list, tuple)):
        return zip(repeat(","), value, strict=False), f"]{len(value)}"
    return str(value) if value is None or isinstance(value, bool) else repr(str(value))


def _texts(row: Sequence[Any], types: Sequence[Type]) -> list[str | None]:
    return [to_text(value, type_) for value, type_ in zip(row, types, strict=True)]
