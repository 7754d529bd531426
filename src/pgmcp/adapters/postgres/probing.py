"""What a server is, and what our role may do there: the facts behind `pgmcp check`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from attrs import frozen

from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.calls import CallContext
from pgmcp.ports.driver import Need, Statement


@frozen(kw_only=True)
class ServerFacts:
    """A server's facts as a session of ours sees them.

    Args:
        version: As a person writes it, such as `18.6`.
        version_num: As a number, such as 180006.
        database: The database that the session is in.
        role: The role that the session acts as.
        superuser: Whether nothing is refused to that role.
        tls: Whether the session is encrypted.
        read_only: Whether its transactions are read-only by default.
        standby: Whether the server follows another one and takes no writes.
        max_connections: How many sessions the server allows in all.
        time_zone: The session's zone.
        search_path: The schemas along the search path that are there.
        extensions: Installed extensions and their versions.
    """

    version: str
    version_num: int
    database: str
    role: str
    superuser: bool
    tls: bool
    read_only: bool
    standby: bool
    max_connections: int
    time_zone: str
    search_path: tuple[str, ...]
    extensions: Mapping[str, str]


async def probe(runner: Runner, call: CallContext, *, need: Need) -> ServerFacts:
    """Ask the server who it is, through a session of that need.

    Raises:
        PgmcpError: It can't be reached, or refuses.
    """
    answer = await runner.run(Statement(sql("probe")), call, need=need, kind="probe")
    facts = json.loads(answer.rows[0][0] or "{}")
    return ServerFacts(**facts | {"search_path": tuple(facts["search_path"])})
