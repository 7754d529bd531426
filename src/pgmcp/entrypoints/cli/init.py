"""`pgmcp init`: makes what pgmcp keeps in the database, prints how, or takes it out again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pgmcp.domain.calls import CallContext, CallId
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.cli.failures import say_embedded


def init(settings: Settings, *, print_sql: bool, remove: bool, watched: Sequence[str] = ()) -> int:
    """Do it, or only say how.

    Args:
        settings: Which database.
        print_sql: Print the statements and run none.
        remove: Take out what is there.
        watched: Tables that shall tell caches of every write to them.

    Raises:
        PgmcpError: The role may not, or the database can't be reached.
    """
    if print_sql:
        keeping = build(settings).keeping
        for part in keeping.removable() if remove else keeping.parts(watched):
            print(f"-- {part.name}\n{part.remove if remove else part.make};")
        return 0
    asyncio.run(_do(settings, watched, remove=remove))
    return 0


async def _do(settings: Settings, watched: Sequence[str], *, remove: bool) -> None:
    """Part by part, each told once it is done: what fails leaves those before it as they were told."""
    database = build(settings)
    if database.embedded:
        say_embedded()
    deadline = asyncio.get_running_loop().time() + settings.call_timeout_s
    call = CallContext(id=CallId("init"), tool="init", deadline=deadline)
    try:
        for part in database.keeping.removable() if remove else database.keeping.parts(watched):
            await (database.keeping.remove(part, call) if remove else database.keeping.make(part, call))
            print(f"{part.name}: {'taken out' if remove else 'there'}", flush=True)
    finally:
        await database.aclose()
