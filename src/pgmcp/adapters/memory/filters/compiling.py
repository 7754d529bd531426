"""A filter tree as one function of a row: true, false, or None for unknown."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from pgmcp.adapters.memory.definitions import Row, Table
from pgmcp.adapters.memory.filters.comparing import between, compare, is_, member
from pgmcp.adapters.memory.filters.matching import match_
from pgmcp.adapters.memory.filters.sets import any_element, array, document, network, range_
from pgmcp.adapters.memory.refusals import refuse
from pgmcp.domain.filters.tree import (
    And,
    AnyElement,
    Array,
    Between,
    Compare,
    Filter,
    FullText,
    Is,
    Json,
    Match,
    Member,
    Network,
    Not,
    Or,
    Range,
    Shielded,
    Spatial,
)

Test = Callable[[Row], bool | None]


@frozen
class Compiler:
    """Makes tests of filters over one table.

    Args:
        table: Whose rows will be tested.
    """

    table: Table

    def test(self, tree: Filter) -> Test:  # noqa: C901, PLR0911, PLR0912 -- one line for each kind of condition
        """The function for a tree.

        Raises:
            QueryError: `feature_not_supported` for what only a PostgreSQL can answer, `bad_value` for a bad literal.
        """
        match tree:
            case And(parts):
                return _all([self.test(part) for part in parts])
            case Or(parts):
                return _any([self.test(part) for part in parts])
            case Not(part):
                return _not(self.test(part))
            case Shielded(only, part):
                return _shielded(self.test(only), self.test(part))
            case Compare():
                return compare(tree, self.table)
            case Between():
                return between(tree, self.table)
            case Member():
                return member(tree, self.table)
            case Is():
                return is_(tree, self.table)
            case Match():
                return match_(tree, self.table)
            case Array():
                return array(tree, self.table)
            case AnyElement():
                return any_element(tree, self.table)
            case Range():
                return range_(tree, self.table)
            case Network():
                return network(tree, self.table)
            case Json():
                return document(tree, self.table)
            case Spatial():
                raise refuse("conditions of geometry", tree.shape.at)
            case FullText():
                raise refuse("full-text search", tree.query.at)


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def every(row: Row) -> bool | None:
        result: bool | None = True
        for test in tests:
            held = test(row)
            if held is False:
                return False
            if held is None:
                result = None
        return result

    return every


def _any(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def some(row: Row) -> bool | None:
        result: bool | None = False
        for test in tests:
            held = test(row)
            if held:
                return True
            if held is None:
                result = None
        return result

    return some


def _shielded(only: Test, part: Test) -> Test:
    return lambda row: part(row) if only(row) else False


def _not(test: Test) -> Test:
    def opposite(row: Row) -> bool | None:
        held = test(row)
        return None if held is None else not held

    return opposite
