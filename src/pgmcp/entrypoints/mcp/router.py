"""MCPRouter: a tool's name → its handler; decoded parameters in, the bytes of an answer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from pgmcp import __version__
from pgmcp.domain import json
from pgmcp.domain.calls import CallId, Principal, Progress
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.plans import Effect
from pgmcp.domain.results import Form
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.instructions import instructions
from pgmcp.entrypoints.mcp.toolbox import CallControls, ReportProgress, ToolAnswer, ToolListing
from pgmcp.entrypoints.rendering import render
from pgmcp.entrypoints.schemas import hints, input_schema
from pgmcp.handlers.dispatch import Caller


class MCPRouter:
    """The tools of one database, for any transport; does not know who called it."""

    def __init__(self, database: Database) -> None:
        """Serve a database's tools."""
        self._database = database

    @property
    def name(self) -> str:
        """The server's name."""
        return "pgmcp"

    @property
    def version(self) -> str:
        """The server's version."""
        return __version__

    @property
    def instructions(self) -> str:
        """How an agent works here."""
        return instructions(self._database.settings, embedded=self._database.embedded)

    @cached_property
    def _listings(self) -> Mapping[tuple[str, bool], ToolListing]:
        """The tools' listings, for those who may write and for those who may not; made once."""
        return {
            (handler.name, writes): ToolListing(
                name=handler.name,
                description=handler.summary,
                input_schema=input_schema(handler.request, without=self._database.unfillable),
                annotations=hints(type(handler), writes=writes),
            )
            for handler in self._database.handlers.values()
            for writes in (False, True)
        }

    def tools(self, principal: Principal) -> Sequence[ToolListing]:
        """The tools that are served to a principal."""
        writes = self._database.security.admits(Effect.UPDATE, principal)
        return [self._listings[each.name, writes] for each in self._database.served_to(principal)]

    def is_read(self, name: str, arguments: bytes) -> bool:
        """Whether a call can't change anything: a tool that only reads, or a statement that may only read."""
        handler = self._database.handlers.get(name)
        if handler is None or handler.effect is not Effect.RUN:
            return handler is not None and handler.effect is Effect.READ
        return not self._database.security.admits(Effect.UPDATE) or _is_read_only(arguments)

    async def stopping(self) -> None:
        """Be ready for nobody else, and roll back the transactions that nobody uses."""
        self._database.readiness.stop()
        await self._database.leases.shut_down()

    async def call(self, name: str, arguments: bytes, controls: CallControls) -> ToolAnswer:
        """Call a tool; errors are answers too."""
        caller = Caller(
            principal=controls.principal,
            form=Form.WIRE,
            progress=_progress(controls.progress),
            id=CallId(controls.id),
            session=controls.session,
            trace=controls.trace,
        )
        try:
            response = await self._database.call(name, arguments, caller)
        except PgmcpError as error:
            return ToolAnswer(text=render(error.response), is_error=True)
        return ToolAnswer(text=render(response), is_error=False)


def _is_read_only(arguments: bytes) -> bool:
    """Whether the arguments of a statement leave it in its read-only transaction, which is where it runs by default."""
    try:
        said = json.loads(arguments)
    except PgmcpError:
        return False
    return isinstance(said, dict) and said.get("read_only", True) is True


def _progress(report: ReportProgress | None) -> Progress | None:
    if report is None:
        return None

    async def progress(done: int, total: int | None) -> None:
        await report(done, total, f"{done} rows")

    return progress
