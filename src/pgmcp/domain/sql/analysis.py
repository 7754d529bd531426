"""What a parser says of a raw statement."""

from __future__ import annotations

from attrs import frozen

from pgmcp.domain.plans import StatementKind


@frozen(kw_only=True)
class Parameter:
    """A place where a statement refers to a parameter: `$number` at character `start` (from 0)."""

    number: int
    start: int


@frozen(kw_only=True)
class Analysis:
    """What a parser says of a text.

    Args:
        statements: How many statements there are.
        text: The first statement alone, without a trailing semicolon, white space or comments around it.
        command: Its kind in PostgreSQL's grammar: `SelectStmt`, `InsertStmt`, `VariableShowStmt`, `CreateStmt`…
        kind: How it can be answered.
        nodes: All kinds of nodes in its tree, for allow-lists: `LockingClause`, `IntoClause`, `CommonTableExpr`…
        writes: Whether it, or a CTE in it, changes rows.
        functions: The names of all functions that it calls by name, without their schemas.
        types: Names of what it makes values of, each with its parts: types, and functions as their names may be types'.
        relations: Names that stand where relations do, each with its parts, but for those of its own WITH lists.
        sources: How many relations, subqueries and functions stand in its FROM clauses.
        explained: The command that an EXPLAIN is about; None otherwise.
        parameters: Where it refers to parameters, in `text`'s characters.
        main: Where the main statement begins in `text` behind its WITH list; 0 where it has none.
    """

    statements: int
    text: str
    command: str
    kind: StatementKind
    nodes: frozenset[str]
    writes: bool
    functions: frozenset[str] = frozenset()
    types: frozenset[tuple[str, ...]] = frozenset()
    relations: frozenset[tuple[str, ...]] = frozenset()
    sources: int = 0
    explained: str | None = None
    parameters: tuple[Parameter, ...] = ()
    main: int = 0
