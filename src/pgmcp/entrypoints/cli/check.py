"""`pgmcp check`: what stands between this configuration and a working server, a line each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

from pgmcp.domain.caching.health import judge_cache
from pgmcp.domain.calls import CallContext, CallId, Principal
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.health import Finding, Level, judge
from pgmcp.domain.policy.explaining import explain as explained
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.bootstrap.drivers import shown_read_address
from pgmcp.entrypoints.cli.failures import say_embedded
from pgmcp.services.security import SecurityService

_RULE = re.compile(r"policy\.(\w+)\[(\d+)\]").fullmatch


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


def explain(settings: Settings, principal: str, about: str, action: str) -> int:
    """Print what a caller may do, and by which rule; asks no database.

    Raises:
        ValidationError: There is no such action, or no schema.
    """
    policy = settings.policy
    view = SecurityService(settings.access, policy).view(Principal(principal, access=settings.access))
    for line in explained(view, about, action, lambda at: _placed(at, policy.source)):
        print(line)
    if not policy.given:
        print("  there is no policy; the access mode and PostgreSQL's grants decide")
    return 0


def _placed(at: str, source: str | None) -> str:
    """A rule's place, with the line of the file that it begins at where that can be told."""
    found = _RULE(at)
    if source is None or found is None:
        return at if source is None else f"{at} ({source})"
    heading = re.compile(rf"\s*\[\[\s*policy\s*\.\s*{found[1]}\s*\]\]")
    lines = Path(source).read_text(encoding="utf-8").splitlines()
    numbers = [number for number, line in enumerate(lines, start=1) if heading.match(line)]
    position = int(found[2])
    return f"{at} ({source}:{numbers[position]})" if position < len(numbers) else f"{at} ({source})"


async def _findings(settings: Settings) -> Iterator[Finding]:
    database = build(settings)
    if database.embedded:
        say_embedded()
    reads = shown_read_address(settings)
    addresses = [Finding("address", Level.OK, database.address)]
    asked = "connection"
    tools = Finding("tools", Level.OK, f"{len(database.handlers)} with access {settings.access}")
    loop = asyncio.get_running_loop()
    call = CallContext(id=CallId("check"), tool="check", deadline=loop.time() + settings.call_timeout_s)
    try:
        if reads is not None:
            addresses.append(Finding("reads", Level.OK, reads))
            await database.examiner.reach_writing(call)
            asked = "reads"
        facts = await database.examiner.protected(await database.examiner.facts(call), call)
        policy = await database.policing.findings(call)
        cache = judge_cache(await database.operating.facts(call), facts, settings)
    except PgmcpError as error:
        text = f"{error.message} [{error.code.name}]" + (f"; {error.hint}" if error.hint else "")
        where = f"{reads}: " if asked == "reads" else ""
        return iter((*addresses[:1], Finding(asked, Level.FAIL, where + text)))
    finally:
        await database.aclose()
    works = Finding("connection", Level.OK, "works")
    return iter((*addresses, works, *judge(facts, settings), *cache, *policy, tools))
