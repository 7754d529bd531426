"""The exceptions and the answers that they carry."""

from __future__ import annotations

import pytest

from pgmcp.domain.errors import (
    DatabaseError,
    InternalError,
    NotFoundError,
    PgmcpError,
    QueryError,
    SecurityError,
    TransactionError,
    ValidationError,
    codes,
    responses,
)
from pgmcp.domain.responses import ErrorResponse


@pytest.mark.parametrize(
    "error, type_, response",
    [
        pytest.param(ValidationError, "validation_error", responses.ValidationErrorResponse, id="validation"),
        pytest.param(SecurityError, "security_error", responses.SecurityErrorResponse, id="security"),
        pytest.param(QueryError, "query_error", responses.QueryErrorResponse, id="query"),
        pytest.param(DatabaseError, "database_error", responses.DatabaseErrorResponse, id="database"),
        pytest.param(TransactionError, "transaction_error", responses.TransactionErrorResponse, id="transaction"),
        pytest.param(NotFoundError, "not_found", responses.NotFoundErrorResponse, id="not found"),
        pytest.param(InternalError, "internal_error", responses.InternalErrorResponse, id="internal"),
    ],
)
def test_each_class_has_its_type_and_its_answer(
    error: type[PgmcpError], type_: str, response: type[ErrorResponse]
) -> None:
    """One class for each type of interface.md, under one root."""
    raised = error(codes.INTERNAL, "it failed")
    assert isinstance(raised, PgmcpError)
    assert raised.response == response(
        error={"type": type_, "code": "internal", "message": "it failed", "retry": "never"}
    )


def test_a_document_holds_all_that_is_known() -> None:
    """Every key, in the interface's order."""
    error = QueryError(
        codes.SYNTAX_ERROR,
        "it doesn't parse",
        hint="Look here.",
        path="query",
        sqlstate="42601",
        position=8,
        details={"line": 1},
    )
    assert list(error.document().items()) == [
        ("type", "query_error"),
        ("code", "syntax_error"),
        ("message", "it doesn't parse"),
        ("hint", "Look here."),
        ("retry", "fix_input"),
        ("sqlstate", "42601"),
        ("position", 8),
        ("details", {"path": "query", "line": 1}),
    ]
    assert (str(error), error.retry, error.path) == ("it doesn't parse", "fix_input", "query")


def test_facts_can_be_added_on_the_way_up() -> None:
    """The same error, with what only an outer station knew; what is said later has the last word."""
    error = DatabaseError(codes.LOCK_TIMEOUT, "no lock", details={"a": 1, "b": 1})
    assert error.with_details(b=2, outcome="rolled_back") is error
    assert error.details == {"a": 1, "b": 2, "outcome": "rolled_back"}
    assert (error.path, error.retry) == (None, "later")


def test_details_are_its_own() -> None:
    """Adding to one error changes nothing that it was made of."""
    given = {"a": 1}
    ValidationError(codes.WRONG_TYPE, "no", path="x", details=given).with_details(b=2)
    assert given == {"a": 1}


def test_the_catalogue_has_every_code_by_its_name() -> None:
    """For the reference and the tests."""
    assert codes.catalogue()["unknown_table"] is codes.UNKNOWN_TABLE
    assert all(name == code.name for name, code in codes.catalogue().items())
