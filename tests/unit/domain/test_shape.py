"""Bytes and shape of a raw statement."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.domain.errors import QueryError, SecurityError, ValidationError
from pgmcp.domain.plans import Effect, StatementKind
from pgmcp.domain.sql.analysis import Analysis
from pgmcp.domain.sql.shape import MAX_COMMENTS, MAX_SOURCES, NEVER, check_bytes, check_explainable, effect_of, spoken
from tests.fixtures.walked import cases


def analysis(command: str = "SelectStmt", **more: Any) -> Analysis:
    """What a parser says of a statement of that kind."""
    facts: dict[str, Any] = {
        "statements": 1,
        "text": "…",
        "kind": StatementKind.ROWS,
        "nodes": frozenset({command}),
        "writes": False,
    }
    return Analysis(command=command, **(facts | more))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT 1", id="a statement"),
        pytest.param("x" * 100, id="exactly as many bytes as may be"),
        pytest.param("é" * 50, id="bytes, not characters"),
        pytest.param("/*" * 50, id="comments"),
        pytest.param("SELECT '😀'", id="a whole pair"),
    ],
)
def test_bytes_that_pass(text: str) -> None:
    """What a parser may see."""
    check_bytes(text, max_bytes=100)


def test_comments_that_pass() -> None:
    """Exactly as many as may be."""
    check_bytes("/*" * MAX_COMMENTS, max_bytes=65_536)


@pytest.mark.parametrize(
    "text, error",
    [
        pytest.param(
            "SELECT 1\0; DELETE FROM t",
            ("invalid_text", "the statement holds NUL", "Take out the NUL character."),
            id="NUL",
        ),
        pytest.param(
            "SELECT '\ud83d'",
            (
                "invalid_text",
                "the statement holds half of a surrogate pair",
                "Send characters beyond U+FFFF as a whole pair.",
            ),
            id="half of a pair",
        ),
        pytest.param(
            "x" * 1001,
            (
                "statement_too_large",
                "the statement has 1001 bytes, at most 1000 are taken",
                "Pass long values as params, and many rows to create_records.",
            ),
            id="a byte too many",
        ),
        pytest.param(
            "é" * 501,
            (
                "statement_too_large",
                "the statement has 1002 bytes, at most 1000 are taken",
                "Pass long values as params, and many rows to create_records.",
            ),
            id="too many bytes in fewer characters",
        ),
        pytest.param(
            "/*" * 201,
            ("statement_too_large", "the statement opens more than 200 comments", "Take the comments out."),
            id="comments",
        ),
        pytest.param(" \n\t", ("several_statements", "there is no statement", "Give one statement."), id="white space"),
        pytest.param("", ("several_statements", "there is no statement", "Give one statement."), id="nothing"),
    ],
)
def test_bytes_that_no_parser_sees(text: str, error: tuple[str, str, str]) -> None:
    """Which rule, where, and what to do."""
    with pytest.raises(ValidationError) as caught:
        check_bytes(text, max_bytes=1000)
    code, message, hint = error
    assert caught.value.document() == {
        "type": "validation_error",
        "code": code,
        "message": message,
        "hint": hint,
        "retry": "fix_input",
        "details": {"path": "query"},
    }


@cases(
    "found, effect",
    [
        pytest.param(analysis(), Effect.READ, id="a select"),
        pytest.param(analysis("VariableShowStmt"), Effect.READ, id="a show"),
        pytest.param(analysis(writes=True), Effect.UPDATE, id="a select over a CTE that writes"),
        pytest.param(analysis(nodes=frozenset({"LockingClause"})), Effect.UPDATE, id="a select for update"),
        pytest.param(analysis("InsertStmt", writes=True), Effect.UPDATE, id="an insert"),
        pytest.param(analysis("UpdateStmt", writes=True), Effect.UPDATE, id="an update"),
        pytest.param(analysis("DeleteStmt", writes=True), Effect.UPDATE, id="a delete"),
        pytest.param(analysis("MergeStmt", writes=True), Effect.UPDATE, id="a merge"),
        pytest.param(analysis("CallStmt"), Effect.DEFINE, id="a call"),
        pytest.param(analysis("CreateStmt"), Effect.DEFINE, id="a definition"),
        pytest.param(analysis("VacuumStmt"), Effect.DEFINE, id="something nobody here thought of"),
        pytest.param(analysis("ExplainStmt", explained="SelectStmt"), Effect.READ, id="an explain of a select"),
        pytest.param(analysis("ExplainStmt", explained="DeleteStmt"), Effect.UPDATE, id="an explain of a delete"),
    ],
)
def test_effect(found: Analysis, effect: Effect) -> None:
    """What a statement does, from its shape alone."""
    assert effect_of(found) is effect


@pytest.mark.parametrize(
    "number, message, hint",
    [
        pytest.param(0, "there is no statement", "Give one statement.", id="comments alone"),
        pytest.param(2, "there are 2 statements, exactly one is run", "Call once for each statement.", id="two"),
    ],
)
def test_exactly_one_statement(number: int, message: str, hint: str) -> None:
    """Neither none nor two."""
    with pytest.raises(ValidationError) as caught:
        effect_of(analysis(statements=number))
    assert caught.value.document() == {
        "type": "validation_error",
        "code": "several_statements",
        "message": message,
        "hint": hint,
        "retry": "fix_input",
        "details": {"path": "query"},
    }


@pytest.mark.parametrize("command", [pytest.param(command, id=command) for command in NEVER])
@pytest.mark.parametrize("explained", [pytest.param(False, id="itself"), pytest.param(True, id="explained")])
def test_never(command: str, explained: bool) -> None:
    """No access mode lets them through, behind EXPLAIN neither; the hint says what does instead."""
    found = analysis("ExplainStmt", explained=command) if explained else analysis(command)
    with pytest.raises(SecurityError) as caught:
        effect_of(found)
    assert caught.value.document() == {
        "type": "security_error",
        "code": "statement_not_allowed",
        "message": f"{spoken(command)} is not run here",
        "hint": NEVER[command],
        "retry": "never",
    }


def test_select_into_is_a_table_in_disguise() -> None:
    """SELECT … INTO makes a table, whatever it looks like."""
    with pytest.raises(SecurityError) as caught:
        effect_of(analysis(nodes=frozenset({"SelectStmt", "IntoClause"})))
    assert (caught.value.code.name, caught.value.message, caught.value.hint) == (
        "statement_not_allowed",
        "SELECT is not run here",
        "Use CREATE TABLE … AS, with access admin.",
    )


@pytest.mark.parametrize(
    "command",
    [pytest.param(each, id=each) for each in ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")],
)
def test_what_explain_takes(command: str) -> None:
    """Whatever has a plan."""
    check_explainable(analysis(command))


@pytest.mark.parametrize(
    "command, said",
    [
        pytest.param("ExplainStmt", "EXPLAIN", id="an explain"),
        pytest.param("VariableShowStmt", "VARIABLE SHOW", id="a show"),
        pytest.param("CreateStmt", "CREATE", id="a definition"),
    ],
)
def test_what_explain_doesn_t_take(command: str, said: str) -> None:
    """What has none."""
    with pytest.raises(QueryError) as caught:
        check_explainable(analysis(command))
    assert caught.value.document() == {
        "type": "query_error",
        "code": "statement_invalid",
        "message": f"{said} can't be explained",
        "hint": "Pass a SELECT, INSERT, UPDATE, DELETE or MERGE, without EXPLAIN before it.",
        "retry": "fix_input",
        "details": {"path": "query"},
    }


def test_a_function_that_is_not_called_here() -> None:
    """Named with the reason, the first by its name."""
    with pytest.raises(SecurityError) as caught:
        effect_of(analysis(functions=frozenset({"set_config", "pg_sleep", "pg_advisory_lock", "lower"})))
    assert caught.value.document() == {
        "type": "security_error",
        "code": "statement_not_allowed",
        "message": "pg_advisory_lock() is not called here: it reaches other sessions",
        "retry": "never",
    }


def test_more_sources_than_are_taken() -> None:
    """Each stands for all the columns that it has, which the bytes of the text don't tell."""
    effect_of(analysis(sources=MAX_SOURCES))
    with pytest.raises(ValidationError) as caught:
        effect_of(analysis(sources=MAX_SOURCES + 1))
    assert caught.value.code.name == "statement_too_large"
