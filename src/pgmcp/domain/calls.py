"""A call: who makes it, until when, in which form the answer is wanted. It is passed on, never kept in a global."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NewType

from attrs import field, frozen

from pgmcp.domain.results import Form

CallId = NewType("CallId", str)
LeaseId = NewType("LeaseId", str)

Progress = Callable[[int, int | None], Awaitable[None]]
"""Told how many of how many units are done; the total is None while it isn't known."""


@frozen
class Principal:
    """Who is calling: a name, and the attributes that a policy may use."""

    name: str = "local"
    attributes: Mapping[str, Any] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class CallContext:
    """The circumstances of one call.

    Args:
        id: One id for the request, its events, its log lines and its audit record.
        tool: The tool's name.
        principal: Who is calling.
        deadline: The moment by which the call has ended, on the clock port's monotonic scale, in seconds.
        form: The form that rows are wanted in.
        statement_timeout_ms: The caller's own limit for each statement, kept by the server; None for the session's.
        transaction: The lease to run in; None outside one.
        progress: Told of progress on long work; None when nobody asked.
    """

    id: CallId
    tool: str
    principal: Principal = Principal()
    deadline: float
    form: Form = Form.NATIVE
    statement_timeout_ms: int | None = None
    transaction: LeaseId | None = None
    progress: Progress | None = field(default=None, repr=False)
