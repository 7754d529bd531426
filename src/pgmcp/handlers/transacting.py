"""What the tools on held transactions have in common."""

from __future__ import annotations

from typing import Any, TypeVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.plans import Effect, Plan
from pgmcp.domain.requests import TransactionRequest
from pgmcp.domain.responses import AcknowledgementResponse, ResponseBase
from pgmcp.domain.transacting import ChangeTransaction
from pgmcp.domain.transactions import Lease
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.leases import LeaseService

Req = TypeVar("Req", bound=TransactionRequest[Any])
Todo = TypeVar("Todo", bound=Plan)
Got = TypeVar("Got")
Res = TypeVar("Res", bound=ResponseBase)

# PostgreSQL cuts longer names, and two of them could become one. https://www.postgresql.org/docs/18/limits.html
_LONGEST = 63
_OURS = "pgmcp "
EXAMPLE = {"transaction_id": "kX3v0n1mWmZtWJ0cYl9mT2b7y5dQe8Hh"}


class TransactionHandler(HandlerBase[Req, Todo, Got, Res]):
    """Works on the transaction that the call names."""

    group = Group.TRANSACTIONS

    def __init__(self, leases: LeaseService) -> None:
        """Ask `leases`."""
        self.leases = leases


class ChangingHandler(TransactionHandler[Req, ChangeTransaction, Lease, AcknowledgementResponse]):
    """Ends the transaction that the call names, or marks or undoes a part of it."""

    effect = Effect.UPDATE

    def answer(self, got: Lease, plan: ChangeTransaction, request: Req, call: CallContext) -> AcknowledgementResponse:
        """How it ended; of one that goes on, its savepoints."""
        if got.end is None:
            return AcknowledgementResponse(extra={"savepoints": list(got.savepoints)})
        return AcknowledgementResponse(extra={"outcome": got.end.outcome.value})


def savepoint_named(name: str, path: str) -> ChangeTransaction:
    """A plan on a savepoint.

    Args:
        name: Its name.
        path: The argument that it stands in.

    Raises:
        ValidationError: PostgreSQL would cut the name, or it is kept for pgmcp itself.
    """
    if not name or len(name.encode()) > _LONGEST or name.startswith(_OURS):
        raise ValidationError(
            codes.OUT_OF_RANGE,
            "that can't be the name of a savepoint",
            hint=f"Give one of 1 to {_LONGEST} bytes that doesn't begin with '{_OURS}'.",
            path=path,
        )
    return ChangeTransaction(savepoint=name)
