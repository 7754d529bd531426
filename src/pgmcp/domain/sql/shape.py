"""Layers one and two of the guard: the bytes and the shape of a raw statement, judged before any server sees it.

Source: PostgreSQL's grammar (nodes/parsenodes.h); what each rule keeps out was found by trial.
"""

from __future__ import annotations

from pgmcp.domain.errors import QueryError, SecurityError, ValidationError, codes
from pgmcp.domain.plans import Effect
from pgmcp.domain.sql.analysis import Analysis
from pgmcp.domain.sql.functions import refused

MAX_COMMENTS = 200
"""More `/*` than this are refused: lexing nested comments takes quadratic time, which no timeout interrupts."""

MAX_SOURCES = 500
"""More relations, subqueries and functions in FROM clauses are refused: each stands for all the columns that it has."""

READS = frozenset({"SelectStmt", "VariableShowStmt"})
CHANGES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_TRANSACTIONS = "A call is a transaction by itself; begin_transaction holds one open for several, with access write."
# Statements that no access mode lets through: each would leave the transaction, the session or the server's care.
NEVER = {
    "TransactionStmt": _TRANSACTIONS,
    "VariableSetStmt": "Settings are the server's own.",
    "PrepareStmt": "Pass the statement itself, with params.",
    "ExecuteStmt": "Pass the statement itself, with params.",
    "DeallocateStmt": "Pass the statement itself, with params.",
    "DeclareCursorStmt": "Pass the query itself; long results go by pages.",
    "FetchStmt": "Pass the query itself; long results go by pages.",
    "ClosePortalStmt": "Pass the query itself; long results go by pages.",
    "CopyStmt": "Use read_table or create_records.",
    "DoStmt": "Pass the statements one by one.",
    "ListenStmt": "There is no session to hear it.",
    "UnlistenStmt": "There is no session to hear it.",
    "NotifyStmt": "There is no session to send it.",
    "LockStmt": "Locks belong to the statements that need them.",
    "LoadStmt": "Libraries are loaded by an administrator.",
    "DiscardStmt": "Sessions are the server's own.",
    "ConstraintsSetStmt": "Settings are the server's own.",
    "AlterSystemStmt": "Settings are the server's own.",
    "CheckPointStmt": "Maintenance is an administrator's.",
    "AlterRoleStmt": "Roles are an administrator's.",
    "AlterRoleSetStmt": "Roles are an administrator's.",
    "CreateRoleStmt": "Roles are an administrator's.",
    "DropRoleStmt": "Roles are an administrator's.",
    "AlterDatabaseSetStmt": "Settings are the server's own.",
}


def check_bytes(text: str, *, max_bytes: int, path: str = "query") -> None:
    """Refuse what no parser should see.

    Raises:
        ValidationError: NUL, half a surrogate pair, too many bytes or comments.
    """
    if "\0" in text:
        raise ValidationError(
            codes.INVALID_TEXT, "the statement holds NUL", hint="Take out the NUL character.", path=path
        )
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValidationError(
            codes.INVALID_TEXT,
            "the statement holds half of a surrogate pair",
            hint="Send characters beyond U+FFFF as a whole pair.",
            path=path,
        ) from None
    if size > max_bytes:
        raise ValidationError(
            codes.STATEMENT_TOO_LARGE,
            f"the statement has {size} bytes, at most {max_bytes} are taken",
            hint="Pass long values as params, and many rows to create_records.",
            path=path,
        )
    if text.count("/*") > MAX_COMMENTS:
        raise ValidationError(
            codes.STATEMENT_TOO_LARGE,
            f"the statement opens more than {MAX_COMMENTS} comments",
            hint="Take the comments out.",
            path=path,
        )
    if not text.strip():
        raise _no_statement(path)


def effect_of(analysis: Analysis) -> Effect:
    """The effect that a statement has, from its shape alone.

    Raises:
        ValidationError: There is not exactly one statement.
        SecurityError: No access mode lets statements of this kind through.
    """
    if not analysis.statements:
        raise _no_statement("query")
    if analysis.statements > 1:
        raise ValidationError(
            codes.SEVERAL_STATEMENTS,
            f"there are {analysis.statements} statements, exactly one is run",
            hint="Call once for each statement.",
            path="query",
        )
    if analysis.sources > MAX_SOURCES:
        raise ValidationError(
            codes.STATEMENT_TOO_LARGE,
            f"the statement takes rows from {analysis.sources} places, at most {MAX_SOURCES} are taken",
            hint="Split the statement.",
            path="query",
        )
    command = analysis.explained or analysis.command
    if command in NEVER or "IntoClause" in analysis.nodes:
        raise SecurityError(
            codes.STATEMENT_NOT_ALLOWED,
            f"{spoken(command)} is not run here",
            hint=NEVER.get(command, "Use CREATE TABLE … AS, with access admin."),
        )
    for name in sorted(analysis.functions):
        reason = refused(name)
        if reason is not None:
            raise SecurityError(codes.STATEMENT_NOT_ALLOWED, f"{name}() is not called here: {reason}")
    if command in CHANGES or (command == "SelectStmt" and analysis.writes):
        return Effect.UPDATE
    if command in READS:
        return Effect.UPDATE if "LockingClause" in analysis.nodes else Effect.READ
    return Effect.DEFINE


def _no_statement(path: str) -> ValidationError:
    """The refusal of a text of white space, comments and semicolons."""
    return ValidationError(codes.SEVERAL_STATEMENTS, "there is no statement", hint="Give one statement.", path=path)


def spoken(command: str) -> str:
    """A grammar node's name as a person says it.

    >>> spoken("VariableSetStmt"), spoken("CopyStmt")
    ('VARIABLE SET', 'COPY')
    """
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in command.removesuffix("Stmt"))
    return words.strip().upper()


def check_explainable(analysis: Analysis) -> None:
    """Refuse what EXPLAIN doesn't take.

    Raises:
        QueryError: The statement can't be explained, or is an EXPLAIN itself.
    """
    if analysis.command not in CHANGES | {"SelectStmt"}:
        raise QueryError(
            codes.STATEMENT_INVALID,
            f"{spoken(analysis.command)} can't be explained",
            hint="Pass a SELECT, INSERT, UPDATE, DELETE or MERGE, without EXPLAIN before it.",
            details={"path": "query"},
        )
