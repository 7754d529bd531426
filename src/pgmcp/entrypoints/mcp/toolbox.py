"""The seam: what the transports ask of whoever answers the tools. Bytes go in, bytes come out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from pgmcp.domain.calls import Principal

ReportProgress = Callable[[float, float | None, str | None], Awaitable[None]]
"""Told of how much is done, of how much in all (None while it isn't known), and of what in words (or None)."""


@frozen(kw_only=True)
class ToolListing:
    """A tool as `tools/list` shows it.

    Args:
        name: What a caller calls it by.
        description: What an agent needs to know to use it.
        input_schema: The JSON Schema of its arguments, an object's.
        annotations: The four hints in MCP's spelling: `readOnlyHint`, `destructiveHint`, `idempotentHint` and
            `openWorldHint`.
    """

    name: str
    description: str
    input_schema: dict[str, Any]
    annotations: dict[str, bool]


# Made for each call: with slots a frozen object takes three times as long to make.
@frozen(kw_only=True, slots=False)
class CallControls:
    """What surrounds one call, beside its arguments.

    Args:
        id: An id for this call alone, for events and log lines; a caller's own request ids repeat.
        principal: Who is calling.
        session: What the call came in by, for the audit; nothing that opens anything.
        progress: Where progress goes; None when the caller did not ask for it.
        trace: The caller's W3C `traceparent`, as sent; None without one.
        detached: The caller may leave without that ending a write (an HTTP client). The transport keeps that promise
            itself: what reaches the call as a cancellation is always meant.
    """

    id: str
    principal: Principal
    session: str | None = None
    progress: ReportProgress | None = field(default=None, repr=False)
    trace: str | None = None
    detached: bool = False


@frozen(kw_only=True)
class ToolAnswer:
    """What a call answers.

    Args:
        text: The one text block of the answer, UTF-8: compact JSON.
        is_error: MCP's `isError`.
    """

    text: bytes = field(repr=False)
    is_error: bool


class Toolbox(Protocol):
    """Whoever serves the tools; it does not know over which transport it was asked."""

    @property
    def name(self) -> str:
        """The server's name, told to clients."""
        ...

    @property
    def version(self) -> str:
        """The server's version, told to clients."""
        ...

    @property
    def instructions(self) -> str:
        """How an agent works here, in a few sentences."""
        ...

    def tools(self, principal: Principal) -> Sequence[ToolListing]:
        """The tools that this principal may see, in the order of the listing."""
        ...

    def is_read(self, name: str, arguments: bytes) -> bool:
        """Whether a call can't change anything; False where that can't be told, as for a name that isn't known.

        Args:
            name: The tool's name.
            arguments: As in `call`.
        """
        ...

    async def stopping(self) -> None:
        """Hear that the server is about to stop: let go of what is held between calls; those that run have a while."""
        ...

    async def call(self, name: str, arguments: bytes, controls: CallControls) -> ToolAnswer:
        """Call a tool.

        Args:
            name: The tool's name as the caller wrote it; an unknown one is answered with a typed error.
            arguments: The caller's own JSON text, UTF-8, every digit, spelling and repeated key as sent; not
                necessarily an object. It is well-formed, nested at most 198 levels deep, holds no half of a surrogate
                pair and no integer of more than 4,300 digits. It may hold NUL, written as an escape.
            controls: What surrounds the call.

        Returns:
            The answer; errors are answers too.

        Raises:
            asyncio.CancelledError: The call was cancelled and whatever it ran is settled. Nothing else is raised.
        """
        ...
