"""The analysers where pgparse has no wheel, as on Windows: tokens tell less than a tree, so less is let through.

What a statement really does is the resolution layer's to tell, which needs no parser; this one keeps out whatever is
not one query or one plain change, and takes each doubtful word for the worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pgmcp.adapters.analyser.tokens import parameters_of
from pgmcp.domain.errors import SecurityError, codes
from pgmcp.domain.guard.places import explained
from pgmcp.domain.plans import StatementKind
from pgmcp.domain.sql.analysis import Analysis
from pgmcp.domain.sql.lexer import Token, TokenKind, tokens, trimmed
from pgmcp.domain.sql.with_list import main_start

_COMMANDS = {
    "select": "SelectStmt",
    "values": "SelectStmt",
    "table": "SelectStmt",
    "(": "SelectStmt",
    "show": "VariableShowStmt",
    "insert": "InsertStmt",
    "update": "UpdateStmt",
    "delete": "DeleteStmt",
    "merge": "MergeStmt",
    "explain": "ExplainStmt",
}
_CHANGES = ("insert", "update", "delete", "merge")
_STRENGTHS = ("update", "share", "no", "key")
_NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED})
# What stands before a relation's name.
_BEFORE = ("from", "join", "into", "update", "table", "using", "only", ",", "(")


class LexicalAnalyser:
    """Says what a text is by tokens alone."""

    def analyse(self, text: str) -> Analysis:
        listed = trimmed(list(tokens(text)))
        if not listed:
            nothing = StatementKind.UTILITY
            return Analysis(statements=0, text="", command="", kind=nothing, nodes=frozenset(), writes=False)
        whole = text[listed[0].start : listed[-1].end]
        return _analysis(whole, list(tokens(whole)), statements=1 + _others(text, listed[-1]))


class RefusingAnalyser:
    """Refuses raw SQL, where it shall not be run without a parser."""

    def analyse(self, text: str) -> Analysis:
        raise SecurityError(
            codes.STATEMENT_NOT_ALLOWED,
            "raw SQL is not served where no parser is installed",
            hint="Use read_table and the tools for writing; without_parser=tokens serves queries and changes.",
            path="query",
        )


def _analysis(whole: str, listed: Sequence[Token], *, statements: int) -> Analysis:
    main = main_start(whole)
    command = _command(listed, main)
    inner = explained(whole) if command == "ExplainStmt" else None
    judged = listed if inner is None else list(tokens(inner))
    about = None if inner is None else _command(judged, main_start(inner))
    queried = "SelectStmt" in {command, about}
    writes = command in {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"} or any(
        token.says(*_CHANGES) for token in judged
    )
    nodes = {command}
    if queried and any(token.says("into") for token in judged) and not writes:
        nodes.add("IntoClause")
    if any(one.says("for") and other.says(*_STRENGTHS) for one, other in pairwise(judged)):
        nodes.add("LockingClause")
    return Analysis(
        statements=statements,
        text=whole,
        command=command,
        kind=_kind(command, listed, writes=writes),
        nodes=frozenset(nodes),
        writes=writes,
        functions=frozenset(_called(judged)),
        types=frozenset(_typed(judged)),
        relations=frozenset(named := list(_placed(judged))),
        sources=len(named),
        explained=about,
        parameters=parameters_of(listed),
        main=main,
    )


def _command(listed: Sequence[Token], main: int) -> str:
    """The command of PostgreSQL's grammar.

    Raises:
        SecurityError: It is none that tokens are trusted with.
    """
    first = next((token for token in listed if token.start >= main), None)
    command = _COMMANDS.get(first.text.lower()) if first is not None else None
    if command is None:
        raise SecurityError(
            codes.STATEMENT_NOT_ALLOWED,
            "without a parser only queries, INSERT, UPDATE, DELETE, MERGE, SHOW and EXPLAIN of them are run",
            path="query",
        )
    return command


def _kind(command: str, listed: Sequence[Token], *, writes: bool) -> StatementKind:
    if command == "SelectStmt":
        return StatementKind.RETURNING if writes else StatementKind.ROWS
    if command in {"VariableShowStmt", "ExplainStmt"}:
        return StatementKind.UTILITY
    returning = any(token.says("returning") for token in listed)
    return StatementKind.RETURNING if returning else StatementKind.CHANGE


def _others(text: str, last: Token) -> int:
    """How many statements follow the first; what stands behind its semicolon counts as one."""
    return int(any(not token.says(";") for token in tokens(text) if token.start >= last.end))


def _name(token: Token) -> str:
    return token.text[1:-1].replace('""', '"') if token.kind is TokenKind.QUOTED else token.text.lower()


def _called(listed: Sequence[Token]) -> Iterator[str]:
    """Names before a parenthesis."""
    return (_name(one) for one, other in pairwise(listed) if one.kind in _NAMES and other.says("("))


def _typed(listed: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    """Names that may be a type's: each word and quoted name, with a schema before it where there is one."""
    for at, token in enumerate(listed):
        if token.kind in _NAMES:
            qualified = at > 1 and listed[at - 1].says(".") and listed[at - 2].kind in _NAMES
            yield (_name(listed[at - 2]), _name(token)) if qualified else (_name(token),)


def _placed(listed: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    """Names that may be a relation's: those behind a word, or a sign, that one can stand behind."""
    for at, token in enumerate(listed[1:], start=1):
        if token.kind in _NAMES and listed[at - 1].says(*_BEFORE):
            qualified = at + 2 < len(listed) and listed[at + 1].says(".") and listed[at + 2].kind in _NAMES
            yield (_name(token), _name(listed[at + 2])) if qualified else (_name(token),)
