"""Statements without the numbers that their long lists repeat."""

from __future__ import annotations

import pytest

from pgmcp.adapters.analyser.pgparse_ import PgparseAnalyser
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.domain.sql.lexer import tokens
from pgmcp.domain.sql.shortening import shortened
from tests.fixtures.walked import cases

ONES = ", ".join("1" for _ in range(500))


@cases(
    "text, left",
    [
        pytest.param(f"SELECT a IN ({ONES}) AND b", "SELECT a IN (1{more}) AND b", id="a list"),
        pytest.param(f"VALUES {', '.join(['(1, 2)'] * 500)}", f"VALUES {', '.join(['(1, 2)'] * 9)}", id="to the end"),
        pytest.param(
            f"f({', '.join(['-1.5'] * 500)}, x)", f"f({', '.join(['-1.5'] * 9)}, x)", id="signs and fractions"
        ),
        pytest.param(f"f(1{',(1,2)' * 500},(3))", f"f(1{',(1,2)' * 8})", id="rows"),
        pytest.param(f"'{ONES})' = a", "'1{more})' = a", id="in a string, which is no code either"),
        pytest.param(f"SELECT {', '.join(['1e5'] * 500)}, a", f"SELECT {', '.join(['1e5'] * 500)}, a", id="exponents"),
        pytest.param(f"f(1{', 1' * 99}::x, 1.)", f"f(1{', 1' * 8}, 1::x, 1.)", id="a cast at the end"),
        pytest.param(f"f({', '.join(['$1'] * 500)})", f"f({', '.join(['$1'] * 500)})", id="parameters"),
        pytest.param(f"f({', '.join(['a'] * 500)})", f"f({', '.join(['a'] * 500)})", id="names"),
        pytest.param(f"f(1{', 1' * 40})", f"f(1{', 1' * 40})", id="a short list"),
    ],
)
def test_what_is_left(text: str, left: str) -> None:
    """The beginning of each long list of numbers, and everything else; each place is found again."""
    short = shortened(text)
    assert short.text == left.replace("{more}", ", 1" * 8)
    assert all(text[short.whole(at)] == character for at, character in enumerate(short.text))


def test_work_grows_no_faster_than_texts() -> None:
    """Of a list that is never closed, and of one in which every item could end the run, each item is tried once."""
    for piece in ("1, ", "(1, ", "1, (", "(1), ", "- ", ", ", ", (1, 1", "1, 1, 1, x, ", "  ", f"({'1, ' * 60}x), "):
        for end in ("", "1", ")", "x", ", (1"):
            text = "SELECT " + piece * (60_000 // len(piece)) + end
            assert shortened(text).text.startswith("SELECT ")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"SELECT $1 IN ({ONES}) AND set_config('a', 'b', c) = $2", id="a list"),
        pytest.param(f"INSERT INTO t VALUES {', '.join(['(1, 2)'] * 500)} RETURNING $3", id="rows"),
        pytest.param(f"WITH a AS (SELECT ARRAY[{ONES}]) SELECT $1 FROM a, s.b -- {ONES}", id="a WITH list"),
    ],
)
def test_a_shortened_statement_is_analysed_as_the_whole_one(text: str) -> None:
    """Its kind, its functions and relations, and the places of its parameters."""
    found = PgparseAnalyser().analyse(f"/* é */ ; {text};")
    few = PgparseAnalyser().analyse(text.replace(ONES, "1").replace(", ".join(["(1, 2)"] * 500), "(1, 2)"))
    assert found.text == text.partition(" --")[0]
    assert [found.text[at.start :][:2] for at in found.parameters] == [f"${at.number}" for at in found.parameters]
    assert [at.number for at in found.parameters] == [at.number for at in few.parameters]
    assert (found.command, found.nodes, found.functions, found.relations, found.types, found.sources) == (
        few.command,
        few.nodes,
        few.functions,
        few.relations,
        few.types,
        few.sources,
    )
    assert found.text[found.main :][:6] == few.text[few.main :][:6]


def test_a_mistake_behind_a_long_list_has_its_place_in_the_whole_text() -> None:
    """As PostgreSQL counts."""
    text = f"SELECT 1 IN ({ONES}) FROM WHERE"
    with pytest.raises(PgmcpError) as refused:
        PgparseAnalyser().analyse(text)
    assert refused.value.position == text.index("WHERE") + 1


@pytest.mark.parametrize(
    "piece, most",
    [
        pytest.param("a, ", 10_000, id="names"),
        pytest.param("'x', ", 10_000, id="strings"),
        pytest.param("a = 1 AND ", 5_000, id="conditions"),
        pytest.param("; ", 20_000, id="semicolons"),
    ],
)
def test_a_statement_has_so_many_words_at_the_most(piece: str, most: int) -> None:
    """What the parser would hold up everybody for is refused before it."""
    text = "SELECT " + piece * most
    assert sum(1 for _ in tokens(text)) > 20_000
    with pytest.raises(PgmcpError) as refused:
        PgparseAnalyser().analyse(text)
    assert refused.value.code is codes.STATEMENT_TOO_LARGE


def test_what_the_parser_is_quick_with_may_be_long() -> None:
    """A list of numbers counts as its first few."""
    assert PgparseAnalyser().analyse(f"SELECT 1 IN (1{', 1' * 30_000})").command == "SelectStmt"
