"""Errors as a caller under a policy may read them."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.domain.errors import Code, DatabaseError, QueryError, codes
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.redacting import redact
from pgmcp.domain.policy.views import EVERYTHING_SEEN, View

RULE = {"match": "public.t", "allow": ["read"], "hide": ["ssn"]}
VIEW = View(policy=parse_policy({"tables": [RULE]}))
NAMED = {"schema": "public", "table": "t", "constraint": "t_a_key", "columns": ["a"], "outcome": "rolled_back"}


@pytest.mark.parametrize(
    "changed, kept",
    [
        pytest.param({}, True, id="all of it is known"),
        pytest.param({"columns": ["a", "ssn"]}, False, id="a hidden column"),
        pytest.param({"constraint": "t_ssn_check"}, False, id="a name that tells"),
        pytest.param({"table": "other"}, False, id="a hidden table"),
    ],
)
def test_objects_that_may_not_be_known_are_taken_out(changed: dict[str, Any], kept: bool) -> None:
    """How the statement ended stays."""
    error = DatabaseError(codes.UNIQUE_VIOLATION, "said", hint="do", sqlstate="23505", details=NAMED | changed)
    redact(error, VIEW)
    if kept:
        assert (error.message, error.hint, error.details) == ("said", "do", NAMED)
    else:
        summary = codes.UNIQUE_VIOLATION.summary
        assert (error.message, str(error), error.hint, error.details) == (
            summary,
            summary,
            None,
            {"outcome": "rolled_back"},
        )


@pytest.mark.parametrize(
    "code, sqlstate, hint, expected",
    [
        pytest.param(codes.RAISED, "P0001", "ssn 1", ("summary", None), id="a trigger's words"),
        pytest.param(codes.PERMISSION_DENIED, "42501", None, ("summary", None), id="what lies behind a view"),
        pytest.param(codes.UNDEFINED_OBJECT, "42703", "Perhaps ssn", ("said", None), id="a guess of the server's"),
        pytest.param(codes.UNDEFINED_OBJECT, "42P01", "Did you mean 't'?", ("said", "Did you mean 't'?"), id="our own"),
    ],
)
def test_words_of_others_are_not_passed_on(
    code: Code, sqlstate: str, hint: str | None, expected: tuple[str, str | None]
) -> None:
    """They may hold values and names."""
    error = QueryError(code, "said", hint=hint, sqlstate=sqlstate)
    redact(error, VIEW)
    message = code.summary if expected[0] == "summary" else "said"
    assert (error.message, error.hint) == (message, expected[1])


def test_without_a_policy_errors_stay_as_they_are() -> None:
    """So do those that no server said."""
    error = DatabaseError(codes.RAISED, "said", hint="do", sqlstate="P0001", details=NAMED)
    redact(error, EVERYTHING_SEEN)
    assert (error.message, error.hint, error.details) == ("said", "do", NAMED)
