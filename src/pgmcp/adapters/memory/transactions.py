"""Units of work: one writer at a time, savepoints, snapshots.

What is simpler than in PostgreSQL, and never wrong: a transaction that has written keeps every other writer waiting
until it ends; under `repeatable read` and `serializable` a write fails with `serialization_failure` as soon as any
table that it touches (under `serializable`: any table) was changed since the snapshot, where PostgreSQL looks at rows.

Source: PostgreSQL documentation, sections 13.2 (Transaction Isolation) and 3.4 (Transactions).
"""

from __future__ import annotations

from typing import Self

from attrs import frozen

from pgmcp.adapters.memory.building import SCHEMA
from pgmcp.adapters.memory.engine import Engine
from pgmcp.adapters.memory.faults import (
    FAILED_TRANSACTION,
    READ_ONLY,
    SERIALIZATION_FAILURE,
    UNKNOWN_SAVEPOINT,
    fault,
)
from pgmcp.adapters.memory.state import Space
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, TransactionError, codes
from pgmcp.domain.receipts import Kept
from pgmcp.domain.relations import Name
from pgmcp.domain.transactions import Held
from pgmcp.ports.transactions import Condition, Footprint, Isolation, Outcome, Transaction, TransactionOptions

_SNAPSHOTS = frozenset({Isolation.REPEATABLE_READ, Isolation.SERIALIZABLE})


@frozen
class _Savepoint:
    name: str
    mark: int
    receipts: dict[tuple[str, str], Kept]


class MemoryTransaction:
    """A transaction that is open; implements `Transaction`."""

    def __init__(self, engine: Engine, options: TransactionOptions) -> None:
        self._engine, self._options = engine, options
        self._space: Space | None = None
        self._moment = engine.clock.now()
        self.receipts: dict[tuple[str, str], Kept] = {}
        self._savepoints: list[_Savepoint] = []
        self._holds_lock = False
        self._failed = False
        self._outcome: Outcome | None = None

    @classmethod
    def of(cls, transaction: Transaction) -> Self:
        """A transaction of the port, known to be one of ours.

        Raises:
            TypeError: It is another adapter's.
        """
        if not isinstance(transaction, cls):
            raise TypeError(f"a transaction of another adapter: {type(transaction).__name__}")
        return transaction

    def reading(self) -> Space:
        """Where a statement of the transaction reads.

        Raises:
            TransactionError: `transaction_ended`, `transaction_failed`.
        """
        self._usable()
        if self._space is None:
            committed = self._engine.committed
            if self._options.isolation in _SNAPSHOTS:
                committed = dict(committed)
                for state in committed.values():
                    state.shared = True
            self._space = Space(committed, self._moment, alone=False)
        return self._space

    async def writing(self, table: str, call: CallContext) -> Space:
        """Where a statement of the transaction writes to a table; the first one waits for other writers.

        Raises:
            DatabaseError: `read_only_server`, `lock_timeout`, `call_timeout`, `serialization_failure`.
        """
        space = self.reading()
        if self._options.read_only:
            raise fault(READ_ONLY)
        await self.lock(call)
        if self._options.isolation in _SNAPSHOTS:
            names = [table] if self._options.isolation is Isolation.REPEATABLE_READ else list(space.committed)
            if any(space.committed[name] is not self._engine.committed[name] for name in names):
                raise fault(SERIALIZATION_FAILURE)
        return space

    async def lock(self, call: CallContext) -> None:
        """Become the one who writes, until the transaction ends.

        Raises:
            DatabaseError: `lock_timeout`, `call_timeout`.
        """
        if not self._holds_lock:
            await self._engine.lock.acquire(call)
            self._holds_lock = True

    @property
    def lost(self) -> bool:
        return False

    async def condition(self) -> Condition:
        if self._outcome is not None:
            return Condition.LOST
        return Condition.FAILED if self._failed else Condition.OPEN

    async def footprint(self, call: CallContext) -> Footprint:
        self._engine.in_time(call)
        written = () if self._space is None else sorted(self._space.own)
        waiting = self._engine.lock.waiting if self._holds_lock else 0
        return Footprint(
            locks=tuple(Held(name=Name(SCHEMA, name), relation=name, mode="RowExclusiveLock") for name in written),
            blocking=tuple(range(1, waiting + 1)),
        )

    def fail(self) -> None:
        """A statement has failed: nothing goes on before a rollback."""
        self._failed = True

    async def savepoint(self, name: str, call: CallContext) -> None:
        self._engine.in_time(call)
        space = self.reading()
        self._savepoints.append(_Savepoint(name, space.mark, dict(self.receipts)))
        self._engine.observe(call, "savepoint")

    async def rollback_to(self, name: str, call: CallContext) -> None:
        self._engine.in_time(call)
        if self._outcome is not None:
            raise _ended(self._outcome)
        place = self._find(name)
        if self._space is not None:
            self._space.undo(self._savepoints[place].mark)
        self.receipts = dict(self._savepoints[place].receipts)
        del self._savepoints[place + 1 :]
        self._failed = False
        self._engine.observe(call, "rollback_to")

    async def release(self, name: str, call: CallContext) -> None:
        self._engine.in_time(call)
        self._usable()
        del self._savepoints[self._find(name) :]
        self._engine.observe(call, "release")

    async def commit(self, call: CallContext) -> Outcome:
        try:
            self._engine.in_time(call)
            if self._outcome is not None:
                raise _ended(self._outcome)
        except PgmcpError as error:
            raise error.with_details(outcome=self._outcome or Outcome.UNKNOWN) from error.__cause__
        if self._space is not None and not self._failed:
            self._engine.committed.update(self._space.own)
        if not self._failed:
            self._engine.receipts.update(self.receipts)
        outcome = self._end(Outcome.ROLLED_BACK if self._failed else Outcome.COMMITTED)
        self._engine.observe(call, "commit")
        return outcome

    async def rollback(self) -> Outcome:
        return self._outcome or self._end(Outcome.ROLLED_BACK)

    def _end(self, outcome: Outcome) -> Outcome:
        self._outcome = outcome
        self._space = None
        if self._holds_lock:
            self._holds_lock = False
            self._engine.lock.release()
        return outcome

    def _usable(self) -> None:
        if self._outcome is not None:
            raise _ended(self._outcome)
        if self._failed:
            raise fault(FAILED_TRANSACTION)

    def _find(self, name: str) -> int:
        """Where the latest savepoint of a name stands."""
        for place in range(len(self._savepoints) - 1, -1, -1):
            if self._savepoints[place].name == name:
                return place
        self._failed = True
        raise fault(UNKNOWN_SAVEPOINT)


class MemoryUnitOfWork:
    """Where transactions come from; implements `UnitOfWork`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def begin(self, options: TransactionOptions, call: CallContext) -> MemoryTransaction:
        self._engine.in_time(call)
        self._engine.observe(call, "begin")
        return MemoryTransaction(self._engine, options)


def _ended(outcome: Outcome) -> TransactionError:
    return TransactionError(
        codes.TRANSACTION_ENDED,
        f"The transaction has ended: {outcome.replace('_', ' ')}.",
        hint="Begin another one.",
        details={"outcome": outcome},
    )
