"""The analyser over pgparse, PostgreSQL 17's own grammar as a library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgmcp.adapters.analyser.tokens import parameters_of
from pgmcp.domain.errors import QueryError, ValidationError, codes
from pgmcp.domain.plans import StatementKind
from pgmcp.domain.sql.analysis import Analysis
from pgmcp.domain.sql.caret import caret
from pgmcp.domain.sql.lexer import tokens, trimmed
from pgmcp.domain.sql.with_list import main_start

_SOURCES = frozenset({"RangeSubselect", "RangeFunction", "RangeTableFunc", "JsonTable"})
_CHANGES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


class PgparseAnalyser:
    """Implements `SqlAnalyser`."""

    def analyse(self, text: str) -> Analysis:
        import pgparse  # a compiled library, loaded with the first raw statement

        try:
            tree: list[dict[str, Any]] = pgparse.parse(text)
        except pgparse.PGQueryError as error:
            raise _syntax_error(text, error.message, error.position) from None
        except RecursionError:
            raise ValidationError(
                codes.STATEMENT_TOO_LARGE,
                "The statement is nested too deep to be parsed.",
                hint="Split the expression, or pass lists as array parameters: = ANY ($1).",
                path="query",
            ) from None
        listed = trimmed(list(tokens(text)))
        if not tree or not listed:
            return Analysis(
                statements=len(tree), text="", command="", kind=StatementKind.UTILITY, nodes=frozenset(), writes=False
            )
        return _analysis(tree, text, listed[0].start, listed[-1].end)


def _analysis(tree: list[dict[str, Any]], text: str, start: int, end: int) -> Analysis:
    ((command, statement),) = tree[0]["stmt"].items()
    nodes = frozenset(_nodes(tree[0]["stmt"]))
    whole = text[start:end]
    explained = next(iter(statement["query"]), None) if command == "ExplainStmt" else None
    writes = command in _CHANGES | {"SelectStmt"} and not _CHANGES.isdisjoint(nodes)
    relations, sources = _relations(tree[0]["stmt"])
    return Analysis(
        statements=len(tree),
        text=whole,
        command=command,
        kind=_kind(command, statement, nodes, writes=writes),
        nodes=nodes,
        writes=writes,
        functions=frozenset(_functions(tree[0]["stmt"])),
        types=frozenset(_types(tree[0]["stmt"])),
        relations=relations,
        sources=sources,
        explained=explained,
        parameters=parameters_of(whole),
        main=main_start(whole) if "withClause" in statement else 0,
    )


def _kind(command: str, statement: Mapping[str, Any], nodes: frozenset[str], *, writes: bool) -> StatementKind:
    if command == "SelectStmt" and "IntoClause" not in nodes:
        return StatementKind.RETURNING if writes else StatementKind.ROWS
    if command in _CHANGES:
        return StatementKind.RETURNING if statement.get("returningList") else StatementKind.CHANGE
    return StatementKind.UTILITY


def _nodes(tree: Any) -> Iterator[str]:
    """The kinds of all nodes in a tree; a clause that stands under its own name counts as one too."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
        elif isinstance(node, dict):
            for key, value in node.items():
                if key[0].isupper():
                    yield key
                elif key.endswith("Clause") and isinstance(value, dict):
                    yield key[0].upper() + key[1:]
                left.append(value)


def _functions(tree: Any) -> Iterator[str]:
    """The names of all functions that a tree calls, the last part of each."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
        elif isinstance(node, dict):
            if "funcname" in node:
                yield node["funcname"][-1]["String"]["sval"]
            left += node.values()


def _types(tree: Any) -> Iterator[tuple[str, ...]]:
    """The names of all types that a tree speaks of, and of its functions, as `_name('{}')` is a cast to an array."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
        elif isinstance(node, dict):
            for named in ("names", "funcname"):
                parts = node.get(named)
                if isinstance(parts, list):
                    yield tuple(part["String"]["sval"] for part in parts if "String" in part)
            left += node.values()


def _relations(tree: Any) -> tuple[frozenset[tuple[str, ...]], int]:
    """The names that stand where relations do, but for those that a WITH list gives; and how many sources there are."""
    left = [tree]
    sources = 0
    named: list[tuple[str, ...]] = []
    given: set[tuple[str, ...]] = set()
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
        elif isinstance(node, dict):
            if "ctename" in node:
                given.add((node["ctename"],))
            if "relname" in node and "relpersistence" in node:
                named.append(tuple(node[part] for part in ("schemaname", "relname") if node.get(part)))
            sources += not _SOURCES.isdisjoint(node)
            left += node.values()
    return frozenset(name for name in named if name not in given), sources + len(named)


def _syntax_error(text: str, message: str, position: int) -> QueryError:
    return QueryError(
        codes.SYNTAX_ERROR,
        message,
        hint=caret(text, position),
        position=position or None,
        details={"path": "query"},
    )
