"""Text patterns as functions of a row."""

from __future__ import annotations

from collections.abc import Callable

from pgmcp.adapters.memory.definitions import Row, Table
from pgmcp.adapters.memory.filters.casing import casing_of
from pgmcp.adapters.memory.filters.likes import ends_with, like, starts_with
from pgmcp.adapters.memory.filters.operands import text_reader
from pgmcp.adapters.memory.filters.regex import regex
from pgmcp.domain.filters.tree import Match, Pattern


def match_(tree: Match, table: Table) -> Callable[[Row], bool | None]:
    """A text pattern. LIKE and regular expressions see the blanks that pad a `char(n)`, the others don't."""
    pattern, path = tree.value.text, tree.value.at
    fold = casing_of(tree.operand) if tree.fold else None
    match tree.pattern:
        case Pattern.LIKE:
            test = like(pattern, fold=fold, path=path)
        case Pattern.MATCH:
            test = regex(pattern, fold=fold, path=path)
        case Pattern.STARTS_WITH:
            test = starts_with(pattern, fold=fold)
        case Pattern.ENDS_WITH:
            test = ends_with(pattern, fold=fold)
    read = text_reader(tree.operand, table, padded=tree.pattern in {Pattern.LIKE, Pattern.MATCH}, path=path)
    return lambda row: None if (text := read(row)) is None else test(text)
