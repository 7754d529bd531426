"""Cursors: where a page ended, sealed so that a caller can give it back but neither read nor change it.

A cursor opens only for the principal, under the policy and for the request that it was made for, whatever page of it
is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from attrs import fields, frozen

from pgmcp.domain import json
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.requests import RequestBase
from pgmcp.ports.sealing import Sealer

# What may differ from page to page of one request.
_PAGING = frozenset({"cursor", "limit", "offset", "timeout_ms", "transaction_id"})


@frozen(kw_only=True)
class Place:
    """Where a page ended.

    Args:
        key: The last row's values of the order's keys, in text form; None for NULL.
        moment: The moment that relative times of the first page were taken at, so that all pages see the same window.
    """

    key: tuple[str | None, ...]
    moment: datetime | None = None


class Cursors:
    """Makes cursors and opens them."""

    def __init__(self, sealer: Sealer) -> None:
        """Seal by `sealer`."""
        self._sealer = sealer

    def make(self, place: Place, request: RequestBase[Any], call: CallContext) -> str:
        """A cursor for the page behind `place`."""
        moment = place.moment.isoformat() if place.moment else None
        text = json.dumps([list(place.key), moment])
        return self._sealer.seal(text.encode(), _bound_to(request, call))

    def open(self, cursor: str, request: RequestBase[Any], call: CallContext) -> Place:
        """Where the page before ended.

        Raises:
            ValidationError: `cursor_invalid`: forged, another principal's, or of another request.
        """
        text = self._sealer.open(cursor, _bound_to(request, call))
        if text is None:
            raise foreign_cursor()
        key, moment = json.loads(text.decode())
        return Place(key=tuple(key), moment=datetime.fromisoformat(moment) if moment else None)


def foreign_cursor() -> ValidationError:
    """The error for a cursor that doesn't lead on from anywhere here."""
    return ValidationError(
        codes.CURSOR_INVALID,
        "the cursor is not one that this server gave for this request",
        hint="Repeat the arguments of the first page beside next_cursor, or start again without a cursor.",
        path="cursor",
    )


def _bound_to(request: RequestBase[Any], call: CallContext) -> bytes:
    """A digest of whatever has to stay the same: the principal and its rules, the kind of request, its arguments."""
    arguments = {
        each.name: _ordered(getattr(request, each.name)) for each in fields(type(request)) if each.name not in _PAGING
    }
    return sha256(repr((call.principal.name, call.view.digest, call.tool, arguments)).encode(errors="replace")).digest()


def _ordered(value: Any) -> Any:
    """An argument with the keys of its objects in one order: a client that writes them in another means the same."""
    if isinstance(value, Mapping):
        return sorted((repr(key), _ordered(item)) for key, item in value.items())
    return [_ordered(item) for item in value] if isinstance(value, (list, tuple)) else value
