"""What a caller may know of one relation and do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.policy.rules import Action, TableRule


@frozen(kw_only=True, slots=False)
class Sight:
    """What a caller may know of one relation and do with it.

    Args:
        schema, name: The relation's name.
        actions: What may be done with its rows; nothing: for the caller it isn't there.
        rule: The place of the rule that decided, such as `policy.tables[1]`, or `policy.default`.
        table: The table's rule, if one matched.
        rows: The filter that every row has to pass, attributes put in, as it is written; None for every row.
        missing: An attribute that the filter asks for and the caller doesn't have: then no row may be seen.
    """

    schema: str
    name: str
    actions: frozenset[Action]
    rule: str
    table: TableRule | None = None
    rows: Mapping[str, Any] | None = field(default=None, hash=False)
    missing: str | None = None

    @property
    def known(self) -> bool:
        """Whether the caller may know that it is there."""
        return bool(self.actions)

    @property
    def max_rows(self) -> int | None:
        """Rows of an answer, or of a change, at the most; None for no limit of the rule's own."""
        return self.table.max_rows if self.table is not None else None

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is hidden, masked or filtered, whatever its columns are called."""
        rule = self.table
        return rule is None or not (rule.hide or rule.mask or rule.rows)

    def hides(self, column: str) -> bool:
        """Whether a column is as if it did not exist."""
        return self.table is not None and any(pattern.matches(column) for pattern in self.table.hide)

    def within(self, kin: Sight) -> Sight:
        """What may be known of a partition or a child once the rule about its parent is heard too."""
        if kin.table is None:
            return self
        own = self.table if self.table is not None else evolve(kin.table, hide=(), mask=(), max_rows=None)
        limits = [each for each in (own.max_rows, kin.table.max_rows) if each is not None]
        table = evolve(
            own,
            hide=(*own.hide, *kin.table.hide),
            mask=(*own.mask, *kin.table.mask),
            rows=_both(None if self.table is None else own.rows, kin.table.rows),
            max_rows=min(limits, default=None),
        )
        return evolve(
            self,
            actions=self.actions & kin.actions,
            rule=kin.rule if self.table is None else self.rule,
            table=table,
            rows=_both(self.rows, kin.rows),
            missing=self.missing or kin.missing,
        )

    def mask(self, column: str) -> Mask | None:
        """What a column shows in place of its values; None where it shows them."""
        for pattern, mask in self.table.mask if self.table is not None else ():
            if pattern.matches(column):
                return mask
        return None


def _both(own: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The filter of rows that pass each of two, where there are two."""
    return {"and": [own, other]} if own is not None and other is not None else own if other is None else other
