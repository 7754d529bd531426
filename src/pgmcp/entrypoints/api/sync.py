"""The synchronous client: the asynchronous one on an event loop of its own, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Self, TypeVar

from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.responses import ResponseBase
from pgmcp.domain.transactions import Isolation
from pgmcp.entrypoints.api.client import Client
from pgmcp.entrypoints.api.tools import Tool
from pgmcp.entrypoints.api.transaction import ClientTransaction

R = TypeVar("R", bound=ResponseBase)
T = TypeVar("T")


class SyncClient:
    """A database, for a program without an event loop; made by `pgmcp.connect_sync`. Safe to share among threads."""

    def __init__(self, client: Client) -> None:
        """Run `client` on a loop of its own."""
        self._client = client
        self._process = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pgmcp", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def call(self, request: RequestBase[R]) -> R:
        """Carry out a request, as `Client.call` does.

        Raises:
            PgmcpError: As `Client.call`.
            RuntimeError: This process was forked from the one that made the client.
        """
        return self._wait(self._client.call(request))

    def tools(self) -> list[SyncTool]:
        """The tools that are served, as `Client.tools` gives them; their calls wait for the answer."""
        return [SyncTool(self, tool) for tool in self._client.tools()]

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        if os.getpid() != self._process:
            work.close()
            message = (
                "The client's thread and connections stayed in the process that forked this one: make another here."
            )
            raise RuntimeError(message)
        if self._loop.is_closed():
            work.close()
            hint = "Call it inside its `with` block, or make another one by `pgmcp.connect_sync`."
            raise DatabaseError(codes.SHUTTING_DOWN, "The client is closed.", hint=hint, retry="never")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            # An interrupt in this thread stops the statement too.
            future.cancel()
            raise

    @contextmanager
    def transaction(self, isolation: str = Isolation.READ_COMMITTED.value, **options: Any) -> Iterator[SyncTransaction]:
        """A block in a transaction, as `Client.transaction`: `with db.transaction() as tx: tx.call(…)`.

        Args:
            isolation: The isolation level.
            **options: As `Client.transaction` takes them.
        """
        with self._entered(self._client.transaction(isolation, **options)) as within:
            yield SyncTransaction(self, within)

    @contextmanager
    def _entered(self, block: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """An asynchronous block, run on the loop."""
        entered = self._wait(block.__aenter__())
        try:
            yield entered
        except BaseException as error:
            if not self._wait(block.__aexit__(type(error), error, error.__traceback__)):
                raise
        else:
            self._wait(block.__aexit__(None, None, None))

    def close(self) -> None:
        """Close the connections and end the thread; calling again does nothing, nor in a process forked since."""
        if self._loop.is_closed() or os.getpid() != self._process:
            return
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class SyncTool:
    """One tool of one database; made by `SyncClient.tools`.

    Attributes:
        name: The tool's name.
        description: What an agent needs to know to use it.
        schema: The JSON schema of its arguments.
    """

    def __init__(self, client: SyncClient, tool: Tool) -> None:
        """Call `tool`."""
        self.name = tool.name
        self.description = tool.description
        self.schema = tool.schema
        self._client = client
        self._tool = tool

    def __repr__(self) -> str:
        """The name."""
        return f"SyncTool({self.name!r})"

    def call(self, arguments: Mapping[str, Any] | str | bytes | None = None, /, **named: Any) -> str:
        """Call the tool as a model would, as `Tool.call` does."""
        return self._client._wait(self._tool.call(arguments, **named))  # noqa: SLF001 -- one object in two parts


class SyncTransaction:
    """A transaction that is open; made by `SyncClient.transaction`."""

    def __init__(self, client: SyncClient, within: ClientTransaction) -> None:
        """Call within `within`."""
        self._client = client
        self._within = within

    @property
    def id(self) -> str:
        """Its handle, as requests take it in `transaction_id`."""
        return self._within.id

    def call(self, request: RequestBase[R]) -> R:
        """Carry out a request inside, as `ClientTransaction.call` does."""
        return self._client._wait(self._within.call(request))  # noqa: SLF001 -- one object in two parts

    @contextmanager
    def savepoint(self, name: str | None = None) -> Iterator[str]:
        """A part that is undone by itself, as `ClientTransaction.savepoint`."""
        with self._client._entered(self._within.savepoint(name)) as made:  # noqa: SLF001 -- as above
            yield made
