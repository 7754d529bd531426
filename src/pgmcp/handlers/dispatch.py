"""The pipeline: every call, whichever way it comes in, passes the same stations in the same order.

decode → admit → plan → authorise → execute → answer; each may refuse only what is its own to refuse.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from pgmcp.domain.calls import CallContext, CallId, Principal, Progress
from pgmcp.domain.drawing import is_drawn
from pgmcp.domain.errors import InternalError, PgmcpError, codes
from pgmcp.domain.events import CallEnded, CallStarted, CatalogueForgotten
from pgmcp.domain.plans import Plan
from pgmcp.domain.relations import Relation
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse, ResponseBase
from pgmcp.domain.results import Form
from pgmcp.domain.settings import Settings
from pgmcp.domain.tracking import track_execution_time
from pgmcp.handlers.base import HandlerBase
from pgmcp.handlers.decoding import decode, given
from pgmcp.ports.clock import Clock
from pgmcp.ports.observing import Observer
from pgmcp.services.schemas import SchemaService
from pgmcp.services.security import SecurityService
from pgmcp.services.watching import Watch

AnyHandler = HandlerBase[Any, Any, Any, Any]
Arguments = RequestBase[Any] | Mapping[str, Any] | bytes

# What the server says when a kept fact of the catalogue, or a kept plan, no longer holds: an unknown table or column, a
# cached plan whose result changed. https://www.postgresql.org/docs/18/errcodes-appendix.html
STALE = frozenset({"42P01", "42703", "0A000"})


@frozen(kw_only=True)
class Caller:
    """Who calls and how the answer is wanted.

    Args:
        principal: Who.
        form: The form of rows.
        progress: Told of progress; None when nobody asked.
        id: One id for everything that the call leaves behind.
        trace: The W3C `traceparent` of whoever calls; None without one.
    """

    principal: Principal = Principal()
    form: Form = Form.WIRE
    progress: Progress | None = None
    id: CallId = field(factory=lambda: CallId(secrets.token_hex(16)))
    trace: str | None = None


class Dispatcher:
    """Takes calls through the stations."""

    def __init__(
        self, security: SecurityService, schemas: SchemaService, observer: Observer, clock: Clock, settings: Settings
    ) -> None:
        """Work for one database."""
        self._security = security
        self._schemas = schemas
        self._observer = observer
        self._clock = clock
        self._settings = settings

    async def dispatch(self, handler: AnyHandler, arguments: Arguments, caller: Caller) -> ResponseBase:
        """Carry out one call.

        Args:
            handler: The tool.
            arguments: A request, a mapping of arguments, or a JSON object's text.
            caller: Who calls.

        Returns:
            The handler's response.

        Raises:
            PgmcpError: What a station refused, or what went wrong; a defect of our own becomes an `InternalError`.
        """
        started = self._clock.monotonic()
        watch = Watch(self._clock, timed=is_drawn(caller.id, self._settings.metrics_sample))
        ended = _ending(handler.name, caller, watch)
        self._observer.observe(
            CallStarted(call=caller.id, tool=handler.name, principal=caller.principal.name, trace=caller.trace)
        )
        try:
            response = await self._stations(handler, arguments, caller, started, watch)
        except PgmcpError as error:
            self._observer.observe(ended(self._clock.monotonic() - started, 0, error.code.name))
            raise
        except asyncio.CancelledError:
            self._observer.observe(ended(self._clock.monotonic() - started, 0, codes.CANCELLED.name))
            raise
        except Exception as error:
            self._observer.observe(ended(self._clock.monotonic() - started, 0, codes.INTERNAL.name))
            raise InternalError(
                codes.INTERNAL,
                f"pgmcp failed with a {type(error).__name__}",
                hint="This is a defect of pgmcp; the server's log has more.",
                details={"call": caller.id},
            ) from error
        self._observer.observe(ended(self._clock.monotonic() - started, _rows(response), None))
        return response

    async def _stations(
        self, handler: AnyHandler, arguments: Arguments, caller: Caller, started: float, watch: Watch
    ) -> ResponseBase:
        request = decode(handler.request, given(arguments) if isinstance(arguments, RequestBase) else arguments)
        self._security.admit(handler.name, handler.effect, caller.principal)
        call = self._call(handler, request, caller, started, watch)
        try:
            return await self._carry_out(handler, request, call, watch)
        except PgmcpError as error:
            if error.sqlstate not in STALE or not _repeatable(request):
                raise
            self._observer.observe(CatalogueForgotten(call=call.id, sqlstate=error.sqlstate))
            self._schemas.forget()
            return await self._carry_out(handler, request, call, watch)

    async def _carry_out(
        self, handler: AnyHandler, request: RequestBase[Any], call: CallContext, watch: Watch
    ) -> ResponseBase:
        plan = await self._plan(handler, request, call)
        relation: Relation | None = getattr(plan, "relation", None)
        watch.relation = None if relation is None else relation.display
        plan = self._authorise(plan, call)
        response: ResponseBase = handler.answer(await self._run(handler, plan, request, call), plan, request, call)
        return response

    @track_execution_time("plan", layer="station")
    async def _plan(self, handler: AnyHandler, request: RequestBase[Any], call: CallContext) -> Plan:
        plan: Plan = await handler.plan(request, call)
        return plan

    @track_execution_time("authorise", layer="station")
    def _authorise(self, plan: Plan, call: CallContext) -> Plan:
        return self._security.authorise(plan, call.principal)

    @track_execution_time("execute", layer="station")
    async def _run(self, handler: AnyHandler, plan: Plan, request: RequestBase[Any], call: CallContext) -> Any:
        return await handler.run(plan, request, call)

    def _call(
        self, handler: AnyHandler, request: RequestBase[Any], caller: Caller, started: float, watch: Watch
    ) -> CallContext:
        seconds = self._settings.call_timeout_s if request.timeout_ms is None else request.timeout_ms / 1000
        return CallContext(
            id=caller.id,
            tool=handler.name,
            principal=caller.principal,
            deadline=started + seconds,
            form=caller.form,
            statement_timeout_ms=request.timeout_ms,
            progress=caller.progress,
            tracker=watch.tracker,
        )


def _ending(tool: str, caller: Caller, watch: Watch) -> Callable[[float, int, str | None], CallEnded]:
    def ended(seconds: float, rows: int, error: str | None) -> CallEnded:
        return CallEnded(
            call=caller.id,
            tool=tool,
            principal=caller.principal.name,
            seconds=seconds,
            rows=rows,
            error=error,
            relation=watch.relation,
            parts=watch.parts,
        )

    return ended


def _rows(response: ResponseBase) -> int:
    match response:
        case DataResponse(count=count):
            return count
        case AcknowledgementResponse(count=count):
            return count or 0
        case _:
            return 0


def _repeatable(request: RequestBase[Any]) -> bool:
    """Whether a request can be carried out once more: not when its records come from somewhere only once."""
    records = getattr(request, "records", ())
    return isinstance(records, (list, tuple))
