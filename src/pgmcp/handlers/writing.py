"""What the tools that write rows have in common: whom they ask, their caps, and how they tell what was done."""

from __future__ import annotations

from typing import Any, TypeVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Bounds, Delete, Insert, Update
from pgmcp.domain.relations import Relation
from pgmcp.domain.requests import TableRequest
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse
from pgmcp.domain.results import Result
from pgmcp.domain.settings import Settings
from pgmcp.handlers import answers
from pgmcp.handlers.base import HandlerBase
from pgmcp.services.queries import QueryService
from pgmcp.services.schemas import SchemaService
from pgmcp.services.tables import TableService
from pgmcp.services.validation import ValidationService

Req = TypeVar("Req", bound=TableRequest[Any])
Todo = TypeVar("Todo", bound=Insert | Update | Delete)


class WritingHandler(HandlerBase[Req, Todo, Result, DataResponse | AcknowledgementResponse]):
    """Plans and runs a write on one relation."""

    def __init__(
        self,
        schemas: SchemaService,
        validation: ValidationService,
        queries: QueryService,
        tables: TableService,
        settings: Settings,
    ) -> None:
        """Find the relation, check the request against it, carry the write out."""
        self.schemas = schemas
        self.validation = validation
        self.queries = queries
        self.tables = tables
        self.settings = settings
        self._bounds = Bounds(max_rows=settings.max_rows, max_bytes=settings.max_bytes)

    async def target(self, request: Req, call: CallContext) -> Relation:
        """The relation that is written to.

        Raises:
            NotFoundError: There is none of that name.
            ValidationError: It takes no writes of this kind.
        """
        relation = await self.schemas.relation(request.table, request.schema, call)
        self.validation.writable(relation, self.effect)
        return relation

    def bounds(self) -> Bounds:
        """The caps of what a write gives back."""
        return self._bounds

    def most(self, wanted: int | None) -> int:
        """How many rows a write may change: what the caller says, never more than the setting."""
        return min(wanted or self.settings.max_write_rows, self.settings.max_write_rows)

    def answer(
        self, got: Result, plan: Todo, request: Req, call: CallContext
    ) -> DataResponse | AcknowledgementResponse:
        """The rows that were asked back, or how many were written."""
        dry_run = not isinstance(plan, Insert) and plan.dry_run
        return answers.written(got, returning=bool(plan.returning), dry_run=dry_run)
