"""What pgmcp keeps in a PostgreSQL, part by part: made and taken out again, each in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.adapters.postgres import cache_triggers
from pgmcp.adapters.postgres.texts import sql
from pgmcp.adapters.postgres.units import PostgresUnitOfWork
from pgmcp.domain.calls import CallContext
from pgmcp.ports.keeping import Part
from pgmcp.ports.transactions import TransactionOptions

RECEIPTS = Part(name="receipts", make=sql("receipts_make"), remove=sql("receipts_remove"))

# One at a time: CREATE … IF NOT EXISTS of two at once fails in one of them.
_ALONE = "SELECT pg_catalog.pg_advisory_xact_lock(7039815)"
# The schema goes when nothing is left in it.
_TIDY = """DO $$ BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_namespace AS space WHERE space.nspname = 'pgmcp'
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS class WHERE class.relnamespace = space.oid)
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS proc WHERE proc.pronamespace = space.oid)
    ) THEN DROP SCHEMA pgmcp; END IF;
END $$"""


def _triggers(watched: Sequence[str]) -> Part:
    return Part(name="cache triggers", make=cache_triggers.make(watched), remove=cache_triggers.remove())


class PostgresKeeping:
    """Implements `Keeping`."""

    def __init__(self, work: PostgresUnitOfWork) -> None:
        self._work = work

    def parts(self, watched: Sequence[str] = ()) -> tuple[Part, ...]:
        return (RECEIPTS, _triggers(watched)) if watched else (RECEIPTS,)

    def removable(self) -> tuple[Part, ...]:
        return (_triggers(()), RECEIPTS)

    async def make(self, part: Part, call: CallContext) -> None:
        await self._run(part.make, call)

    async def remove(self, part: Part, call: CallContext) -> None:
        await self._run(f"{part.remove};\n{_TIDY}", call)

    async def _run(self, text: str, call: CallContext) -> None:
        transaction = await self._work.begin(TransactionOptions(), call)
        try:
            await transaction.define(f"{_ALONE};\n{text}", call)
        except BaseException:
            await transaction.rollback()
            raise
        await transaction.commit(call)
