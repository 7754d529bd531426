"""What the guard of a database is made of."""

from __future__ import annotations

import pytest

from pgmcp.adapters.analyser.lexical import LexicalAnalyser, RefusingAnalyser
from pgmcp.adapters.analyser.pgparse_ import PgparseAnalyser
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap.guard import has_parser, make_analyser, without_parser
from pgmcp.entrypoints.cli.failures import say_no_parser

TOKENS = "pgmcp: no SQL parser is installed: raw SQL is judged by its tokens and by what it resolves to\n"
REFUSED = "pgmcp: no SQL parser is installed: execute_query and explain_query are refused\n"


async def test_the_parser_where_there_is_one() -> None:
    """Whatever the settings say about where there is none."""
    assert has_parser()
    text = "SELECT lower(name) FROM orders WHERE id = $1"
    assert await make_analyser(Settings(without_parser="refuse")).analyse(text) == PgparseAnalyser().analyse(text)


@pytest.mark.parametrize(
    "settings, kind, said",
    [
        pytest.param(Settings(), LexicalAnalyser, TOKENS, id="tokens and resolution"),
        pytest.param(Settings(guard="names"), RefusingAnalyser, REFUSED, id="tokens alone are too little"),
        pytest.param(Settings(without_parser="refuse"), RefusingAnalyser, REFUSED, id="refused"),
    ],
)
def test_what_stands_in_for_it(settings: Settings, kind: type, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the setting, and said at start-up."""
    assert isinstance(without_parser(settings), kind)
    say_no_parser(settings)
    assert capsys.readouterr().err == said
