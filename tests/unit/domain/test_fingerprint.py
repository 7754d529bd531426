"""A statement with its values taken out."""

from __future__ import annotations

import pytest

from pgmcp.domain.sql.fingerprint import fingerprint, without_values
from tests.fixtures.walked import cases


@cases(
    "text, bare",
    [
        pytest.param("SELECT 1", "select ?", id="a number"),
        pytest.param("SELECT -1.5e-7", "select - ? - ?", id="a signed one"),
        pytest.param("SELECT 'hunter2'", "select ?", id="a string"),
        pytest.param("SELECT 'it''s' 'x'", "select ? ?", id="quotes within"),
        pytest.param(r"SELECT E'a\'hunter2'", "select ?", id="an escape string"),
        pytest.param("SELECT $$hunter2$$, $a$ $$ hunter2 $a$", "select ?", id="dollar quotes"),
        pytest.param("SELECT U&'hunter2' UESCAPE '!', x'ff', B'1'", "select ? uescape ?", id="other strings"),
        pytest.param('SELECT * FROM t WHERE name = "hunter2"', 'select * from t where name = "?"', id="double quotes"),
        pytest.param("SELECT 1 -- hunter2\n/* hunter2 /* */ */", "select ?", id="comments"),
        pytest.param(
            "SELECT a FROM t WHERE b = $1 AND c > $2", "select a from t where b = $ and c > $", id="parameters"
        ),
        pytest.param("SELECT a FROM t WHERE b IN (1,2,3)", "select a from t where b in ( ? )", id="a list"),
        pytest.param("INSERT INTO t VALUES (1,'a'),(2,'b')", "insert into t values ( ? )", id="rows"),
        pytest.param("SELECT 'never closed", "select ?", id="a string that is not closed"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_values_are_taken_out(text: str, bare: str) -> None:
    """Whatever stands in quotes, numbers and comments is gone; words and signs stay."""
    assert without_values(text) == bare


def test_a_long_one_is_cut() -> None:
    """A line of the audit has an end."""
    assert len(without_values("select a" + " + a" * 1_000)) == 2_001


def test_one_form_has_one_fingerprint() -> None:
    """Values and white space make no difference, a name does."""
    first, second, third = (
        fingerprint(without_values(text)) for text in ("SELECT 1 FROM t", "select  'x'\nFROM T", "SELECT 1 FROM u")
    )
    assert first == second != third
    assert len(first) == 16
