"""The analysers without a parser: as the parser says, or stricter."""

from __future__ import annotations

import pytest

from pgmcp.adapters.analyser.lexical import LexicalAnalyser, RefusingAnalyser
from pgmcp.adapters.analyser.pgparse_ import PgparseAnalyser
from pgmcp.domain.errors import PgmcpError, SecurityError
from pgmcp.domain.plans import Effect
from pgmcp.domain.sql.shape import check_bytes, effect_of
from tests.fixtures.guard.attacks import READING
from tests.fixtures.guard.listed import under_policy, without_policy
from tests.fixtures.guard.trapped import MARKER
from tests.fixtures.walked import cases


def test_honest_statements_are_taken_as_the_parser_takes_them() -> None:
    """Text, kind, effect, parameters and the main statement's place are the same, of each of hundreds."""
    for text in (*under_policy(), *without_policy()):
        is_taken_as_the_parser_takes_it(text)


def is_taken_as_the_parser_takes_it(text: str) -> None:
    """By both analysers alike."""
    lexical, parsed = LexicalAnalyser().analyse(text), PgparseAnalyser().analyse(text)
    assert (lexical.text, lexical.command, lexical.kind, lexical.parameters, lexical.main) == (
        parsed.text,
        parsed.command,
        parsed.kind,
        parsed.parameters,
        parsed.main,
    )
    assert effect_of(lexical) is effect_of(parsed) is Effect.READ
    assert parsed.functions >= lexical.functions & parsed.functions
    assert MARKER not in lexical.text


WRONG = [text for name, texts in READING.items() if name not in {"bytes", "no SQL"} for text in texts]


@cases("text", WRONG)
def test_what_the_shape_refuses_the_tokens_refuse(text: str) -> None:
    """Whatever the parser's shape keeps out of a read is kept out by tokens too."""
    try:
        check_bytes(text, max_bytes=65_536)
        parsed = effect_of(PgparseAnalyser().analyse(text))
    except PgmcpError:
        parsed = Effect.DEFINE
    if parsed is Effect.READ:
        return
    try:
        check_bytes(text, max_bytes=65_536)
        lexical = effect_of(LexicalAnalyser().analyse(text))
    except PgmcpError:
        return
    assert lexical is not Effect.READ


@pytest.mark.parametrize(
    "text, effect",
    [
        pytest.param("UPDATE sale SET sum = 1 RETURNING id", Effect.UPDATE, id="update"),
        pytest.param("WITH a AS (SELECT 1) DELETE FROM sale", Effect.UPDATE, id="delete behind WITH"),
        pytest.param("SELECT \"update\", 'delete' FROM sale -- insert", Effect.READ, id="names and texts"),
        pytest.param("(SELECT 1) UNION SELECT 2", Effect.READ, id="in parentheses"),
        pytest.param("EXPLAIN ANALYZE UPDATE sale SET sum = 1", Effect.UPDATE, id="an explain of a write"),
    ],
)
def test_effects(text: str, effect: Effect) -> None:
    """By the main statement's first word, and by every word of a change."""
    assert effect_of(LexicalAnalyser().analyse(text)) is effect


def test_where_nothing_is_served_nothing_is_analysed() -> None:
    """By the setting."""
    with pytest.raises(SecurityError):
        RefusingAnalyser().analyse("SELECT 1")
