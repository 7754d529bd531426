"""QueryBuilder: plans in, statements out."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from pgmcp.adapters.postgres import changing, inserting, selecting
from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.kept import Kept
from pgmcp.adapters.postgres.kept_changes import (
    KeptChange,
    Shape,
    kept_change,
    kept_insert,
    shape_of_delete,
    shape_of_insert,
    shape_of_update,
)
from pgmcp.adapters.postgres.kept_reads import KeptRead, kept_of, shape_of
from pgmcp.adapters.postgres.showing import Shown, shown
from pgmcp.adapters.postgres.wire.dialect import ANY, Dialect
from pgmcp.adapters.postgres.written import Written
from pgmcp.domain.plans import Batch, Delete, Insert, Select, Update
from pgmcp.domain.receipts import Receipt
from pgmcp.domain.relations import Name, Relation
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Statement

_KEPT_SHAPES = 500


class QueryBuilder:
    """Turns plans of tables into statements.

    A statement's text follows from the plan's shape, values are bound beside it. Texts of everyday reads and writes are
    kept, of others their long part: a row's JSON, by relation and columns.
    """

    def __init__(
        self, clock: Clock, mask_key: Callable[[], bytes] = bytes, dialect: Callable[[], Dialect] = lambda: ANY
    ) -> None:
        """Begin with nothing kept.

        Args:
            clock: Tells what has been kept for too long.
            mask_key: Gives the secret behind masks that hash.
            dialect: How the server writes JSON, once one has been met.
        """
        self._mask_key = mask_key
        self._dialect = dialect
        self._reads: Kept[Hashable, KeptRead] = Kept(clock, most=_KEPT_SHAPES)
        self._changes: Kept[Hashable, KeptChange] = Kept(clock, most=_KEPT_SHAPES)
        self._shown: Kept[tuple[Name, str, tuple[str, ...]], tuple[Relation, Shown]] = Kept(clock, most=_KEPT_SHAPES)

    def select(self, plan: Select) -> Written:
        """A read, capped, with the order's keys where they are needed."""
        shape = shape_of(plan)
        kept = None if shape is None else self._reads.get(shape)
        if kept is not None and kept.shown.dialect is self._dialect():
            return kept.bound(plan)
        written = selecting.select(plan, self._shown_of, self._binder(plan.relation))
        if shape is not None and (fresh := kept_of(plan, written)) is not None:
            self._reads.put(shape, fresh)
        return written

    def largest(self, plan: Select) -> Written:
        """The number of the column that takes most of a read's first row."""
        return selecting.largest(plan, self._shown_of, self._binder(plan.relation))

    def heaviest(self, plan: Select) -> Written:
        """The number of the column that holds the largest value of a read's rows."""
        return selecting.heaviest(plan, self._shown_of, self._binder(plan.relation))

    def insert(self, plan: Insert, batch: Batch, receipt: Receipt | None = None) -> Written:
        """A batch of new rows; one alone with its receipt, where there is one."""
        if receipt is not None:
            return inserting.receipted_insert(plan, batch, self._shown_of, self._binder(plan.relation), receipt)
        shape = shape_of_insert(plan, batch)
        if (kept := self._kept_change(shape)) is not None:
            return kept.bound_to(plan, batch)
        written = inserting.insert(plan, batch, self._shown_of, self._binder(plan.relation))
        return self._keep(shape, kept_insert(plan, batch, written), written)

    def update(self, plan: Update, receipt: Receipt | None = None) -> Written:
        """A change of the rows that match, which fails with `changing.PAST_CAP` above its cap."""
        if receipt is not None:
            return changing.update(plan, self._shown_of, self._binder(plan.relation), receipt)
        told = shape_of_update(plan)
        if told is None:
            return changing.update(plan, self._shown_of, self._binder(plan.relation))
        shape, values = told
        if (kept := self._kept_change(shape)) is not None:
            return kept.bound(plan, values)
        written = changing.update(plan, self._shown_of, self._binder(plan.relation))
        return self._keep(shape, kept_change(plan, values, written), written)

    def delete(self, plan: Delete, receipt: Receipt | None = None) -> Written:
        """A removal of the rows that match, which fails with `changing.PAST_CAP` above its cap."""
        if receipt is not None:
            return changing.delete(plan, self._shown_of, self._binder(plan.relation), receipt)
        told = shape_of_delete(plan)
        if told is None:
            return changing.delete(plan, self._shown_of, self._binder(plan.relation))
        shape, values = told
        if (kept := self._kept_change(shape)) is not None:
            return kept.bound(plan, values)
        written = changing.delete(plan, self._shown_of, self._binder(plan.relation))
        return self._keep(shape, kept_change(plan, values, written), written)

    def known(self, plan: Update | Delete, told: Shape | None) -> Statement | None:
        """The statement of a change that gives back its number alone; None where its text is not kept.

        Args:
            plan: The change.
            told: Its shape and values.
        """
        if told is None:
            return None
        shape, values = told
        kept = self._changes.recall(shape)
        # Where rows come back more than their text has to be known.
        return None if kept is None or kept.shown.columns else kept.statement(plan, values)

    def _kept_change(self, shape: Hashable | None) -> KeptChange | None:
        """What is kept of a shape, as this server's JSON has it."""
        kept = None if shape is None else self._changes.recall(shape)
        if kept is None or not kept.shown.columns:
            # Where no row comes back there is no JSON.
            return kept
        return kept if kept.shown.dialect is self._dialect() else None

    def _keep(self, shape: Hashable | None, fresh: KeptChange | None, written: Written) -> Written:
        if shape is not None and fresh is not None:
            self._changes.put(shape, fresh)
        return written

    def _binder(self, relation: Relation) -> Binder:
        return Binder(mask_key=self._mask_key() if relation.seen_as else b"")

    def _shown_of(self, relation: Relation, columns: tuple[str, ...]) -> Shown:
        # Callers see it in as many forms as there are rules for it, and whatever rows they may see.
        key = (relation.name, relation.seen_as, columns)
        stored = relation.whole or relation
        found = self._shown.get(key)
        dialect = self._dialect()
        # Another reading of the catalogue may have found other types behind the same names, or another server.
        if found is None or found[0] is not stored or found[1].dialect is not dialect:
            found = self._shown.put(key, (stored, shown(relation, columns, dialect)))
        return found[1]
