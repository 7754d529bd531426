"""`pgmcp check`: what stands between this configuration and a working server, a line each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from pgmcp.domain.calls import CallContext, CallId
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.health import Finding, Level, judge
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.cli.failures import say_embedded


def check(settings: Settings) -> int:
    """Print the findings.

    Returns:
        0 only if the server would serve.
    """
    findings = list(asyncio.run(_findings(settings)))
    width = max(len(finding.about) for finding in findings)
    for finding in findings:
        print(f"{finding.level:<4}  {finding.about:<{width}}  {finding.text}")
    return 1 if any(finding.level is Level.FAIL for finding in findings) else 0


async def _findings(settings: Settings) -> Iterator[Finding]:
    database = build(settings)
    if database.embedded:
        say_embedded()
    address = Finding("address", Level.OK, database.address)
    tools = Finding("tools", Level.OK, f"{len(database.handlers)} with access {settings.access}")
    loop = asyncio.get_running_loop()
    call = CallContext(id=CallId("check"), tool="check", deadline=loop.time() + settings.call_timeout_s)
    try:
        facts = await database.examiner.facts(call)
    except PgmcpError as error:
        text = f"{error.message} [{error.code.name}]" + (f"; {error.hint}" if error.hint else "")
        return iter((address, Finding("connection", Level.FAIL, text)))
    finally:
        await database.aclose()
    return iter((address, Finding("connection", Level.OK, "works"), *judge(facts, settings), tools))
