"""What every statement of one memory database shares: its tables, its clock, its one writer, who hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgmcp.adapters.memory.building import Catalogue, taken_by
from pgmcp.adapters.memory.constraints import Referrers, keep_references, keep_unique, keep_values
from pgmcp.adapters.memory.declare import TableSpec
from pgmcp.adapters.memory.definitions import Table
from pgmcp.adapters.memory.locking import WriteLock, overdue
from pgmcp.adapters.memory.showing import Shown, shown_of
from pgmcp.adapters.memory.state import Space, TableState
from pgmcp.adapters.memory.views import RowsByName, worked_out
from pgmcp.adapters.memory.writing import Writer
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, ValidationError, codes
from pgmcp.domain.events import StatementRan
from pgmcp.domain.receipts import Kept
from pgmcp.domain.relations import Relation, RelationKind
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.ports.clock import Clock
from pgmcp.ports.observing import Observer

_SHOWN_AT_MOST = 500


class Engine:
    """The state of a memory database.

    Args:
        specs: Its tables by name.
        clock: Tells `now()` and deadlines.
        observer: Hears of every statement; None where nobody wants to.
        lock_timeout_s: Seconds that a write waits for another transaction to end.
        mask_key: The secret behind masks that hash.

    Attributes:
        committed: The tables' states as a new transaction sees them.
        receipts: What was answered to writes with a key, by principal and key.
        types: The types of its own, by name.

    Raises:
        PgmcpError: A declaration is wrong, or a declared row breaks a constraint.
    """

    def __init__(
        self,
        specs: Mapping[str, TableSpec],
        *,
        clock: Clock,
        observer: Observer | None,
        lock_timeout_s: float,
        mask_key: bytes,
    ) -> None:
        self.clock = clock
        self.mask_key = mask_key
        self._observer = observer
        self.lock = WriteLock(clock, lock_timeout_s)
        self.receipts: dict[tuple[str, str], Kept] = {}
        catalogue = Catalogue(specs)
        self.tables: Mapping[str, Table] = catalogue.tables
        self.types = catalogue.types
        self.referrers = Referrers(self.tables)
        self.writer = Writer(self.tables, self.referrers)
        self.committed = {
            name: TableState(table) for name, table in self.tables.items() if table.relation.kind is RelationKind.TABLE
        }
        self._shown: dict[tuple[str, str, tuple[str, ...]], Shown] = {}
        self._fill(specs, catalogue)

    def in_time(self, call: CallContext) -> float:
        """The moment on the clock's scale, which is before the call's deadline.

        Raises:
            DatabaseError: `call_timeout`.
        """
        at = self.clock.monotonic()
        if at >= call.deadline:
            raise overdue()
        return at

    def observe(
        self,
        call: CallContext,
        kind: str,
        since: float | None = None,
        rows: int = 0,
        state: str | None = None,
        relation: str | None = None,
    ) -> None:
        """Tell of a statement that ran, with its rows and, for an error, its SQLSTATE."""
        if self._observer is not None:
            at = self.clock.monotonic()
            seconds = 0.0 if since is None else at - since
            timed = call.tracker is not None
            self._observer.observe(
                StatementRan(call.id, kind, seconds, rows, state, at=at, relation=relation, timed=timed)
            )

    def alone(self) -> Space:
        """Where a statement by itself reads and writes."""
        return Space(self.committed, self.clock.now(), alone=True)

    def viewed(self, table: Table, space: Space) -> TableState:
        """The rows of a table, or of a view as they are now."""
        if table.relation.kind is not RelationKind.VIEW:
            return space.state(table.name)
        return worked_out(table, RowsByName(self.tables, space, self.viewed), taken_by)

    def shown(self, table: Table, names: tuple[str, ...], relation: Relation) -> Shown:
        """How some of a table's columns are shown to whoever sees it as `relation`; made once."""
        key = (table.name, relation.seen_as, names)
        found = self._shown.get(key)
        if found is None:
            if len(self._shown) >= _SHOWN_AT_MOST:
                self._shown.clear()
            masks = {name: mask for name in names if (mask := relation.by_name[name].mask) is not None}
            found = self._shown[key] = shown_of(table, names, masks, self.mask_key)
        return found

    def _fill(self, specs: Mapping[str, TableSpec], catalogue: Catalogue) -> None:
        """Put the declared rows in; foreign keys are looked at when all are there."""
        space = self.alone()
        for name, state in self.committed.items():
            for place, row in enumerate(specs[name].rows):
                try:
                    self._seed(self.tables[name], row, space)
                except PgmcpError as error:
                    raise error.with_details(table=name, row=place) from error.__cause__
            for at, field in enumerate(state.table.fields):
                if field.column.identity is not None:
                    highest = max((row[at] for row in state.rows.values()), default=0)
                    catalogue.sequences[name, field.column.name].advance(highest)
        for name, state in self.committed.items():
            keep_references(space, self.tables[name], state.rows.values())
        for name, table in self.tables.items():
            if table.relation.kind is RelationKind.MATERIALIZED:
                self.committed[name] = worked_out(table, RowsByName(self.tables, space, self.viewed), taken_by)

    def _seed(self, table: Table, given: Mapping[str, Any], space: Space) -> None:
        unknown = next((name for name in given if name not in table.position), None)
        if unknown is not None:
            raise ValidationError(
                codes.UNKNOWN_COLUMN,
                f"'{table.name}' declares no column '{unknown}'",
                hint=did_you_mean(unknown, table.position),
            )
        row = table.completed(taken_by(table, given, space))
        keep_values(table, row)
        keep_unique(space, table, row)
        space.add(table.name, row)
