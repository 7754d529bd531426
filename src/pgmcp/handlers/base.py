"""What a tool is: a declaration, and the handler that carries its requests out.

From the declaration derive the MCP schema and annotations, the command line's flags, the Python call, the policy's
words and the reference; none of them is written by hand.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Effect, Plan
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.responses import ResponseBase


class Group(StrEnum):
    """What `--tools` names."""

    SCHEMA = "schema"
    DATA = "data"
    QUERY = "query"
    TRANSACTIONS = "transactions"
    METRICS = "metrics"
    CACHE = "cache"


_CORE = frozenset({Group.SCHEMA, Group.DATA, Group.QUERY, Group.TRANSACTIONS})


def in_groups(group: Group, named: Sequence[str]) -> bool:
    """Whether a group is among those that the setting `tools` names; without any the core is meant.

    >>> in_groups(Group.DATA, ("query", "core")), in_groups(Group.DATA, ("query",)), in_groups(Group.DATA, ())
    (True, False, True)
    """
    return group in named or (group in _CORE and (not named or "core" in named))


Req = TypeVar("Req", bound=RequestBase[Any])
Todo = TypeVar("Todo", bound=Plan)
Got = TypeVar("Got")
Res = TypeVar("Res", bound=ResponseBase)


class HandlerBase(ABC, Generic[Req, Todo, Got, Res]):
    """A tool: request → plan → result → response. It knows nothing of connections, SQL and policy.

    `dispatch` takes a request through these steps, with the other stations between them.

    Attributes:
        name: The tool's name, by which a class `XYHandler` handles `x_y`.
        group: The group that it is served with.
        effect: What it does to the database.
        destructive: Whether it can overwrite or remove what is there.
        idempotent: Whether calling again with the same arguments changes nothing more.
        request: The request's class, from which its arguments derive.
        summary: What it is for, as an agent reads it.
        example: Arguments that work on the sample shop.
        recurrent: Whether what its calls come to may be kept for the same call again: see `recurs` and `holds`.
    """

    name: ClassVar[str]
    group: ClassVar[Group]
    effect: ClassVar[Effect]
    destructive: ClassVar[bool] = False
    idempotent: ClassVar[bool] = False
    request: ClassVar[type[RequestBase[Any]]]
    summary: ClassVar[str]
    example: ClassVar[Mapping[str, Any]]
    recurrent: ClassVar[bool] = False

    @abstractmethod
    async def plan(self, request: Req, call: CallContext) -> Todo:
        """What the request comes to, decided wholly.

        Raises:
            ValidationError: The request doesn't fit the relations.
            NotFoundError: It names what isn't there.
        """

    def recurs(self, request: Req) -> bool:
        """Whether a request comes to the same plan each time, as long as `holds` says so."""
        return self.recurrent

    def holds(self, plan: Todo, request: Req, call: CallContext) -> bool:
        """Whether what a plan was made on is still the same; False where somebody would have to be asked."""
        return True

    @abstractmethod
    async def run(self, plan: Todo, request: Req, call: CallContext) -> Got:
        """Carry the plan out, as it was authorised."""

    @abstractmethod
    def answer(self, got: Got, plan: Todo, request: Req, call: CallContext) -> Res:
        """The response that a result comes to."""


AnyHandler = HandlerBase[Any, Any, Any, Any]
