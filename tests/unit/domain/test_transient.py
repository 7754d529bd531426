"""Which errors pass by themselves."""

from __future__ import annotations

import pytest

from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.errors.codes import Code
from pgmcp.domain.transient import is_transient, is_without_effect
from tests.fixtures.walked import cases


@cases(
    "sqlstate, passes",
    [
        pytest.param("08006", True, id="connection lost"),
        pytest.param("08003", True, id="not connected"),
        pytest.param("08P01", False, id="protocol violated"),
        pytest.param("40001", True, id="serialization failure"),
        pytest.param("40P01", True, id="deadlock"),
        pytest.param("40002", False, id="a constraint at the end"),
        pytest.param("53000", True, id="resources"),
        pytest.param("53100", False, id="disk full"),
        pytest.param("53200", True, id="out of memory"),
        pytest.param("53300", True, id="too many connections"),
        pytest.param("53400", False, id="a configured limit"),
        pytest.param("55P03", False, id="lock not available"),
        pytest.param("57014", False, id="cancelled"),
        pytest.param("57P01", True, id="terminated"),
        pytest.param("57P02", True, id="crashed"),
        pytest.param("57P03", True, id="starting"),
        pytest.param("57P04", False, id="database dropped"),
        pytest.param("57P05", True, id="idle for too long"),
        pytest.param("23505", False, id="unique"),
        pytest.param("25006", False, id="read only"),
    ],
)
def test_by_sqlstate(sqlstate: str, passes: bool) -> None:
    """The class decides, with exceptions by code."""
    assert is_transient(DatabaseError(codes.DATABASE_FAILED, "", sqlstate=sqlstate)) is passes


@pytest.mark.parametrize(
    "code, passes",
    [
        pytest.param(codes.CONNECTION_FAILED, True, id="not reached"),
        pytest.param(codes.BREAKER_OPEN, False, id="left alone"),
        pytest.param(codes.POOL_EXHAUSTED, False, id="has waited"),
        pytest.param(codes.CALL_TIMEOUT, False, id="out of time"),
    ],
)
def test_without_a_word_of_the_server(code: Code, passes: bool) -> None:
    """Only what could not be reached may be reached the next time."""
    assert is_transient(DatabaseError(code, "")) is passes


@pytest.mark.parametrize(
    "details, without",
    [
        ({"outcome": "rolled_back"}, True),
        ({"outcome": "unknown"}, False),
        ({"outcome": "committed"}, False),
        ({}, False),
    ],
)
def test_what_has_no_effect(details: dict[str, str], without: bool) -> None:
    """Only a write that says so."""
    assert is_without_effect(DatabaseError(codes.CONNECTION_LOST, "", details=details)) is without
