"""The analyser over pgparse, PostgreSQL 17's own grammar as a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from pgmcp.adapters.analyser.gathering import gathered
from pgmcp.adapters.analyser.tokens import parameters_of
from pgmcp.domain.errors import QueryError, ValidationError, codes
from pgmcp.domain.plans import StatementKind
from pgmcp.domain.sql.analysis import Analysis
from pgmcp.domain.sql.caret import caret
from pgmcp.domain.sql.lexer import Token, tokens, trimmed
from pgmcp.domain.sql.shortening import shortened
from pgmcp.domain.sql.with_list import behind_list

_CHANGES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


class PgparseAnalyser:
    """Says what a text is by PostgreSQL's grammar.

    Args:
        max_tokens: Words and signs of a statement at the most, long lists of numbers but for their beginning: the
            parser gives nothing else a turn while it works.
    """

    def __init__(self, *, max_tokens: int = 20_000) -> None:
        self._max_tokens = max_tokens

    def analyse(self, text: str) -> Analysis:
        """What the text is; raises as `SqlAnalyser` does."""
        import pgparse  # a compiled library, loaded with the first raw statement

        short = shortened(text)
        all_of_it = list(islice(tokens(short.text), self._max_tokens + 1))
        if len(all_of_it) > self._max_tokens:
            raise _too_large(f"the statement has more than {self._max_tokens} words and signs")
        try:
            tree: list[dict[str, Any]] = pgparse.parse(short.text)
        except pgparse.PGQueryError as error:
            raise _syntax_error(text, error.message, short.whole(error.position - 1) + 1) from None
        except RecursionError:
            raise _too_large("the statement is nested too deep to be parsed") from None
        listed = trimmed(all_of_it)
        if not tree or not listed:
            return Analysis(
                statements=len(tree), text="", command="", kind=StatementKind.UTILITY, nodes=frozenset(), writes=False
            )
        start = short.whole(listed[0].start)
        placed = [Token(token.kind, token.text, short.whole(token.start) - start) for token in listed]
        return _analysis(tree, text[start : short.whole(listed[-1].end - 1) + 1], placed)


def _analysis(tree: list[dict[str, Any]], whole: str, listed: Sequence[Token]) -> Analysis:
    ((command, statement),) = tree[0]["stmt"].items()
    found = gathered(tree[0]["stmt"])
    explained = next(iter(statement["query"]), None) if command == "ExplainStmt" else None
    writes = command in _CHANGES | {"SelectStmt"} and not _CHANGES.isdisjoint(found.nodes)
    return Analysis(
        statements=len(tree),
        text=whole,
        command=command,
        kind=_kind(command, statement, found.nodes, writes=writes),
        nodes=frozenset(found.nodes),
        writes=writes,
        functions=frozenset(found.functions),
        types=frozenset(found.types),
        relations=frozenset(found.relations - found.given),
        sources=found.sources,
        explained=explained,
        parameters=parameters_of(listed),
        main=behind_list(listed) if "withClause" in statement else 0,
    )


def _kind(command: str, statement: Mapping[str, Any], nodes: AbstractSet[str], *, writes: bool) -> StatementKind:
    if command == "SelectStmt" and "IntoClause" not in nodes:
        return StatementKind.RETURNING if writes else StatementKind.ROWS
    if command in _CHANGES:
        return StatementKind.RETURNING if statement.get("returningList") else StatementKind.CHANGE
    return StatementKind.UTILITY


def _too_large(message: str) -> ValidationError:
    return ValidationError(
        codes.STATEMENT_TOO_LARGE,
        message,
        hint="Split the statement, or pass lists as array parameters: = ANY ($1).",
        path="query",
    )


def _syntax_error(text: str, message: str, position: int) -> QueryError:
    return QueryError(
        codes.SYNTAX_ERROR,
        message,
        hint=caret(text, position),
        position=position or None,
        details={"path": "query"},
    )
