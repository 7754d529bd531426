"""A call: who makes it, until when, in which form the answer is wanted. It is passed on, never kept in a global."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, NewType

from attrs import field, frozen

from pgmcp.domain.access import Access
from pgmcp.domain.policy.views import EVERYTHING_SEEN, View
from pgmcp.domain.results import Form

if TYPE_CHECKING:
    from pgmcp.domain.receipts import Receipt
    from pgmcp.domain.tracking import Tracker

CallId = NewType("CallId", str)
_random = Random()  # noqa: S311 -- ids open nothing
if hasattr(os, "register_at_fork"):
    # Processes that are forked from one would go on with the same ids.
    os.register_at_fork(after_in_child=_random.seed)


def new_id() -> CallId:
    """An id that no other call has: 128 bits, which open nothing and so needn't be hard to guess."""
    return CallId(f"{_random.getrandbits(128):032x}")


LeaseId = NewType("LeaseId", str)

Unit = NewType("Unit", object)
"""A transaction that a whole call runs in; only the service that opened it knows what it is."""

Progress = Callable[[int, int | None], Awaitable[None]]
"""Told how many of how many units are done; the total is None while it isn't known."""


@frozen(cache_hash=True)
class Principal:
    """Who is calling.

    Args:
        name: The name that a policy knows the caller by.
        attributes: What a policy may use as `$name`, where it doesn't say so itself.
        access: How far the caller may go by what came with the call, such as a token's scopes; None for the server's
            own mode.
    """

    name: str = "local"
    attributes: Mapping[str, Any] = field(factory=dict, hash=False)
    access: Access | None = None


@frozen(kw_only=True, slots=False)
class CallContext:
    """The circumstances of one call.

    Args:
        id: One id for the request, its events, its log lines and its audit record.
        tool: The tool's name.
        principal: Who is calling.
        deadline: The moment by which the call has ended, on the clock port's monotonic scale, in seconds.
        form: The form that rows are wanted in.
        statement_timeout_ms: The caller's own limit for each statement, kept by the server; None for the session's.
        unit: The transaction of its own that the whole call runs in; None where each statement stands by itself.
        receipt: What its write is to be known by, where the write's own statement keeps that; None without one.
        transaction: The lease to run in; None outside one.
        view: The database as the caller may know it.
        progress: Told of progress on long work; None when nobody asked.
        tracker: Takes the times of the call's parts; None where the call was not drawn to be timed.
    """

    id: CallId
    tool: str
    principal: Principal = Principal()
    deadline: float
    form: Form = Form.NATIVE
    statement_timeout_ms: int | None = None
    unit: Unit | None = field(default=None, repr=False)
    receipt: Receipt | None = None
    transaction: LeaseId | None = None
    view: View = EVERYTHING_SEEN
    progress: Progress | None = field(default=None, repr=False)
    tracker: Tracker | None = field(default=None, repr=False, eq=False)
