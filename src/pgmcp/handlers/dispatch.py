"""The pipeline: every call, whichever way it comes in, passes the same stations in the same order.

decode → admit → plan → authorise → execute → answer; each may refuse only what is its own to refuse.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import PurePath
from traceback import extract_tb
from typing import Any

from attrs import field, frozen

from pgmcp.domain.altering import altered
from pgmcp.domain.aside import LONG_TEXT
from pgmcp.domain.calls import CallContext, CallId, LeaseId, Principal, Progress, new_id
from pgmcp.domain.drawing import is_drawn
from pgmcp.domain.errors import Code, InternalError, PgmcpError, codes
from pgmcp.domain.events import CallStarted, CatalogueForgotten, DefectFound, call_ended, call_started
from pgmcp.domain.lease_errors import definition_changed
from pgmcp.domain.policy.redacting import redact
from pgmcp.domain.requests import RequestBase, TableRequest
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse, PlanResponse, ResponseBase
from pgmcp.domain.results import Form
from pgmcp.domain.settings import Settings
from pgmcp.domain.stopping import outcome_told
from pgmcp.domain.transactions import Outcome
from pgmcp.handlers.base import AnyHandler
from pgmcp.handlers.decoding import read_arguments
from pgmcp.handlers.outdated import may_be_outdated, server_found_it_stale
from pgmcp.handlers.preparing import Arguments, Asked, Preparing
from pgmcp.ports.clock import Clock
from pgmcp.ports.observing import Observer, hears
from pgmcp.services.auditing import AuditService
from pgmcp.services.fair_use import FairUse
from pgmcp.services.guarding import Guard
from pgmcp.services.prepared_calls import PreparedCall
from pgmcp.services.receipts import ReceiptService
from pgmcp.services.schemas import SchemaService
from pgmcp.services.security import SecurityService
from pgmcp.services.watching import EXECUTE, Watch

AnyTool = type[AnyHandler]

_FRAMES = 12  # of a traceback: enough to see the way from the pipeline to the defect


# Made for each call: with slots a frozen object takes three times as long to make.
@frozen(kw_only=True, slots=False)
class Caller:
    """Who calls and how the answer is wanted.

    Args:
        principal: Who.
        form: The form of rows.
        progress: Told of progress; None when nobody asked.
        id: One id for everything that the call leaves behind.
        session: The process or connection that the call came in by, for the audit; None where there is none.
        trace: The W3C `traceparent` of whoever calls; None without one.
    """

    principal: Principal = Principal()
    form: Form = Form.WIRE
    progress: Progress | None = None
    id: CallId = field(factory=new_id)
    session: str | None = None
    trace: str | None = None


class Dispatcher:
    """Takes calls through the stations."""

    def __init__(  # noqa: PLR0913, PLR0917 -- a station each
        self,
        security: SecurityService,
        schemas: SchemaService,
        observer: Observer,
        clock: Clock,
        settings: Settings,
        audit: AuditService,
        fair_use: FairUse,
        guard: Guard,
        receipts: ReceiptService,
    ) -> None:
        """Work for one database."""
        self._security = security
        self._schemas = schemas
        self._observer = observer
        self._begins = hears(observer, CallStarted)
        self._clock = clock
        self._settings = settings
        self._audit = audit
        self._fair_use = fair_use
        self._guard = guard
        self._receipts = receipts
        self._preparing = Preparing(security, guard, audit, settings)

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
        watch = self._watch(handler, caller)
        if self._begins:
            self._observer.observe(call_started((caller.id, handler.name, watch.principal, caller.trace)))
        try:
            response = await self._stations(handler, arguments, caller, watch)
        except PgmcpError as error:
            redact(error, self._security.view(caller.principal))
            await self._failed(handler, watch, error.code, error)
            raise
        except asyncio.CancelledError as error:
            await self._failed(handler, watch, codes.CANCELLED, error)
            raise
        except Exception as error:
            self._observer.observe(_defect(caller.id, error))
            await self._failed(handler, watch, codes.INTERNAL, error)
            raise InternalError(
                codes.INTERNAL,
                f"pgmcp failed with a {type(error).__name__}",
                hint="This is a defect of pgmcp; the server's log has more.",
                details={"call": caller.id},
            ) from error
        if not self._ended(handler, watch, _rows(response)):
            await self._audit.room()
        return response

    async def turn_away(self, tool: AnyTool | None, caller: Caller, error: PgmcpError) -> None:
        """Put on record that a call was for a tool that is not there, or not served.

        Args:
            tool: The tool, where there is one of that name.
            caller: Who called.
            error: What the caller is told.
        """
        if not self._audit.conclude(self._watch(tool, caller), 0.0, error=error):
            await self._audit.room()

    async def _stations(self, handler: AnyHandler, arguments: Arguments, caller: Caller, watch: Watch) -> ResponseBase:
        if type(arguments) is bytes and len(arguments) > LONG_TEXT:
            arguments = await asyncio.to_thread(read_arguments, arguments)
        asked = self._preparing.ask(handler, arguments, caller.principal)
        call = self._call(handler, asked, caller, watch)
        with self._fair_use.seat(caller.principal.name, handler.name) as seat:
            response = await self._carry_out_or_again(handler, asked, call, watch)
            seat.answered(response)
        return response

    async def _carry_out_or_again(
        self, handler: AnyHandler, asked: Asked, call: CallContext, watch: Watch
    ) -> ResponseBase:
        try:
            return await self._carry_out(handler, asked, call, watch)
        except PgmcpError as error:
            of = may_be_outdated(error, asked.request)
            if of is not None and await self._renewed(of, call):
                watch.leave(error)
                return await self._carry_out(handler, asked, call, watch)
            if not server_found_it_stale(error, asked.request):
                raise
            watch.leave(error)
            self._observer.observe(CatalogueForgotten(call=call.id, sqlstate=error.sqlstate or ""))
            # Looked at before all is forgotten: behind that there is nothing to compare with.
            redefined = call.transaction is not None and await self._renewed(asked.request, call)
            self._schemas.forget()
            self._guard.forget()
            if redefined:
                raise definition_changed("The table is not what it was", error) from error.__cause__
            # In a transaction of the caller's own the error has undone what was there before: only it can begin anew.
            # And of a procedure a part may be there, which has failed in another.
            if call.transaction is not None or outcome_told(error) is Outcome.UNKNOWN:
                raise
            return await self._carry_out(handler, asked, call, watch)

    async def _renewed(self, request: RequestBase[Any], call: CallContext) -> bool:
        """Whether the table of a request has changed; where nobody can tell, it is taken as it is known."""
        if isinstance(request, TableRequest):
            with suppress(PgmcpError):
                return await self._schemas.renew(request.table, request.schema, call)
        return False

    async def _carry_out(self, handler: AnyHandler, asked: Asked, call: CallContext, watch: Watch) -> ResponseBase:
        prepared = await self._preparing.prepare(handler, asked, call, watch)
        request, plan = asked.request, prepared.authorised
        if self._audit.wants_intent(watch):
            watch.leave()
            await self._audit.intend(watch)
        watch.enter(EXECUTE)
        got = await self._run(handler, prepared, request, call)
        watch.leave()
        if prepared.leaves_something:
            self._guard.ran(plan)
        response = prepared.answer.by(got)
        if response is None:
            response = handler.answer(got, plan, request, call)
            prepared.answer.note(got, response)
        return response if call.transaction is None else _within(response, call.transaction)

    async def _failed(self, handler: AnyHandler, watch: Watch, code: Code, error: BaseException) -> None:
        watch.leave(error)
        if not self._ended(handler, watch, 0, code.name, error):
            await self._audit.room()

    def _ended(
        self,
        handler: AnyHandler,
        watch: Watch,
        rows: int,
        code: str | None = None,
        error: BaseException | None = None,
    ) -> bool:
        """Tell of a call's end; whether the audit has room for more."""
        at = self._clock.monotonic()
        seconds = at - watch.started
        parts = watch.relation, watch.stations, watch.noted
        self._observer.observe(call_ended((watch.call, handler.name, watch.principal, seconds, rows, code, *parts, at)))
        return self._audit.conclude(watch, seconds, rows, error)

    async def _run(
        self, handler: AnyHandler, prepared: PreparedCall, request: RequestBase[Any], call: CallContext
    ) -> Any:
        plan = prepared.authorised
        key = self._receipts.key_of(request) if prepared.leaves_something else None
        if key is None:
            return await handler.run(plan, request, call)
        return await self._receipts.once(key, request, plan, call, lambda call: handler.run(plan, request, call))

    def _watch(self, tool: AnyTool | AnyHandler | None, caller: Caller) -> Watch:
        name, effect = (None, None) if tool is None else (tool.name, tool.effect)
        return Watch(
            self._clock,
            caller.id,
            caller.principal.name,
            caller.session,
            name,
            effect,
            timed=is_drawn(caller.id, self._settings.metrics_sample),
        )

    def _call(self, handler: AnyHandler, asked: Asked, caller: Caller, watch: Watch) -> CallContext:
        request = asked.request
        seconds = self._settings.call_timeout_s if request.timeout_ms is None else request.timeout_ms / 1000
        return CallContext(
            id=caller.id,
            tool=handler.name,
            principal=caller.principal,
            deadline=watch.started + seconds,
            form=caller.form,
            statement_timeout_ms=request.timeout_ms,
            transaction=getattr(request, "transaction_id", None),
            view=asked.view,
            progress=caller.progress,
            tracker=watch.tracker,
        )


def _defect(call: CallId, error: Exception) -> DefectFound:
    frames = extract_tb(error.__traceback__)[-_FRAMES:]
    where = tuple(f"{PurePath(each.filename).name}:{each.lineno} {each.name}" for each in frames)
    return DefectFound(call=call, defect=type(error).__name__, frames=where)


def _rows(response: ResponseBase) -> int:
    match response:
        case DataResponse(count=count):
            return count
        case AcknowledgementResponse(count=count):
            return count or 0
        case _:
            return 0


def _within(response: ResponseBase, transaction: LeaseId) -> ResponseBase:
    """The response of a call in a transaction that its caller holds, which says so."""
    match response:
        case DataResponse() | AcknowledgementResponse() | PlanResponse():
            return altered(response, transaction_id=transaction)
        case _:
            return response
