"""Statements as others may have spelt them."""

from __future__ import annotations

import pytest

from pgmcp.domain.sql.normalising import normalised
from tests.fixtures.walked import cases

ALIKE = [
    pytest.param("SELECT a, b FROM t WHERE c = 'X  y'", "select a,b from t where c='X  y'", id="words and blanks"),
    pytest.param("select a , b\n\tfrom T\r\nwhere C = 'X  y'", "select a,b from t where c='X  y'", id="line breaks"),
    pytest.param(
        "select a,b from t -- all\nwhere /* of /* c */ */ c = 'X  y'",
        "select a,b from t where c='X  y'",
        id="comments",
    ),
    pytest.param("SELECT count ( * ) FROM t", "select count(*)from t", id="parentheses"),
    pytest.param("SELECT a [ 1 ]", "select a[1]", id="brackets"),
    pytest.param("SELECT a >= 1 , 2 * $1", "select a>=1,2*$1", id="operators"),
]
APART = [
    pytest.param("SELECT 'a'", "SELECT 'A'", id="strings"),
    pytest.param("SELECT 'a b'", "SELECT 'a  b'", id="blanks in a string"),
    pytest.param("SELECT $x$a  b$x$", "SELECT $x$a b$x$", id="blanks in dollars"),
    pytest.param("SELECT E'A\\'  B'", "SELECT E'A\\' B'", id="blanks behind an escaped quote"),
    pytest.param('SELECT "A"', 'SELECT "a"', id="names in quotes"),
    pytest.param("SELECT a < -b", "SELECT a <-b", id="operators"),
    pytest.param("SELECT a = -1", "SELECT a =-1", id="an operator beside another"),
    pytest.param("SELECT a / *", "SELECT a /*", id="another comment's beginning"),
    pytest.param("SELECT a - - b", "SELECT a -- b", id="a comment's beginning"),
    pytest.param("SELECT 1 .5", "SELECT 1.5", id="numbers"),
    pytest.param("SELECT 1", "SELECT 2", id="other values"),
    pytest.param("SELECT $1", "SELECT $2", id="parameters"),
    pytest.param("SELECT 'a'\n'b'", "SELECT 'a' 'b'", id="strings that go on"),
    pytest.param("SELECT \u0130", "SELECT i", id="letters beyond ASCII"),
    pytest.param("SELECT a b", "SELECT ab", id="names"),
    pytest.param("SELECT a\u00a0b", "SELECT a b", id="what is no white space to PostgreSQL"),
]


@pytest.mark.parametrize("text, shared", ALIKE)
def test_alike(text: str, shared: str) -> None:
    """What differs in nothing that PostgreSQL heeds."""
    assert normalised(text) == shared


@cases("one, other", APART)
def test_apart(one: str, other: str) -> None:
    """What may mean something else."""
    assert normalised(one) != normalised(other)
