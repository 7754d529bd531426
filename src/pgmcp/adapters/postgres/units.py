"""Units of work: where transactions come from."""

from __future__ import annotations

from pgmcp.adapters.postgres.beginning import begin_text, reading_text
from pgmcp.adapters.postgres.commenting import Remark, no_remark
from pgmcp.adapters.postgres.exchange import Exchange
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.adapters.postgres.settling import Settling
from pgmcp.adapters.postgres.standing import standing_text
from pgmcp.adapters.postgres.transactions import PostgresTransaction
from pgmcp.domain.calls import CallContext
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Need
from pgmcp.ports.observing import Observer
from pgmcp.ports.transactions import TransactionOptions


class PostgresUnitOfWork:
    """Where transactions come from; implements `UnitOfWork`.

    Args:
        sessions: Lends them their sessions.
        clock: Tells when a call's time is up.
        observer: Hears of each step.
        settle_s: How long a transaction's end may take when nobody waits for it, and the server be asked for a fate.
        reading: The sessions that read-only ones take: those for writing, where those for reading are on a replica.
        remark: Says on each statement who runs it.
    """

    def __init__(
        self,
        *,
        sessions: ConnectionManager,
        clock: Clock,
        observer: Observer,
        settle_s: float,
        reading: Need = Need.READ,
        remark: Remark = no_remark,
    ) -> None:
        self._sessions = sessions
        self._remark = remark
        self._exchange = Exchange(clock=clock, observer=observer)
        self._settling = Settling(sessions, settle_s, reading)
        self._reading = reading

    async def begin(self, options: TransactionOptions, call: CallContext) -> PostgresTransaction:
        return await self._exchange.carry_out(lambda: self._begin(options, call), call, "begin", lambda _: 0)

    async def _begin(self, options: TransactionOptions, call: CallContext) -> PostgresTransaction:
        need = self._reading if options.read_only else Need.WRITE
        connection = await self._sessions.acquire(need, principal=call.principal.name, deadline=call.deadline)
        try:
            begin = begin_text(options, connection.parameters.get("server_version", ""))
            await connection.control(begin + standing_text(call.view.standing) + self._remark(call))
        except BaseException:
            self._sessions.release(connection)
            raise
        return PostgresTransaction(
            connection,
            self._sessions,
            self._exchange,
            self._settling,
            reading=reading_text(options),
            remark=self._remark,
            began=self._remark(call),
        )
