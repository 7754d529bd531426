"""What a PostgreSQL says of a transaction that another session of ours has, or had: its fate, its locks.

Source: PostgreSQL documentation, sections 9.28.9 (transaction ids and snapshots), 53.13 (pg_locks), 27.2.3.
"""

from __future__ import annotations

import asyncio
import json

from attrs import frozen

from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.relations import Name
from pgmcp.domain.transactions import Footprint, Held, Outcome
from pgmcp.ports.driver import Connection, DriverError, Need, Statement

_FATES = {"committed": Outcome.COMMITTED, "aborted": Outcome.ROLLED_BACK}
# How often the server is asked while it can't be reached or is still at it, in seconds.
_PAUSE_S = 0.05


@frozen
class Proof:
    """What a transaction can be found by afterwards: its id, the process that has it, the last checkpoint before."""

    id: str
    process: str
    checkpoint: str


class Settling:
    """Asks on other sessions than the transaction's own.

    Args:
        sessions: Lends them.
        patience_s: How long the server is asked for a transaction's fate, in seconds.
        reading: Those that are on the same server: a replica would learn of it late.

    Attributes:
        patience_s: The same.
    """

    def __init__(self, sessions: ConnectionManager, patience_s: float, reading: Need = Need.READ) -> None:
        self._sessions = sessions
        self.patience_s = patience_s
        self._reading = reading

    async def proof_from(self, connection: Connection, remark: str = "") -> Proof | None:
        """What an open transaction can be found by; None where it has written nothing, so that no fate matters.

        Raises:
            DriverError: The transaction has failed, or its session is gone.
        """
        rows = await connection.run(Statement(sql("proof") + remark))
        id_, process, checkpoint = rows.rows[0]
        return None if id_ is None else Proof(id_, process or "", checkpoint or "")

    async def outcome_of(self, proof: Proof) -> Outcome:
        """How a transaction ended whose session was lost; `UNKNOWN` when the server can't be asked in time.

        One that the server still holds open, as it has not noticed the loss, is ended: its COMMIT never arrived.
        """
        try:
            async with asyncio.timeout(self.patience_s):
                while True:
                    found = await self._fate(proof)
                    if found is not None:
                        return found
                    await asyncio.sleep(_PAUSE_S)
        except TimeoutError:
            return Outcome.UNKNOWN

    async def footprint(self, process: int | None, remark: str = "") -> Footprint:
        """The locks of a process, and who waits for it; nothing where a pooler hides which process it is.

        Raises:
            DriverError: What the server said.
        """
        if process is None:
            return Footprint()
        rows = await self._run(Statement(sql("footprint") + remark, (str(process),)))
        document = json.loads(rows[0] or "{}")
        return Footprint(
            locks=tuple(
                Held(name=Name(*each["name"]), relation=each["relation"], mode=each["mode"])
                for each in document["locks"]
            ),
            blocking=tuple(document["blocking"]),
        )

    async def _fate(self, proof: Proof) -> Outcome | None:
        try:
            status, _ = await self._run(Statement(sql("fate"), (proof.id, proof.process, proof.checkpoint)))
        except (DriverError, PgmcpError):
            return None
        # Without a status the id is too old to be told of, which no transaction of a moment ago is.
        return Outcome.UNKNOWN if status is None else _FATES.get(status)

    async def _run(self, statement: Statement) -> tuple[str | None, ...]:
        connection = await self._sessions.acquire(self._reading)
        try:
            rows = await connection.run(statement)
        finally:
            self._sessions.release(connection)
        return tuple(rows.rows[0])
