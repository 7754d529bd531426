"""QueryService: requests of reading become plans; raw statements and explains run after their verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgmcp.domain.aside import aside
from pgmcp.domain.calls import CallContext
from pgmcp.domain.changes import ANYTHING, CODE, DEFINITIONS, Changes
from pgmcp.domain.costs import check_cost
from pgmcp.domain.errors import QueryError, ValidationError, codes
from pgmcp.domain.explaining import unnamed
from pgmcp.domain.filters.mentions import mentions_time
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment, zone_named
from pgmcp.domain.filters.tree import EVERYTHING, Literal
from pgmcp.domain.order import parse_order
from pgmcp.domain.plans import Bounds, Explain, Page, RawQuery, Select, StatementKind
from pgmcp.domain.relations import Order, Relation
from pgmcp.domain.requests import ExecuteQueryRequest, ReadRequest
from pgmcp.domain.results import Result
from pgmcp.domain.settings import Settings
from pgmcp.domain.sql.wholeness import is_whole
from pgmcp.domain.tracking import track_execution_time
from pgmcp.ports.clock import Clock
from pgmcp.ports.repositories import QueryRepository
from pgmcp.ports.transactions import Transaction
from pgmcp.services.caching import Caching
from pgmcp.services.cursors import Cursors, Place, foreign_cursor
from pgmcp.services.retrying import Retrying
from pgmcp.services.schemas import SchemaService
from pgmcp.services.transactions import TransactionService
from pgmcp.services.validation import ValidationService

# PostgreSQL's bigint; there are never as many rows.
_FARTHEST = 2**63 - 1


class QueryService:
    """Plans reads and runs raw statements; knows nothing of JSON and MCP."""

    def __init__(  # noqa: PLR0913, PLR0917 -- what reads of every kind need
        self,
        queries: QueryRepository,
        schemas: SchemaService,
        validation: ValidationService,
        cursors: Cursors,
        clock: Clock,
        settings: Settings,
        retrying: Retrying,
        transactions: TransactionService,
        cache: Caching,
    ) -> None:
        """Plan within the settings' bounds, at the clock's time."""
        self._queries = queries
        self._schemas = schemas
        self._validation = validation
        self._cursors = cursors
        self._clock = clock
        self._settings = settings
        self._retrying = retrying
        self._transactions = transactions
        self._cache = cache
        self._bounds = Bounds(max_rows=settings.max_rows, max_bytes=settings.max_bytes)

    async def select_plan(self, request: ReadRequest, relation: Relation, call: CallContext) -> Select:
        """What a read will do.

        Raises:
            ValidationError: Unknown columns, a bad filter, order or cursor.
        """
        filters = request.filters or {}
        place = self._cursors.open(request.cursor, request, call) if request.cursor is not None else None
        moment = await self.moment(filters, call, place)
        tree = await aside(filters, lambda: parse(filters, relation, moment)) if filters else EVERYTHING
        order, keyed = parse_order(request.order_by, request.ascending, relation)
        wanted = self._settings.read_default_limit if request.limit is None else request.limit
        bounds = self._bounds
        after = _after(place, order) if place is not None else None
        if after is not None and request.offset:
            raise ValidationError(
                codes.CONFLICTING_ARGUMENTS,
                "a cursor already says where to go on",
                hint="Leave offset out beside a cursor.",
                path="offset",
            )
        return Select(
            relation=relation,
            columns=self._validation.columns(request.columns, relation),
            filter=tree,
            order=order,
            keyed=keyed,
            page=Page(limit=min(wanted, bounds.max_rows), offset=min(request.offset, _FARTHEST), after=after),
            bounds=bounds,
        )

    async def moment(self, filters: Mapping[str, Any], call: CallContext, place: Place | None = None) -> Moment:
        """The moment that relative times are taken at: now, or the first page's, in the session's time zone."""
        at = place.moment if place is not None and place.moment is not None else self._clock.now()
        if not mentions_time(filters):
            return Moment(at)
        return Moment(at.astimezone(zone_named(await self._schemas.time_zone(call))))

    def next_cursor(self, request: ReadRequest, plan: Select, result: Result, call: CallContext) -> str | None:
        """The cursor of the page behind a result; None when nothing follows or the order is not total."""
        if not result.more or not plan.keyed or result.last_key is None:
            return None
        place = self._cursors.open(request.cursor, request, call) if request.cursor is not None else None
        moment = place.moment if place is not None else self._clock.now()
        return self._cursors.make(Place(key=result.last_key, moment=moment), request, call)

    async def raw_plan(self, request: ExecuteQueryRequest) -> RawQuery:
        """What a raw statement will do, from its bytes and shape.

        Raises:
            PgmcpError: What `ValidationService.statement` finds.
        """
        analysis, effect = await self._validation.statement(request.query)
        max_rows = min(request.max_rows or self._settings.max_rows, self._settings.max_rows)
        return RawQuery(
            text=analysis.text,
            kind=analysis.kind,
            effect=effect,
            types=analysis.types,
            relations=analysis.relations,
            whole=is_whole(analysis),
            defines=analysis.kind is StatementKind.UTILITY,
            params=tuple(request.params),
            read_only=request.read_only,
            bounds=Bounds(max_rows=max_rows, max_bytes=self._settings.max_bytes),
        )

    async def explain_plan(self, query: str, params: Sequence[Any], *, analyze: bool) -> Explain:
        """What an explain will do.

        Raises:
            PgmcpError: What `ValidationService.explainable` finds.
        """
        analysis, effect = await self._validation.explainable(query)
        query_plan = RawQuery(
            text=analysis.text,
            kind=analysis.kind,
            effect=effect,
            types=analysis.types,
            relations=analysis.relations,
            params=tuple(params),
            bounds=self._bounds,
        )
        return Explain(query=query_plan, analyze=analyze)

    @track_execution_time("QueryService.run", layer="service")
    async def run(self, plan: RawQuery, call: CallContext) -> Result:
        """Run a raw statement.

        Raises:
            QueryError: What PostgreSQL says of it; an unknown relation comes with the nearest names. `too_costly`.
        """

        async def work(within: Transaction | None, call: CallContext) -> Result:
            return await self._queries.select(plan, call, within)

        async def load(call: CallContext) -> Result:
            await self._weigh(plan, call)
            return await self._retrying.reading(lambda: self._transactions.read(work, call), call)

        try:
            if plan.read_only:
                return await self._cache.query(plan, call, load)
            await self._weigh(plan, call)
            changes = _changes(plan, call)
            if not plan.whole:
                return await self._transactions.write_in_parts(work, call, changes)
            return await self._retrying.writing(lambda: self._transactions.write(work, call, changes), call)
        except QueryError as error:
            await self._schemas.point_out(error, plan.text, call)
            raise

    @track_execution_time("QueryService.explain", layer="service")
    async def explain(self, plan: Explain, call: CallContext) -> Sequence[object]:
        """PostgreSQL's plan of a statement."""

        async def work(within: Transaction | None, call: CallContext) -> Sequence[object]:
            return await self._queries.explain(plan, call, within)

        if plan.analyze:
            await self._weigh(plan.query, call)
        try:
            found = await self._retrying.reading(lambda: self._transactions.read(work, call), call)
        except QueryError as error:
            await self._schemas.point_out(error, plan.query.text, call)
            raise
        return unnamed(found) if plan.query.veiled else found

    async def _weigh(self, plan: RawQuery, call: CallContext) -> None:
        """Ask PostgreSQL what a statement would cost, where that is limited: one round trip more."""
        limited = self._settings.max_cost or self._settings.max_cost_rows
        if not limited or plan.kind is StatementKind.UTILITY:
            return
        explained = await self.explain(Explain(query=plan), call)
        check_cost(explained, max_cost=self._settings.max_cost, max_rows=self._settings.max_cost_rows)


def _changes(plan: RawQuery, call: CallContext) -> Changes:
    """What a raw write may change."""
    # A function seldom defines anything and is called often: alone it has nothing forgotten but by a cache.
    if plan.defines and (call.transaction is not None or plan.kind is StatementKind.UTILITY):
        return DEFINITIONS
    # Without a verdict nobody knows what is called.
    return CODE if plan.defines or plan.basis is None else ANYTHING


def _after(place: Place, order: Sequence[Order]) -> tuple[Literal | None, ...]:
    """The order's values to go on behind, as typed literals.

    Raises:
        ValidationError: `cursor_invalid`: the relation's key is no longer what it was.
    """
    if len(place.key) != len(order):
        raise foreign_cursor()
    return tuple(
        None if text is None else Literal(text, key.operand.type, "cursor")
        for text, key in zip(place.key, order, strict=True)
    )
