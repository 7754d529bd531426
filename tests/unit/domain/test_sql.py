from __future__ import annotations

import pytest

from pgmcp.domain.sql.caret import caret
from pgmcp.domain.sql.lexer import Token, TokenKind, tokens, trimmed
from pgmcp.domain.sql.with_list import main_start
from tests.fixtures.walked import cases


@cases(
    "text, expected",
    [
        pytest.param("SELECT a$b", ["SELECT", "a$b"], id="words"),
        pytest.param("'it''s' x", ["'it''s'", "x"], id="doubled quotes"),
        pytest.param(r"'a\' x", [r"'a\'", "x"], id="backslash in a plain string"),
        pytest.param(r"E'a\'b' x", [r"E'a\'b'", "x"], id="backslash in an escape string"),
        pytest.param("e'a'\n 'b\\'c' x", ["e'a'\n 'b\\'c'", "x"], id="escape string that goes on"),
        pytest.param("e'a' 'b' x", ["e'a'", "'b'", "x"], id="no line break, no continuation"),
        pytest.param("U&'d!0061' UESCAPE '!'", ["U&'d!0061'", "UESCAPE", "'!'"], id="unicode string"),
        pytest.param('U&"a""b" "c;d"', ['U&"a""b"', '"c;d"'], id="identifiers"),
        pytest.param("$$a;'$$ $x$b$$c$x$ d", ["$$a;'$$", "$x$b$$c$x$", "d"], id="dollar quotes"),
        pytest.param("$1+$12", ["$1", "+", "$12"], id="parameters"),
        pytest.param("a /* b /* c */ d */ e -- f\ng", ["a", "e", "g"], id="comments nest"),
        pytest.param("/* a */ /* b /* c */ */ d", ["d"], id="a comment behind a comment"),
        pytest.param("1.5e10 0x1F .5", ["1.5e10", "0x1F", ".", "5"], id="numbers"),
        pytest.param("'open", ["'open"], id="never closed"),
        pytest.param("a /* open", ["a"], id="comment never closed"),
        pytest.param("x$$ y$$", ["x$$", "y$$"], id="dollars in words"),
        pytest.param("größe='ü'", ["größe", "=", "'ü'"], id="other alphabets"),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    """Strings, identifiers and comments are told apart as PostgreSQL does."""
    assert [token.text for token in tokens(text)] == expected


def test_a_token_knows_its_place() -> None:
    """A token says what it is and where it stands."""
    assert list(tokens("a, $1")) == [
        Token(TokenKind.WORD, "a", 0),
        Token(TokenKind.SIGN, ",", 1),
        Token(TokenKind.PARAMETER, "$1", 3),
    ]


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("; ;SELECT 1; SELECT 2", ["SELECT", "1"], id="between semicolons"),
        pytest.param("-- nothing\n;", [], id="nothing"),
        pytest.param("SELECT ';'", ["SELECT", "';'"], id="in a string"),
    ],
)
def test_trimmed(text: str, expected: list[str]) -> None:
    """The first statement stands alone."""
    assert [token.text for token in trimmed(list(tokens(text)))] == expected


@cases(
    "text, main",
    [
        pytest.param("SELECT 1", "SELECT 1", id="no list"),
        pytest.param("WITH a AS (SELECT ')') SELECT 1", "SELECT 1", id="one"),
        pytest.param("WITH a (x, y) AS NOT MATERIALIZED (SELECT 1, 2), b AS (SELECT 3) TABLE a", "TABLE a", id="two"),
        pytest.param("WITH RECURSIVE a AS (SELECT 1) (SELECT 2)", "(SELECT 2)", id="in parentheses"),
        pytest.param("WITH recursive AS (SELECT 1) VALUES (1)", "VALUES (1)", id="a name that is a keyword"),
        pytest.param("WITH insert AS (SELECT 1), delete AS (SELECT 2) SELECT 3", "SELECT 3", id="names like commands"),
        pytest.param(
            "WITH RECURSIVE t(a) AS (SELECT 1) SEARCH DEPTH FIRST BY a, b SET o CYCLE a, b SET c USING p, "
            "u AS (SELECT 2) DELETE FROM x",
            "DELETE FROM x",
            id="search and cycle",
        ),
        pytest.param(
            "WITH RECURSIVE t AS (SELECT 1) CYCLE a SET c TO 'Y' DEFAULT 'N' USING p (SELECT 2)",
            "(SELECT 2)",
            id="cycle with marks",
        ),
        pytest.param(
            "WITH recursive (a) AS (SELECT 1) SELECT 2", "SELECT 2", id="a name that is a keyword, with its columns"
        ),
        pytest.param("WITH recursive", "WITH recursive", id="a list that breaks off behind a word"),
        pytest.param("WITH a", "WITH a", id="a list that breaks off behind a name"),
        pytest.param("WITH", "WITH", id="a list that breaks off at once"),
        pytest.param("WITH a AS", "WITH a AS", id="a list that breaks off before its statement"),
        pytest.param("WITH a AS (SELECT 1", "WITH a AS (SELECT 1", id="a list that is never closed"),
        pytest.param("WITH a AS (SELECT 1)", "WITH a AS (SELECT 1)", id="a list without a statement"),
        pytest.param("WITH a AS (SELECT 1),", "WITH a AS (SELECT 1),", id="a list that ends with a comma"),
        pytest.param(
            "WITH a AS (SELECT 1) SEARCH DEPTH FIRST", "WITH a AS (SELECT 1) SEARCH DEPTH FIRST", id="half a search"
        ),
        pytest.param("", "", id="nothing"),
        pytest.param("WITH a AS (WITH b AS (SELECT 1) SELECT 2) SELECT 3", "SELECT 3", id="nested"),
    ],
)
def test_main_start(text: str, main: str) -> None:
    """The main statement begins behind the last of its common table expressions."""
    assert text[main_start(text) :] == main


@cases(
    "text, position, expected",
    [
        pytest.param("SELEC 1", 1, "SELEC 1\n^", id="start"),
        pytest.param("SELECT\n  1 +\nFROM t", 14, "FROM t\n^", id="third line"),
        pytest.param("SELECT 1 FROM", 14, "SELECT 1 FROM\n             ^", id="behind the end"),
        pytest.param("SELECT\n  1 +\nFROM t", 10, "  1 +\n  ^", id="second line of three"),
        pytest.param("SELECT\n  1 +\nFROM t", 6, "SELECT\n     ^", id="first line of three"),
        pytest.param("\nSELEC 1", 2, "SELEC 1\n^", id="behind an empty line"),
        pytest.param("\nSELECT", 1, "\n^", id="an empty line"),
        pytest.param("SELECT\r\nx", 1, "SELECT \n^", id="a line's end of Windows"),
        pytest.param("a\tb", 3, "a b\n  ^", id="tab"),
        pytest.param("x" * 200, 200, "x" * 80 + "\n" + " " * 79 + "^", id="the end of a long line"),
        pytest.param(
            "x" * 200 + "!" + "y" * 200, 201, "x" * 40 + "!" + "y" * 39 + "\n" + " " * 40 + "^", id="long line"
        ),
    ],
)
def test_caret(text: str, position: int, expected: str) -> None:
    """The line of the place, and a caret below it."""
    assert caret(text, position) == expected
