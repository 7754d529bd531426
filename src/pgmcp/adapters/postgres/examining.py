"""Asks a PostgreSQL about itself."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime

from attrs import evolve, frozen

from pgmcp.adapters.postgres.peer import certificate_end
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.calls import CallContext
from pgmcp.domain.health import ServerFacts
from pgmcp.domain.policy.surroundings import PolicySurroundings, RoleFacts
from pgmcp.domain.relations import Name
from pgmcp.ports.driver import Need, Statement

# The first PostgreSQL that tells how a session has shown who it is (section 9.27).
_TELLS_METHOD = 160000
_METHOD = "SELECT pg_catalog.split_part(SYSTEM_USER, ':', 1)"
_SCRAM = "scram-sha-256"
_UNBOUND = frozenset({"md5", "password"})


@frozen(kw_only=True)
class Demanded:
    """What the configuration demands of connections.

    Args:
        verified: How they check who the server is, by libpq's word; None for not at all.
        binding: Whether the password is bound to the TLS channel, by libpq's word: `require`, `prefer`, `disable`.
        places: Hosts and ports of the servers that are reached over a network.
    """

    verified: str | None = None
    binding: str = "disable"
    places: tuple[tuple[str, int], ...] = ()


class PostgresExaminer:
    """Implements `Examiner`."""

    def __init__(self, runner: Runner, demanded: Demanded = Demanded()) -> None:
        """Ask through `runner`, whose connections are as `demanded`."""
        self._runner = runner
        self._demanded = demanded

    async def facts(self, call: CallContext) -> ServerFacts:
        found = await self._runner.run(Statement(sql("facts")), call, need=Need.READ, kind="facts")
        document = json.loads(found.rows[0][0] or "{}")
        lists = {name: tuple(document[name]) for name in ("extensions", "unwatched", "lost_schemas")}
        return ServerFacts(**document | lists, verified=self._demanded.verified)

    async def reach_writing(self, call: CallContext) -> None:
        await self._runner.run(Statement("SELECT 1::text"), call, need=Need.WRITE, kind="facts")

    async def protected(self, facts: ServerFacts, call: CallContext) -> ServerFacts:
        if facts.tls is None:
            return facts
        method = await self._method(call) if facts.version_num >= _TELLS_METHOD else None
        ends = await certificate_end(self._demanded.places)
        return evolve(
            facts,
            bound=self._bound(method),
            certificate_ends=ends,
            certificate_days=None if ends is None else (ends - datetime.now(UTC)).days,
        )

    async def surroundings(self, roles: Collection[str], call: CallContext) -> PolicySurroundings:
        statement = Statement(sql("policy"), (sorted(roles),))
        found = await self._runner.run(statement, call, need=Need.READ, kind="facts")
        document = json.loads(found.rows[0][0] or "{}")
        return PolicySurroundings(
            functions=frozenset(Name(*each) for each in document["functions"] or ()),
            roles={name: RoleFacts(**facts) for name, facts in (document["roles"] or {}).items()},
            settings=document["settings"] or {},
        )

    async def _method(self, call: CallContext) -> str | None:
        """How the session has shown who it is, such as `scram-sha-256` or `cert`; None where nobody asked."""
        found = await self._runner.run(Statement(_METHOD), call, need=Need.READ, kind="facts")
        return found.rows[0][0]

    def _bound(self, method: str | None) -> bool | None:
        """Whether the password was bound to the channel; None where there was none, or nobody can tell.

        libpq binds wherever it may: over TLS, every server that speaks SCRAM offers it.
        https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNECT-CHANNEL-BINDING
        """
        if self._demanded.binding == "require":
            return True
        if method == _SCRAM:
            return self._demanded.binding == "prefer"
        return False if method in _UNBOUND else None
