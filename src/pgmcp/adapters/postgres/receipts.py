"""Receipts in a table of the database."""

from __future__ import annotations

from pgmcp.adapters.postgres.keeping import RECEIPTS, PostgresKeeping
from pgmcp.adapters.postgres.receipting import VOID, whole
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.settling import Proof
from pgmcp.adapters.postgres.texts import sql
from pgmcp.adapters.postgres.transactions import PostgresTransaction
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import DatabaseError, PgmcpError, codes
from pgmcp.domain.filters.tree import EVERYTHING
from pgmcp.domain.plans import Delete, Insert, Plan, Update
from pgmcp.domain.receipts import Kept, Receipt
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Need, Parameter, Row, Statement
from pgmcp.ports.transactions import Transaction

_THERE = Statement("SELECT pg_catalog.to_regclass('pgmcp.receipts')::text")
_FIND = "SELECT digest, answer FROM pgmcp.receipts WHERE principal = $1::text AND key = $2::text"
_FILL = "UPDATE pgmcp.receipts SET answer = $3::text WHERE principal = $1::text AND key = $2::text"
_INSERT = "INSERT INTO pgmcp.receipts (principal, key, digest, answer) VALUES ($1::text, $2::text, $3::text, $4::text)"
# A void receipt gives way.
_ADD = (
    f"{_INSERT} ON CONFLICT (principal, key) DO UPDATE SET digest = excluded.digest, answer = excluded.answer, "
    "made_at = excluded.made_at WHERE receipts.digest = '' RETURNING '1'"
)
# The table is gone, or not ours to use.
_NO_TABLE = frozenset({"42P01", "3F000", "42501", "42703"})
_TIDY_EVERY_S = 60.0


class PostgresReceiptBook:
    """Implements `ReceiptBook`.

    Args:
        runner: Runs its statements.
        keeping: Makes the table where there is none.
        clock: Tells when to tidy up.
        keep_s: How long a receipt is kept, in seconds.
    """

    def __init__(self, *, runner: Runner, keeping: PostgresKeeping, clock: Clock, keep_s: float) -> None:
        self._runner = runner
        self._keeping = keeping
        self._clock = clock
        self._keep_s = keep_s
        self._ready = False
        self._tidied_at = clock.monotonic()

    def goes_along(self, plan: Plan) -> bool:
        if isinstance(plan, Update | Delete):
            return plan.check is EVERYTHING if isinstance(plan, Update) else True
        rows = plan.rows if isinstance(plan, Insert) and plan.check is EVERYTHING else None
        return rows is not None and len(rows.rows) == 1 and bool(rows.columns)

    async def ready(self, call: CallContext) -> None:
        if self._ready:
            return
        found = await self._runner.run(_THERE, call, need=Need.READ, kind="receipt")
        if found.rows[0][0] is None:
            try:
                await self._keeping.make(RECEIPTS, call)
            except PgmcpError as error:
                raise _unavailable(error) from error
        self._ready = True

    async def claim(self, receipt: Receipt, call: CallContext, within: Transaction) -> Kept | None:
        rows = await self._run(sql("receipt_claim"), call, within, receipt.principal, receipt.key, receipt.digest)
        if not rows:
            # What it waited for is seen by the next statement only.
            return await self.find(receipt, call, within)
        id_, process, checkpoint = rows[0]
        PostgresTransaction.of(within).prove(Proof(id_ or "", process or "", checkpoint or ""))
        return None

    async def fill(self, receipt: Receipt, answer: str, call: CallContext, within: Transaction) -> None:
        await self._run(_FILL, call, within, receipt.principal, receipt.key, answer)

    async def find(self, receipt: Receipt, call: CallContext, within: Transaction | None) -> Kept | None:
        rows = await self._run(_FIND, call, within, receipt.principal, receipt.key)
        if not rows or rows[0][0] == VOID:
            return None
        return Kept(digest=rows[0][0] or "", answer=whole(rows[0][1]))

    async def settle(self, receipt: Receipt, call: CallContext) -> Kept | None:
        await self._run(sql("receipt_void"), call, None, receipt.principal, receipt.key)
        return await self.find(receipt, call, None)

    async def add(self, receipt: Receipt, answer: str, call: CallContext, within: Transaction) -> None:
        values = (receipt.principal, receipt.key, receipt.digest, answer)
        if not await self._run(_ADD, call, within, *values):
            # The server's own error, which the transaction fails by.
            await self._run(_INSERT, call, within, *values)

    async def tidy(self, call: CallContext) -> None:
        now = self._clock.monotonic()
        if now < self._tidied_at + _TIDY_EVERY_S:
            return
        self._tidied_at = now
        statement = Statement(sql("receipts_tidy"), (str(self._keep_s),))
        await self._runner.run(statement, call, need=Need.WRITE, kind="receipt")

    async def _run(self, text: str, call: CallContext, within: Transaction | None, *parameters: Parameter) -> list[Row]:
        try:
            rows = await self._runner.run(
                Statement(text, parameters), call, need=Need.WRITE, kind="receipt", within=within
            )
        except PgmcpError as error:
            if error.sqlstate not in _NO_TABLE:
                raise
            self._ready = False
            raise _unavailable(error) from error
        return list(rows.rows)


def _unavailable(error: PgmcpError) -> PgmcpError:
    """The error for a write with a key that can't be kept; one about the connection stays what it is."""
    if error.retry == "later":
        return error
    return DatabaseError(
        codes.RECEIPTS_UNAVAILABLE,
        "The database has no place for receipts that this role may use, so no write takes an idempotency key.",
        hint="Run `pgmcp init` once with a role that may create a schema, or write without a key.",
        details={"outcome": "rolled_back"},
    )
